using System.Text.Json;
using OAuthServer.Audit;
using OAuthServer.Factors;
using OAuthServer.Html;
using OAuthServer.Http;
using OAuthServer.Limits;
using OAuthServer.Protocol;

namespace OAuthServer.Authorization.SecondFactor;

/// <summary>
/// /login/passkey: JSON of the sign-in page's script. What to sign is the same for everybody (WebAuthn L3 §14.6.2); who signed is found by
/// the passkey.
/// </summary>
public sealed class PasskeySignInEndpoint(
    Passkeys passkeys, PendingRequests requests, Entry entry, Cookies cookies, Forms forms, AuditLog audit,
    Settings settings) : IDisposable
{
    /// <summary>Octets of a passkey's answer; more is 413.</summary>
    public const int MostBytes = 16 * 1024;

    private readonly AddressLimit limit = new(settings.PasskeyOptionsPerMinute, "challenges of passkeys");

    /// <summary>POST /login/passkey/options.</summary>
    public async Task OptionsAsync(HttpContext http)
    {
        var error = !passkeys.IsAvailable ? NotHere() : await ForgedAsync(http) ?? limit.Refusal(http.Context().Address);
        if (error is not null) await RefuseAsync(http, error);
        else await http.JsonTextAsync(passkeys.SignInOptions(cookies.Browser(http)!));
    }

    /// <summary>POST /login/passkey: the browser's answer; ours is where to go.</summary>
    public async Task AuthenticateAsync(HttpContext http)
    {
        var (context, browser) = (http.Context(), cookies.Browser(http));
        if ((await http.JsonAsync(MostBytes)).Refused(out var error, out var posted) || (error = await ForgedAsync(http)) is not null)
        {
            await RefuseAsync(http, error.Code == "invalid_client_metadata" ? Passkeys.Malformed("no JSON object") : error);
            return;
        }

        if ((await passkeys.AuthenticateAsync(posted.Member("passkey"), browser!, context, http.RequestAborted))
            .Refused(out error, out var person))
        {
            await RefuseAsync(http, error);
            return;
        }

        var remembered = person with { Remember = posted.Member("remember").ValueKind == JsonValueKind.True };
        if (!await entry.StartAsync(http, remembered))
        {
            await RefuseAsync(http, Passkeys.Wrong("the person was disabled while signing in"), person.Subject);
            return;
        }

        var found = await requests.FindAsync(Text(posted, "request"), browser, context.Address, http.RequestAborted);
        var then = new Waiting(found.Refused(out _, out var request) ? null : request, Waiting.Known(Text(posted, "page")));
        await http.JsonAsync(200, json => json.WriteString("location", settings.IssuerPath + then.Destination));
    }

    public void Dispose() => limit.Dispose();

    private async Task<OAuthError?> ForgedAsync(HttpContext http) => await forms.RefusalAsync(http, cookies.Browser(http));

    private static OAuthError NotHere() => OAuthError.InvalidRequest("Passkeys need a server with a name",
        "the issuer is an IP address", "WebAuthn L3 §5.1.2", "an issuer whose host is a domain name") with
    { Status = 404 };

    private async Task RefuseAsync(HttpContext http, OAuthError error, Guid? subject = null)
    {
        await audit.RefusedAsync(AuditEvents.Passkey, error, http.Context(), subject: subject?.ToString());
        await http.RefuseAsync(error);
    }

    private static string? Text(JsonElement posted, string name) =>
        posted.Member(name) is { ValueKind: JsonValueKind.String } value ? value.GetString() : null;
}
