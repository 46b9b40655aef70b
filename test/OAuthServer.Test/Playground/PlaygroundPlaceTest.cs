using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Test.Html;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Playground;

/// <summary>Where the playground is, and where it is not.</summary>
public sealed class PlaygroundPlaceTest : ServerFixture
{
    [OneTimeSetUp]
    public Task SeedAsync() => PageTourFixture.SeedAsync(Server);

    [Test]
    public async Task The_server_listens_where_it_is_told_to_and_keeps_the_issuers_name()
    {
        await using var twin = await Server.StartSecondInstanceAsync();

        (await new PageTourFixture(twin).DoAsync("machine"))
            .Should().Contain("200 OK").And.Contain($"Host: {Server.Settings.IssuerAuthority}");
    }

    [Test]
    public async Task The_playground_works_below_a_path()
    {
        await using var server = await TestServer.StartAsync(settings => settings with { Issuer = settings.Issuer + "/tenant" });
        await PageTourFixture.SeedAsync(server);
        var walker = new PageTourFixture(server);

        (await walker.DoAsync("machine")).Should().Contain("200 OK");
        (await walker.SignInAndAllowAsync()).Should().Contain("\"refresh_token\": ");
    }

    [Test]
    public async Task The_issuers_own_address_leads_to_it_or_where_there_is_none_to_ones_own_apps()
    {
        await using var below = await TestServer.StartAsync(settings => settings with { Issuer = settings.Issuer + "/tenant" });
        await using var elsewhere =
            await TestServer.StartAsync(settings => settings with { Development = false, Issuer = settings.Issuer + "/tenant" });
        await using var production = await TestServer.StartAsync(settings => settings with { Development = false });

        (await LocationAsync(Server, "/")).Should().Be(Server.Issuer + Paths.Playground);
        (await LocationAsync(production, "/")).Should().Be(production.Issuer + Paths.ConnectedApps);
        foreach (var path in new[] { "/tenant", "/tenant/" })
        {
            (await LocationAsync(below, path)).Should().Be(below.Issuer + Paths.Playground);
            (await LocationAsync(elsewhere, path)).Should().Be(elsewhere.Issuer + Paths.ConnectedApps);
        }

        (await below.NewBrowser().GetAsync("/")).Status.Should().Be(404, "the rest of the host is not ours");

        static async Task<string?> LocationAsync(TestServer server, string path)
        {
            var reply = await server.NewBrowser().GetAsync(path);
            reply.Status.Should().Be(303);
            return reply.Location;
        }
    }

    [Test]
    public async Task Without_the_demo_world_it_says_how_to_get_it()
    {
        await using var server = await TestServer.StartAsync();

        var page = await server.NewBrowser().GetAsync("/playground?step=refresh");

        page.Should().BeAPage(200);
        page.Body.Should().Contain("make run").And.Contain("oauth-server seed demo").And.NotContain("<form");
    }

    [Test]
    public async Task The_playground_is_nowhere_outside_Development_on_this_computer()
    {
        (Server.Settings.HasPlayground, (Server.Settings with { Listen = "http://0.0.0.0:8080" }).HasPlayground)
            .Should().Be((true, false), "the whole network would come in");
        foreach (var change in new Func<Settings, Settings>[]
        {
            settings => settings with { Development = false },
            settings => settings with { Listen = settings.Issuer, Issuer = "https://auth.example.com" },
        })
        {
            await using var server = await TestServer.StartAsync(change);
            await PageTourFixture.SeedAsync(server);
            var browser = server.NewBrowser();

            foreach (var reply in new[] { await browser.GetAsync("/playground"), await browser.GetAsync("/playground?step=machine"),
                await browser.PostAsync("/playground", [new("step", "over")]), await browser.GetAsync("/callback?code=a") })
                reply.Status.Should().Be(404);
        }
    }
}
