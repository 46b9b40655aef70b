using System.Text.Json.Nodes;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec.OpenId;

/// <summary>A person who is signed in in a browser, and an app that may send them here to sign out.</summary>
public abstract class EndSessionFixture : OpenIdFixture
{
    /// <summary>Where every app of these tests may send people afterwards.</summary>
    protected const string Onward = "https://rp.example/signed-out";

    /// <summary>Somebody signs in.</summary>
    protected async Task<SignedIn> SignInAsync(TestClient? app = null, Browser? browser = null)
    {
        var alice = await Server.UserAsync();
        browser ??= Server.NewBrowser();
        app ??= await AppAsync();
        await browser.SignInAsync(alice);
        var sid = await Server.ScalarAsync<Guid>("select sid from sessions where subject = @Subject", alice);
        return new SignedIn(alice, app, browser, sid);
    }

    /// <summary>An app with an address to go on to.</summary>
    protected async Task<TestClient> AppAsync(string onward = Onward)
    {
        var app = await Server.PublicClientAsync();
        await Server.ExecuteAsync("update clients set post_logout_redirect_uris = array[@onward] where client_id = @id",
            new { onward, id = app.Id });
        return app;
    }

    /// <summary>The id_token the app gets of that sign-in.</summary>
    protected static async Task<string> IdTokenAsync(SignedIn one) =>
        (await one.App.TokensAsync(one.Person, one.Browser, Asks("openid"))).IdToken!;

    /// <summary>One that says what a test wants, an hour too old.</summary>
    protected string Hint(SignedIn one, Action<JsonObject>? change = null, string type = "JWT")
    {
        var payload = Server.IdTokenOf(one.Person.Subject, one.App.Id, one.Sid);
        change?.Invoke(payload);
        return Server.Sign(type, payload);
    }

    /// <summary>The app sends the browser here.</summary>
    protected static Task<Reply> AskAsync(SignedIn one, params (string Name, string? Value)[] parameters) =>
        one.Browser.GetAsync($"{Paths.EndSession}?{Query(parameters)}");

    protected static string Query(params (string Name, string? Value)[] parameters) => string.Join('&',
        parameters.Where(pair => pair.Value is not null).Select(pair => $"{pair.Name}={Uri.EscapeDataString(pair.Value!)}"));

    protected sealed record SignedIn(Person Person, TestClient App, Browser Browser, Guid Sid);
}
