using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Federation;
using OAuthServer.Keys;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec.Federation;

/// <summary>Companies in the administration: added, given their secret, tested, disabled, deleted; identities on people's pages.</summary>
[Behaviour(73, 79, 84)]
public sealed class ProviderAdminTest : FederationFixture
{
    private async Task<Browser> OliviaAsync()
    {
        var browser = Server.NewBrowser();
        await browser.SignInAsync(await browser.FollowAsync(Paths.Admin), await Server.UserAsync("olivia", "admin"));
        return browser;
    }

    [Test]
    public async Task A_company_is_added_given_its_secret_and_tested()
    {
        var (company, olivia) = (Elsewhere.NewCompany(), await OliviaAsync());
        (await olivia.GetAsync(Paths.AdminProviders)).Body.Should().Contain("No companies yet");

        var added = await olivia.SubmitToAsync(Paths.AdminProvider, await olivia.FollowAsync(Paths.AdminProvider), ("id", "acme"),
            ("label", "Acme & Söhne"), ("issuer", company.Issuer), ("client_id", Company.ClientId),
                ("email_domains", "acme.example a.example"),
            ("role_map", """{"groups": {"ops": "admin"}}"""), ("trust_email", "yes"));
        added.Location.Should().Be($"{Server.Issuer}/admin/provider?id=acme&done=saved");
        var page = await olivia.FollowAsync(added, "");
        page.Reply.Should().BeAPage(200);
        page.Reply.Body.Should().Contain($"{Server.Issuer}/federation/acme/callback").And.Contain("There is no secret yet");
        (await Server.NewBrowser().GetAsync(Paths.Login)).Body.Should().NotContain("Acme");
        (await olivia.GetAsync(Paths.Admin)).Body.Should().Contain("Companies nobody can sign in at").And.Contain("its secret is missing");

        await olivia.SubmitToAsync(Paths.AdminProviderSecret, page, ("secret", "a wrong one"));
        var wrong = await olivia.SubmitToAsync(Paths.AdminProviderTest, page);
        wrong.Body.Should().Contain("refused this server&#x27;s credentials: invalid_client").And.NotContain("a wrong one");
        await olivia.SubmitToAsync(Paths.AdminProviderSecret, page, ("secret", Company.Secret));
        var right = await olivia.SubmitToAsync(Paths.AdminProviderTest, page);
        right.Should().BeAPage(200);
        right.Body.Should().Contain("client authentication (client_secret_basic): not refused").And.Contain("Offered");
        await HeardAsync("acme");
        (await Server.NewBrowser().GetAsync(Paths.Login)).Body.Should().Contain("Continue with <bdi>Acme &amp; Söhne</bdi>");
        var box = await Server.ScalarAsync<byte[]>("select secret_sealed from identity_providers where id = 'acme'");
        ProviderSecrets.Open(box, Server.Get<KeyEncryption>()).Should().Be(Company.Secret);
        System.Text.Encoding.UTF8.GetString(box).Should().NotContain(Company.Secret);
    }

    [Test]
    public async Task What_is_wrong_is_said_beside_its_field_and_nothing_is_written()
    {
        var olivia = await OliviaAsync();

        var reply = await olivia.SubmitToAsync(Paths.AdminProvider, await olivia.FollowAsync(Paths.AdminProvider), ("id", "Acme!"),
            ("label", ""),
            ("issuer", "https://login.microsoftonline.com/common/v2.0"), ("client_id", "x"), ("claim_map", "{"), ("position", "first"),
            ("provisioning", "create"));

        reply.Should().BeAPage(400);
        foreach (var (field, words) in new[] { ("id", "This is no id of a provider"), ("label", "1 to 60 characters"),
            ("issuer", "of all tenants at once"), ("claim_map", "This is no JSON."), ("position", "Write a whole number."),
            ("allowed_claims", "would get an account") })
            reply.Page.QuerySelector($"#{field}-problem")!.TextContent.Should().Contain(words);
        (await Server.ScalarAsync<long>("select count(*) from identity_providers")).Should().Be(0);
    }

    [Test]
    public async Task Somebody_else_was_faster()
    {
        var (_, id) = await CompanyAsync();
        var olivia = await OliviaAsync();
        var page = await olivia.FollowAsync($"{Paths.AdminProvider}?id={id}");
        await Server.ExecuteAsync("update identity_providers set label = 'Another' where id = @id", new { id });

        var reply = await olivia.SubmitToAsync(Paths.AdminProvider, page, ("label", "Mine"));

        reply.Should().BeAPage(409);
        reply.Body.Should().Contain("Another").And.Contain("Mine");
        (await olivia.SubmitToAsync(Paths.AdminProvider, new Landing(page.Url, reply), ("label", "Mine"))).Status.Should().Be(303);
        (await Server.ScalarAsync<string>("select label from identity_providers where id = @id", new { id })).Should().Be("Mine");
    }

    [TestCase("sessions", 1), TestCase("access", 0)]
    public async Task Disabling_says_what_ends_and_does_it(string ends, int grants)
    {
        var (company, id) = await CompanyAsync();
        var (alice, browser, client, olivia) =
            (await Server.UserAsync(), Server.NewBrowser(), await Server.PublicClientAsync(), await OliviaAsync());
        await LinkAsync(company, alice);
        await ComeAsync(browser, company, id);
        await client.TokensAsync(alice, browser);

        var confirm = await olivia.FollowAsync($"{Paths.AdminProviderState}?id={id}&ends={ends}");
        confirm.Reply.Page.Body!.TextContent.Should().Contain("Sessions that began there: 1").And.Contain("Live grants allowed in them: 1")
            .And.Contain($"on_disable = '{ends}'");
        await olivia.SubmitToAsync(Paths.AdminProviderState, confirm);

        (await browser.IsSignedInAsync()).Should().BeFalse();
        (await Server.ScalarAsync<long>("select count(*) from grants where subject = @Subject and ended_at is null", alice))
            .Should().Be(grants);
        await olivia.SubmitToAsync(Paths.AdminProviderState, await olivia.FollowAsync($"{Paths.AdminProvider}?id={id}"));
        (await Server.ScalarAsync<bool>("select enabled from identity_providers where id = @id", new { id })).Should().BeTrue();
    }

    [Test]
    public async Task Deleting_asks_with_the_count_of_identities()
    {
        var (company, id) = await CompanyAsync();
        await LinkAsync(company, await Server.UserAsync());
        var olivia = await OliviaAsync();

        var confirm = await olivia.FollowAsync($"{Paths.AdminProviderDelete}?id={id}");
        confirm.Reply.Page.Body!.TextContent.Should().Contain("Identities of its issuer: 1");
        (await olivia.SubmitToAsync(Paths.AdminProviderDelete, confirm)).Location
            .Should().Be($"{Server.Issuer}/admin/providers?done=deleted");

        (await Server.ScalarAsync<long>("select count(*) from identity_providers where id = @id", new { id })).Should().Be(0);
        (await olivia.GetAsync($"{Paths.AdminProvider}?id={id}")).Status.Should().Be(404);
    }

    [Test]
    public async Task An_administrator_links_and_unlinks_a_person()
    {
        var (company, id) = await CompanyAsync();
        var (alice, bob, olivia) = (await Server.UserAsync(), await Server.UserAsync("bob"), await OliviaAsync());
        var page = $"{Paths.AdminUser}?subject={alice.Subject}";

        await olivia.SubmitToAsync(Paths.AdminUserIdentity, await olivia.FollowAsync(page), ("provider", id), ("sub", company.Sub));
        (await ComeAsync(Server.NewBrowser(), company, id)).Status.Should().Be(303);
        var taken = await olivia.SubmitToAsync(Paths.AdminUserIdentity,
            await olivia.FollowAsync($"{Paths.AdminUser}?subject={bob.Subject}"),
            ("provider", id), ("sub", company.Sub));
        (await olivia.FollowAsync(taken, "")).Reply.Body.Should().Contain("That identity is linked to another user.");
        var link = (await olivia.FollowAsync(page)).Reply.Page.QuerySelector($"a[href*='{Paths.AdminUserUnlink}']")!.GetAttribute("href")!;
        var confirm = await olivia.FollowAsync(link);
        confirm.Reply.Page.Body!.TextContent.Should().Contain("Sessions that began there: 1").And.Contain("delete from identities where");
        await olivia.SubmitToAsync(Paths.AdminUserUnlink, confirm);

        (await Server.ScalarAsync<long>("select count(*) from identities where subject = @Subject", alice)).Should().Be(0);
        (await Server.ScalarAsync<long>("select count(*) from sessions where subject = @Subject", alice))
            .Should().Be(0, "who came by it is signed out");
        (await Server.QueryAsync<string>("select detail from audit_events where event = 'identity' and subject = @subject order by at",
            new { subject = alice.Subject.ToString() })).Select(detail => detail.Split(' ')[0]).Should().Equal("linked", "unlinked");
    }

    [Test, Behaviour(83)]
    public async Task A_company_that_refuses_our_credentials_is_on_the_dashboard_until_somebody_comes()
    {
        var (company, id) = await CompanyAsync("auth_method = 'client_secret_post'");
        await LinkAsync(company, await Server.UserAsync());
        var (olivia, browser) = (await OliviaAsync(), Server.NewBrowser());
        await ComeAsync(browser, company, id);

        (await olivia.GetAsync(Paths.Admin)).Body
            .Should().Contain("Companies nobody can sign in at").And.Contain("refused this server&#x27;s credentials");
        await Server.ExecuteAsync("update identity_providers set auth_method = 'client_secret_basic' where id = @id", new { id });
        await HeardAsync(id);
        (await ComeAsync(browser, company, id)).Status.Should().Be(303);
        (await olivia.GetAsync(Paths.Admin)).Body.Should().NotContain("Companies nobody can sign in at");
    }

    [Test]
    public async Task Nobody_but_administrators_finds_any_of_it()
    {
        var (_, id) = await CompanyAsync();
        var browser = Server.NewBrowser();
        await browser.SignInAsync(await Server.UserAsync());

        foreach (var path in new[] { Paths.AdminProviders, $"{Paths.AdminProvider}?id={id}", $"{Paths.AdminProviderState}?id={id}",
            $"{Paths.AdminProviderDelete}?id={id}" })
            (await browser.GetAsync(path)).Status.Should().Be(404);
        (await browser.PostAsync(Paths.AdminProviderDelete, [KeyValuePair.Create("id", id)])).Status.Should().Be(404);
    }
}
