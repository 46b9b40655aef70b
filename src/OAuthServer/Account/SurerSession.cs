using OAuthServer.Grants;
using OAuthServer.Html;
using OAuthServer.Protocol;
using OAuthServer.Stores.Users;
using OAuthServer.Users;

namespace OAuthServer.Account;

/// <summary>A session whose person has just added, and so proven, a second factor: it goes on under a new id as aal2.</summary>
internal static class SurerSession
{
    /// <summary>SHA-256 of the new id, for forms; null: it is over.</summary>
    /// <param name="methods">What was proven, for apps (RFC 8176).</param>
    public static async Task<byte[]?> StartAsync(
        Sessions sessions, Cookies cookies, HttpContext http, SessionRow session, string[] methods, RequestContext context)
    {
        var person = new Authenticated
        {
            Subject = session.Subject,
            Username = session.Username,
            How = "a second factor was added",
            Acr = "aal2",
            Amr = [.. session.Amr.Concat(methods).Distinct()],
            Idp = session.Idp,
            AuthenticatedAt = session.AuthenticatedAt,
            Continues = true,
            Confirms = session.ConfirmedAt is not null,
            Remember = session.Remembered,
        };
        if (await sessions.StartAsync(person, cookies.Session(http), http.Request.Headers.UserAgent.ToString(), context) is not { } started)
            return null;
        cookies.SetSession(http, started);
        return OpaqueToken.Hash(started.Id);
    }
}
