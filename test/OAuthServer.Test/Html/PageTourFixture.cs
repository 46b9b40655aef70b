using System.Net;
using FluentAssertions;
using OAuthServer.Cli;
using OAuthServer.Protocol;
using OAuthServer.Stores.Postgres;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Html;

/// <summary>Somebody at the playground, without scripts; every page on the way must be a page.</summary>
public sealed class PageTourFixture(TestServer server)
{
    private static readonly Person Alice = new("alice", Guid.Empty);

    public Browser Browser { get; } = server.NewBrowser();

    /// <summary>Every address this browser was at or sent to.</summary>
    public List<string> Urls { get; } = [];

    private string Home => server.Settings.IssuerPath + Paths.Playground;

    /// <summary>The demo world, as `oauth-server seed demo` brings it.</summary>
    public static async Task SeedAsync(TestServer server)
    {
        await using var database = new OAuthServer.Stores.Postgres.Database(server.Settings.Database);
        await new Seeds(database).RunAsync(Migrations.Read("seed/demo.sql"), CommandContext.Actor, CancellationToken.None);
    }

    public async Task<string> ReadAsync(string path)
    {
        var page = await Browser.GetAsync(path);
        Urls.Add(path);
        page.Should().BeAPage(200);
        return WebUtility.HtmlDecode(page.Body);
    }

    /// <summary>Presses a step's own button, and reads where that leads.</summary>
    public async Task<string> DoAsync(string stage)
    {
        await ReadAsync($"{Home}?step={stage}");
        return await PostAsync(stage);
    }

    /// <summary>Posts a step whether or not it has a button.</summary>
    public async Task<string> PostAsync(string stage)
    {
        var reply = await SubmitAsync(stage);
        reply.Status.Should().Be(303);
        return await ReadAsync(reply.Location![new Uri(server.Issuer).GetLeftPart(UriPartial.Authority).Length..]);
    }

    public async Task<Reply> SubmitAsync(string stage)
    {
        var form = Browser.Form.On((await Browser.GetAsync($"{Home}?step=machine")).Body, null, null)!;
        return await Browser.PostAsync(form.Action, form.Fields.Where(field => field.Key != "step").Append(new("step", stage)));
    }

    /// <summary>Leaves for /authorize; the state.</summary>
    public async Task<string> LeaveAsync() => Parameters.OfQuery(new Uri((await SubmitAsync("person")).Location!).Query)["state"]!;

    public async Task<string> SignInAndAllowAsync(string decision = "allow", params (string, string?)[] changes)
    {
        await ReadAsync($"{Home}?step=person");
        var left = await SubmitAsync("person");
        Urls.Add(left.Location!);
        var login = await Browser.FollowAsync(left, Home);
        login.Is(Paths.Login).Should().BeTrue(login.ToString());
        var consent = await Browser.SignInAsync(login, Alice, "alice-demo-password");
        Urls.AddRange(login.Url, consent.Url);
        consent.Is(Paths.Consent).Should().BeTrue(consent.ToString());
        var back = await Browser.SubmitAsync(consent, "decision", decision, changes);
        Urls.Add(back.Location!);
        back.Location.Should().StartWith(new Uri(server.Issuer).GetLeftPart(UriPartial.Authority) + "/callback?");
        var result = await Browser.GetAsync(back.Location!);
        Urls.Add(result.Location!);
        result.Location.Should().Be($"{server.Issuer}/playground?step=person");
        return await ReadAsync($"{Home}?step=person");
    }
}
