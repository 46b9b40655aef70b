using OAuthServer.Protocol;

namespace OAuthServer.Test.Html;

/// <summary>What somebody sees who is asked by an app, and who looks after what they allowed.</summary>
public static class PersonWalk
{
    private const string Everything = "notes:read notes:write notes:delete offline_access";

    public static IReadOnlyList<Stop> Stops { get; } =
    [
        new("sign in", Who.Nobody, Paths.Login, one => one.AskedByAsync(one.World.App)),
        new("sign in, nobody asked", Who.Nobody, Paths.Login, one => one.OpenAsync(Paths.Login)),
        new("sign in, hinted", Who.Nobody, Paths.Login, one => one.AskedByAsync(one.World.Stranger, ("login_hint", "alice@example.com"))),
        new("sign in, wrong password", Who.Nobody, Paths.Login, async one =>
        {
            await one.AskedByAsync(one.World.App);
            await one.SignInAsync("somebody", "not the password");
        }, 401),
        new("sign in, too often", Who.Nobody, Paths.Login, async one =>
        {
            await one.MistypeTooOftenAsync();
            await one.AskedByAsync(one.World.App);
            // One try comes back every three seconds, which walking here may take.
            for (var tries = 0; tries < 5 && one.Status != 429; tries++) await one.SignInAsync("somebody", "not the password");
        }, 429),
        new("connected apps, none yet", Who.Alice, Paths.ConnectedApps, one => one.OpenAsync(Paths.ConnectedApps)),
        new("consent", Who.Alice, Paths.Consent, one => one.AskedByAsync(one.World.App, ("scope", Everything))),
        new("consent, a stranger on this computer", Who.Alice, Paths.Consent, one => one.AskedByAsync(one.World.Stranger, ("scope", "notes:read notes:delete"))),
        new("consent, an app known by its document", Who.Alice, Paths.Consent, one => one.AskedByAsync(one.World.Document, ("scope", Everything))),
        new("consent, only reading", Who.Alice, Paths.Consent, async one =>
        {
            await one.AskedByAsync(one.World.App, ("scope", Everything));
            await one.PressAsync("a[href*='only=read']");
        }),
        new("consent, more than last time", Who.Alice, Paths.Consent, async one =>
        {
            await one.AskedByAsync(one.World.Stranger);
            await one.PressAsync("button[value=allow]");
            await one.AskedByAsync(one.World.Stranger, ("scope", Everything));
        }),
        new("consent, nothing chosen", Who.Mallory, Paths.Consent, async one =>
        {
            await one.AskedByAsync(one.World.App);
            foreach (var box in await one.Page.Locator("input[type=checkbox]").AllAsync()) await box.UncheckAsync();
            await one.PressAsync("button[value=allow]");
        }, 400),
        new("switch account", Who.Alice, Paths.Login, async one =>
        {
            await one.AskedByAsync(one.World.App);
            await one.PressAsync("a[href*=switch]");
        }),
        new("connected apps, one", Who.Alice, Paths.ConnectedApps, async one =>
        {
            await one.ConnectAsync(Everything);
            await one.OpenAsync(Paths.ConnectedApps);
        }),
        new("connected apps, all to be revoked", Who.Alice, Paths.RevokeAll, async one =>
        {
            await one.ConnectAsync(Everything);
            await one.OpenAsync(Paths.RevokeAll);
        }),
        new("connected apps, one revoked", Who.Alice, Paths.ConnectedApps, async one =>
        {
            await one.ConnectAsync("notes:read");
            await one.OpenAsync(Paths.ConnectedApps);
            await one.PressAsync("button[name=grant]");
        }),
        new("connected apps, one unfolded", Who.Alice, Paths.ConnectedApps, async one =>
        {
            await one.ConnectAsync(Everything);
            await one.OpenAsync(Paths.ConnectedApps);
            await one.Page.Locator("main summary").First.ClickAsync();
        }),
        new("security", Who.Alice, Paths.Sessions, one => one.OpenAsync(Paths.Sessions)),
        new("sign out everywhere", Who.Alice, Paths.SignOutEverywhere, async one =>
        {
            await one.OpenAsync(Paths.Sessions);
            await one.PressAsync($"main a[href$='{Paths.SignOutEverywhere}']");
        }),
        new("password", Who.Alice, Paths.Password, one => one.OpenAsync(Paths.Password)),
        new("password, the old one wrong", Who.Mallory, Paths.Password, async one =>
        {
            await one.OpenAsync(Paths.Password);
            foreach (var field in await one.Page.Locator("main input[type=password]").AllAsync()) await field.FillAsync("not the old password");
            await one.PressAsync("main form button");
        }, 400),
        new("sign out", Who.Alice, Paths.Logout, async one =>
        {
            await one.OpenAsync(Paths.ConnectedApps);
            await one.PressAsync($"a[href$='{Paths.Logout}']");
        }),
        new("signed out", Who.Mallory, Paths.Logout, async one =>
        {
            await one.OpenAsync(Paths.Logout);
            await one.PressAsync("main button");
        }),
        new("error codes", Who.Nobody, Paths.Errors, one => one.OpenAsync(Paths.Errors)),
        new("error, unknown app", Who.Nobody, Paths.Authorize, one => one.OpenAsync($"{Paths.Authorize}?client_id=nobody"), 400),
        new("error, with a way back", Who.Alice, Paths.Authorize, one => one.AskedByAsync(one.World.Stranger, ("scope", "bogus")), 400),
        new("error, a request long gone", Who.Alice, Paths.Consent, one => one.OpenAsync($"{Paths.Consent}?request=gone"), 400),
        new("no such page", Who.Nobody, "/nowhere", one => one.OpenAsync("/nowhere"), 404),
    ];
}
