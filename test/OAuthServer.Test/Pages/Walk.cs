using OAuthServer.Protocol;

namespace OAuthServer.Test.Pages;

/// <summary>Who walks. All but nobody have signed in at /login before.</summary>
public enum Who
{
    Nobody,
    Alice,
    Mallory,

    /// <summary>The administrator.</summary>
    Olivia,
}

/// <summary>A page, and how a person comes to it.</summary>
/// <param name="Path">Where the walk ends, without the query.</param>
/// <param name="Walk">Opens, types and presses; see <see cref="Visitor"/>.</param>
/// <param name="Status">With which answer it ends.</param>
public sealed record Stop(string Name, Who Who, string Path, Func<Visitor, Task> Walk, int Status = 200)
{
    public override string ToString() => Name;
}

/// <summary>Every page there is. A line here, and all tests of pages are about it.</summary>
public static class Walk
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
        new("signed in", Who.Alice, Paths.Login, one => one.OpenAsync(Paths.Login)),
        new("consent", Who.Alice, Paths.Consent, one => one.AskedByAsync(one.World.App, ("scope", Everything))),
        new("consent, a stranger on this computer", Who.Alice, Paths.Consent, one => one.AskedByAsync(one.World.Stranger, ("scope", "notes:read notes:delete"))),
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
        new("sign out", Who.Alice, Paths.Logout, async one =>
        {
            await one.OpenAsync(Paths.Login);
            await one.PressAsync($"a[href$='{Paths.Logout}']");
        }),
        new("signed out", Who.Olivia, Paths.Logout, async one =>
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
