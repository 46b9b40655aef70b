using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec.Federation;

/// <summary>"Continue with Company", and back, signed in.</summary>
[Behaviour(75)]
public sealed class CompanySignInTest : FederationFixture
{
    [Test]
    public async Task A_linked_person_comes_back_signed_in()
    {
        var (company, id) = await CompanyAsync();
        var (alice, browser) = (await Server.UserAsync(), Server.NewBrowser());
        await LinkAsync(company, alice);

        var reply = await ComeAsync(browser, company, id);

        (reply.Status, reply.Location).Should().Be((303, $"{Server.Issuer}/connected-apps"));
        (await WhoAsync(browser)).Should().Be(alice.Subject);
        var row = (await Server.AuditAsync(reply)).Should().ContainSingle(one => one.Event == "sign-in").Subject;
        (row.Outcome, row.Detail, row.Subject).Should().Be(("ok", $"federation:{id}", alice.Subject.ToString()));
        (await Server.QueryAsync<string>("select idp from sessions where subject = @Subject", alice)).Should().Equal(id);
    }

    [Test, Rfc(9700, "2.1.1")]
    public async Task The_provider_is_asked_with_everything_that_ties_the_answer_to_this_browser()
    {
        var (company, id) = await CompanyAsync("""extra_params = '{"domain_hint": "example.com"}'""");
        var browser = Server.NewBrowser();

        var url = await StartAsync(browser, id);

        company.SignIn(url);
        var sent = company.LastAsked;
        sent["redirect_uri"].Should().Be($"{Server.Issuer}/federation/{id}/callback", "its own (mix-up)");
        sent["scope"].Should().Be("openid profile email");
        (sent["state"]!.Length, sent["nonce"]!.Length, sent["code_challenge"]!.Length).Should().Be((43, 43, 43));
        sent["domain_hint"].Should().Be("example.com");
        (sent["prompt"], sent["max_age"]).Should().Be((null, null));
        var row = (await Server.QueryAsync<Stored>("select encode(state_hash, 'hex') as state, nonce, sealed, purpose from federation_requests where provider = @id",
            new { id })).Should().ContainSingle().Subject;
        row.State.Should().Be(Convert.ToHexStringLower(OAuthServer.Grants.OpaqueToken.Hash(sent["state"]!)));
        (row.Nonce, row.Purpose).Should().Be((sent["nonce"]!, "sign-in"));
    }

    [Test]
    public async Task An_app_that_waits_gets_its_code()
    {
        var (company, id) = await CompanyAsync();
        var (alice, client, browser) = (await Server.UserAsync(), await Server.ConfidentialClientAsync(), Server.NewBrowser());
        await LinkAsync(company, alice);
        var verifier = TestClient.NewVerifier();
        var login = await browser.FollowAsync("/authorize?" + client.AuthorizeQuery(verifier, ("scope", "openid notes:read"),
            ("login_hint", "alice@up.example"), ("ui_locales", "en")));

        var reply = await browser.GetAsync(company.SignIn(await StartAsync(browser, id, login)));

        company.LastAsked["login_hint"].Should().Be("alice@up.example");
        company.LastAsked["ui_locales"].Should().Be("en");
        var consent = await browser.FollowAsync(reply, "");
        consent.Is(Paths.Consent).Should().BeTrue(consent.ToString());
        var allowed = await browser.FollowAsync(await browser.SubmitAsync(consent, "decision", "allow"), consent.Url);
        var tokens = await client.RedeemAsync(new Code(allowed.Parameters["code"]!, verifier, client.Redirect));
        var token = Jwt.Read(tokens.IdToken!);
        token["sub"].Should().Be(alice.Subject.ToString());
        token["acr"].Should().Be("aal1");
        (await Server.QueryAsync<string>("select idp from grants where subject = @Subject", alice)).Should().Equal(id);
    }

    [Test]
    public async Task A_way_back_is_used_once()
    {
        var (company, id) = await CompanyAsync();
        var (alice, browser) = (await Server.UserAsync(), Server.NewBrowser());
        await LinkAsync(company, alice);
        var back = company.SignIn(await StartAsync(browser, id));

        (await browser.GetAsync(back)).Status.Should().Be(303);
        var again = await browser.GetAsync(back);

        again.Should().BeAnErrorPage("invalid_request", 400,
            "This sign-in was not started in this browser, or took too long. Start again.");
        company.Requests.Count(path => path == "/token").Should().Be(1);
    }

    [Test]
    public async Task After_ten_minutes_it_is_over()
    {
        var (company, id) = await CompanyAsync();
        var browser = Server.NewBrowser();
        var back = company.SignIn(await StartAsync(browser, id));

        await Server.ExecuteAsync("update federation_requests set expires_at = now() where provider = @id", new { id });

        (await browser.GetAsync(back)).Should().BeAnErrorPage("invalid_request", 400, "took too long");
    }

    [Test]
    public async Task A_browser_has_five_ways_open_and_one_more_takes_the_place_of_the_oldest()
    {
        var (company, id) = await CompanyAsync();
        var (alice, browser) = (await Server.UserAsync(), Server.NewBrowser());
        await LinkAsync(company, alice);
        var ways = new List<string>();
        for (var i = 0; i < 6; i++) ways.Add(company.SignIn(await StartAsync(browser, id)));

        (await Server.ScalarAsync<long>("select count(*) from federation_requests where provider = @id", new { id })).Should().Be(5);
        (await browser.GetAsync(ways[0])).Status.Should().Be(400);
        (await browser.GetAsync(ways[1])).Status.Should().Be(303);
    }

    private sealed record Stored
    {
        public required string State { get; init; }
        public required string Nonce { get; init; }
        public required byte[] Sealed { get; init; }
        public required string Purpose { get; init; }
    }
}
