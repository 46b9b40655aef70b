using OAuthServer.Html;
using OAuthServer.Http;
using OAuthServer.Stores.Users;

namespace OAuthServer.Authorization.Federation;

/// <summary>
/// Without the password form and with one company there is nothing to choose: whoever comes with an app's request goes straight there.
/// Not after an error or a sign-out, which have no such request, nor to choose an account.
/// </summary>
public sealed class StraightOn(Departures departures, FederationRefusals refusals, Cookies cookies)
{
    /// <summary>Whether the browser was sent there, or told why not.</summary>
    /// <param name="session">Who is signed in; null: nobody.</param>
    public async Task<bool> GoesAsync(HttpContext http, Waiting then, SessionRow? session)
    {
        if (then is not { Request: { } request, Offers: { HasPassword: false, Providers: [var only] } } || http.IsHead()) return false;
        // Who came from there a moment ago and is not the one the app means would come from there again.
        if (request.Prompt.Contains("select_account") || then.IsForAnother) return false;
        var departure = Departures.For(request, only, cookies.KeepBrowser(http), session?.IdHash, null);
        if (await departures.BeginAsync(http, only, departure) is { } refused)
            await refusals.AtSignInAsync(http, only, refused, request, null);
        return true;
    }
}
