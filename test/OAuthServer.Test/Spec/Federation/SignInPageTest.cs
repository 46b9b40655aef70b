using System.Text.Json.Nodes;
using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec.Federation;

/// <summary>What the sign-in page offers, and what it does not.</summary>
[Behaviour(74, 82)]
public sealed class SignInPageTest : FederationFixture
{
    private readonly FakeInternet outside = new();

    protected override void Register(IServiceCollection services) => services.AddSingleton(outside.Network);

    [OneTimeSetUp]
    public void Name() => outside.Name("localhost", "127.0.0.1");

    private static IEnumerable<string> Buttons(Landing page) =>
        page.Reply.Page.QuerySelectorAll("form[action*=federation] button").Select(button => button.TextContent.Trim());

    [Test]
    public async Task A_hint_in_a_domain_puts_that_company_first()
    {
        var (_, first) = await CompanyAsync();
        var (_, second) = await CompanyAsync("email_domains = '{second.example}'");
        await OfferedAsync(first);
        await OfferedAsync(second);
        var client = await Server.PublicClientAsync();

        Buttons(await AskAsync(null)).Should().Equal($"Continue with Acme {first}", $"Continue with Acme {second}");
        Buttons(await AskAsync("ada@second.example")).Should().Equal($"Continue with Acme {second}", $"Continue with Acme {first}");
        Buttons(await AskAsync("second.example")).Should().StartWith($"Continue with Acme {first}", "no address");

        Task<Landing> AskAsync(string? hint) => Server.NewBrowser().FollowAsync(
            "/authorize?" + client.AuthorizeQuery(TestClient.NewVerifier(), ("login_hint", hint)));
    }

    [Test, Case("UP-137")]
    public async Task A_document_of_another_issuer_or_keys_on_an_inner_address_send_nobody_anywhere()
    {
        outside.Name("internal.test", "10.0.0.5");
        foreach (var lie in new Action<JsonObject>[]
        {
            document => document["issuer"] = document["issuer"] + "/",
            document => document["jwks_uri"] = "https://internal.test/jwks",
            document => document["jwks_uri"] = "http://up.example/jwks",
            document => document["token_endpoint"] = "file:///etc/passwd",
            document => document["authorization_endpoint"] = "javascript:alert(1)",
        })
        {
            var (company, id) = await CompanyAsync();
            company.Document = lie;
            var (browser, client) = (Server.NewBrowser(), await Server.PublicClientAsync());
            var login = await browser.FollowAsync("/authorize?" + client.AuthorizeQuery(TestClient.NewVerifier()));
            Buttons(login).Should().BeEmpty("the button is hidden");
            var form = Browser.Form.To(login.Reply.Body, Paths.Login)!;

            var reply = await browser.PostAsync($"{Paths.Federation}/{id}", form.Fields);

            await RefusedAsync(browser, reply, 502, "cannot be reached.");
            Buttons(new Landing("", reply)).Should().Equal("Try again");
            await ForgetAsync();
        }

        outside.Connections.Should().NotContain(place => place.Address.ToString() == "10.0.0.5");
        outside.Lookups.Should().Contain("internal.test");
    }

    [Test]
    public async Task One_that_cannot_be_reached_is_hidden_until_it_can()
    {
        var (company, id) = await CompanyAsync();
        var away = true;
        company.Instead = (http, _) =>
        {
            if (away) http.Response.StatusCode = 503;
            return Task.FromResult(away);
        };

        Buttons(await Server.NewBrowser().FollowAsync(Paths.Login)).Should().BeEmpty();
        (await Server.QueryAsync<string>("select failure from key_sets where uri like @issuer || '%'", new { issuer = company.Issuer }))
            .Should().Equal("its host answered 503");
        away = false;
        Server.Clock.Travel(TimeSpan.FromSeconds(11));
        await Eventually.BecomesTrueAsync(async () =>
            Buttons(await Server.NewBrowser().FollowAsync(Paths.Login)).SequenceEqual([$"Continue with Acme {id}"]));
    }

    [Test]
    public async Task The_last_good_document_and_keys_serve_a_day_while_the_host_is_away()
    {
        var (company, id) = await CompanyAsync();
        await LinkAsync(company, await Server.UserAsync());
        (await ComeAsync(Server.NewBrowser(), company, id)).Status.Should().Be(303);
        company.Instead = (http, path) =>
        {
            if (path != "/token") http.Response.StatusCode = 503;
            return Task.FromResult(path != "/token");
        };
        await Server.ExecuteAsync("update key_sets set fresh_until = now() - interval '23 hours'");

        (await ComeAsync(Server.NewBrowser(), company, id)).Status.Should().Be(303);
        await Server.ExecuteAsync("update key_sets set fresh_until = now() - interval '25 hours'");
        Buttons(await Server.NewBrowser().FollowAsync(Paths.Login)).Should().BeEmpty();
    }

    [Test]
    public async Task A_new_key_is_fetched_once_a_minute()
    {
        var (company, id) = await CompanyAsync();
        company.MaxAge = 3600;
        await LinkAsync(company, await Server.UserAsync());
        (await ComeAsync(Server.NewBrowser(), company, id)).Status.Should().Be(303);
        company.Keys["k2"] = System.Security.Cryptography.RSA.Create(2048);
        company.Kid = "k2";

        (await ComeAsync(Server.NewBrowser(), company, id)).Status.Should().Be(303);
        company.Kid = "k1";
        company.Header = header => header["kid"] = "nobody's";
        for (var i = 0; i < 3; i++) (await ComeAsync(Server.NewBrowser(), company, id)).Status.Should().Be(400);

        company.Requests.Count(path => path == "/jwks").Should().Be(2, "the first, and the one for k2");
    }

    [Test]
    public async Task Freshness_is_between_a_minute_and_an_hour()
    {
        foreach (var (said, kept) in new[] { (0, 60.0), (600, 600), (86_400, 3600) })
        {
            var (company, id) = await CompanyAsync();
            company.MaxAge = said;
            await OfferedAsync(id);
            (await Server.QueryAsync<double>("select extract(epoch from fresh_until - fetched_at)::float8 from key_sets where uri like @issuer || '/%'",
                new { issuer = company.Issuer })).Should().HaveCount(2).And.OnlyContain(seconds => seconds == kept);
            await ForgetAsync();
        }
    }

    [Test]
    public async Task A_person_signs_in_by_a_verified_address()
    {
        var (alice, address) = (await Server.UserAsync(), $"{Guid.NewGuid():N}@example.com");
        await Server.ExecuteAsync("update users set email = @address where subject = @Subject", new { address, alice.Subject });

        (await Server.NewBrowser().SignInAsync(alice with { Username = address })).Reply.Status.Should().Be(401, "not verified");
        await Server.ExecuteAsync("update users set email_verified_at = now() where subject = @Subject", alice);
        (await Server.NewBrowser().SignInAsync(alice with { Username = address.ToUpperInvariant() })).Is(Paths.ConnectedApps)
            .Should().BeTrue();
        var mallory = await Server.UserAsync("mallory");
        await Server.ExecuteAsync("update users set username = @address where subject = @Subject", new { address, mallory.Subject });
        var browser = Server.NewBrowser();
        await browser.SignInAsync(mallory with { Username = address });
        (await WhoAsync(browser)).Should().Be(mallory.Subject, "a user name comes first");
    }
}
