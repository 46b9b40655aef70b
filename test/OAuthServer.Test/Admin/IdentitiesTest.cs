using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Admin;

/// <summary>The list of identities: found, paged, unlinked with what ends said first.</summary>
[Behaviour(46, 79)]
public sealed class IdentitiesTest : AdminFixture
{
    [Test]
    public async Task An_identity_is_found_by_issuer_by_person_and_by_a_part_of_what_it_is_called()
    {
        var ((_, browser), alice, bob) = (await OliviaAsync(), await Server.UserAsync(), await Server.UserAsync("bob"));
        var (one, other) = (NewIssuer(), NewIssuer());
        await LinkAsync(one, "acme", "Zm9v-ALICE", alice);
        await LinkAsync(one, "", "someone-else", bob);
        await LinkAsync(other, "", "zm9v-at-other", bob);

        var all = await ListAsync($"issuer={Uri.EscapeDataString(one)}");
        all.Body.Should().Contain("Zm9v-ALICE").And.Contain("someone-else").And.NotContain("zm9v-at-other").And.Contain("acme")
            .And.Contain(alice.Username).And.Contain($"{Paths.AdminUser}?subject={alice.Subject}").And.Contain("sql:");
        (await ListAsync($"person={Uri.EscapeDataString(bob.Username)}")).Body.Should().Contain("someone-else").And.Contain("zm9v-at-other")
            .And.NotContain("Zm9v-ALICE");
        (await ListAsync("q=M9v-")).Body.Should().Contain("Zm9v-ALICE").And.Contain("zm9v-at-other").And.NotContain("someone-else");
        (await ListAsync($"q=zm&issuer={Uri.EscapeDataString(one)}")).Body.Should().Contain("Zm9v-ALICE").And.NotContain("zm9v-at-other");
        (await ListAsync("person=nobody-is-called-so")).Body.Should().Contain("No results");
        (await ListAsync("after=~~~")).Should().BeAPage(200);
        (await browser.GetAsync($"{Paths.AdminUser}?subject={alice.Subject}")).Body.Should()
            .Contain($"{Paths.AdminTrustIdentities}?issuer={Uri.EscapeDataString(one)}");

        Task<Reply> ListAsync(string query) => browser.GetAsync($"{Paths.AdminTrustIdentities}?{query}");
    }

    [Test]
    public async Task Fifty_stand_on_a_page_whatever_their_names_hold()
    {
        var ((_, browser), alice, issuer) = (await OliviaAsync(), await Server.UserAsync(), NewIssuer());
        await Server.ExecuteAsync(
            """
            insert into identities (issuer, tenant, sub, subject)
            select @issuer, case when i % 2 = 0 then '' else 'a b&c' end, 'sub ' || lpad(i::text, 3, '0') || ' %&+', @Subject
              from generate_series(1, 120) i
            """, new { issuer, alice.Subject });

        var (seen, url) = (new List<string>(), $"{Paths.AdminTrustIdentities}?issuer={Uri.EscapeDataString(issuer)}");
        Reply page;
        do
        {
            page = await browser.GetAsync(url);
            seen.AddRange(Subs(page));
            url = page.Page.QuerySelector("a[rel=next]")?.GetAttribute("href") ?? "";
        }
        while (url.Length > 0);

        seen.Should().HaveCount(120).And.OnlyHaveUniqueItems();
        page.Body.Should().Contain("Total: 120");
        var before = await browser.GetAsync(page.Page.QuerySelector("a[rel=prev]")!.GetAttribute("href")!);
        Subs(before).Should().Equal(seen[50..100]);

        static IEnumerable<string> Subs(Reply page) => page.Page.QuerySelectorAll("tbody th").Select(cell => cell.TextContent.Trim());
    }

    [Test]
    public async Task Unlinking_says_what_ends_and_ends_it()
    {
        var ((olivia, browser), alice, issuer) = (await OliviaAsync(), await Server.UserAsync(), NewIssuer());
        var app = await Server.ConfidentialClientAsync();
        await Server.ExecuteAsync("insert into trusted_issuers (issuer, kind, name) values (@issuer, 'people', 'Acme')", new { issuer });
        await Server.ExecuteAsync("update users set password_hash = null where subject = @Subject", alice);
        await LinkAsync(issuer, "", "ext-1", alice);
        await Server.ExecuteAsync(
            """
            insert into grants (id, kind, issuer, client_id, subject, fingerprint, scope, resources, offline, created_at, activated_at,
                                expires_at)
            values (gen_random_uuid(), 'id-jag', @issuer, @Id, @Subject, sha256(@Subject::text::bytea), '{notes:read}', array[@Notes],
                    false, now(), now(), now() + interval '10 minutes')
            """, new { issuer, app.Id, alice.Subject, Cast.Notes });

        var list = await browser.GetAsync($"{Paths.AdminTrustIdentities}?q=ext-1");
        var confirm = await browser.GetAsync(
            list.Page.QuerySelector($"a[href*='{Paths.AdminUserUnlink}']")!.GetAttribute("href")!);
        confirm.Page.Body!.TextContent.Should().Contain("Live grants that stand on its assertions: 1")
            .And.Contain("Sessions that began there: 0").And.Contain("They have no other way to sign in.")
            .And.Contain($"delete from identities where issuer = '{issuer}' and tenant = '' and sub = 'ext-1';");
        (await Server.ScalarAsync<long>("select count(*) from identities where issuer = @issuer", new { issuer })).Should().Be(1);
        var done = await SendAsync(browser, confirm, Paths.AdminUserUnlink);

        done.Location.Should().EndWith($"{Paths.AdminTrustIdentities}?done=unlinked");
        (await browser.GetAsync(done.Location!)).Body.Should().Contain("Unlinked. What stood on it has ended.");
        (await Server.ScalarAsync<string>("select ended_reason from grants where issuer = @issuer", new { issuer }))
            .Should().Be("identity_unlinked");
        (await ActsAsync(done)).Should().ContainSingle().Which.Should()
            .Be($"admin:{olivia.Username} unlinked issuer={issuer} sub=ext-1");
        (await SendAsync(browser, confirm, Paths.AdminUserUnlink)).Status.Should().Be(404, "it is gone already");
    }

    private static string NewIssuer() => $"https://{Guid.NewGuid():N}.example";

    private Task LinkAsync(string issuer, string tenant, string sub, Person person) => Server.ExecuteAsync(
        "insert into identities (issuer, tenant, sub, subject) values (@issuer, @tenant, @sub, @Subject)",
        new { issuer, tenant, sub, person.Subject });
}
