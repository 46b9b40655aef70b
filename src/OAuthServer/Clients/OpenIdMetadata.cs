using System.Text.Json;
using OAuthServer.Protocol;
using OAuthServer.Stores.Clients;

namespace OAuthServer.Clients;

/// <summary>
/// The members of OpenID Connect, as clients register them (Registration §2, RP-Initiated Logout §3.1, Back-Channel Logout §2.2) and
/// documents have them. What would promise more than this server does is refused: another algorithm, pairwise subjects, encryption,
/// userinfo as a JWT. Null is absent.
/// </summary>
public static class OpenIdMetadata
{
    private const int LongestAge = 31_536_000;
    private const string Rule = "OIDC Registration §2";

    private static readonly string[] NotHere =
    [
        "id_token_encrypted_response_alg", "id_token_encrypted_response_enc", "userinfo_signed_response_alg",
        "userinfo_encrypted_response_alg", "userinfo_encrypted_response_enc",
    ];

    /// <summary>What the object says, or the refusal of all of it.</summary>
    public static Result<OpenIdSettings> Read(JsonElement body, Settings settings)
    {
        if (!settings.OpenId) return new OpenIdSettings();
        if (Array.Find(NotHere, name => Member(body, name) is not null) is { } name)
            return OAuthError.InvalidClientMetadata("Encrypted id_tokens and signed or encrypted userinfo do not exist here", name, Rule);
        if (Member(body, "subject_type") is { } type && Text(type) != "public")
            return OAuthError.InvalidClientMetadata("subject_type must be public", Text(type) ?? "no text", Rule, "public");
        var alg = Member(body, "id_token_signed_response_alg");
        if (alg is not null && !(Text(alg) is { } named && SigningAlgorithms.All.Contains(named)))
            return OAuthError.InvalidClientMetadata("id_token_signed_response_alg must be RS256 or ES256",
                Text(alg) ?? "no text", Rule, string.Join(' ', SigningAlgorithms.All));
        var age = Member(body, "default_max_age");
        if (age is not null && Seconds(age) is null)
            return OAuthError.InvalidClientMetadata("default_max_age must be a whole number of seconds, at most a year",
                $"{age.Value.ValueKind}", Rule, $"0 to {LongestAge}");
        if (PostLogout(body, settings).Refused(out var error, out var onward)) return error;
        var told = Member(body, "backchannel_logout_uri");
        if (told is not null && !(Text(told) is { } uri && RedirectRules.IsPage(uri) && !RedirectRules.IsOwnOrigin(uri, settings)))
            return OAuthError.InvalidClientMetadata("backchannel_logout_uri must be https with a domain name", Text(told) ?? "no text",
                "OIDC Back-Channel Logout §2.2", "an https URI");

        return new OpenIdSettings
        {
            IdTokenAlg = Text(alg),
            DefaultMaxAge = Seconds(age),
            PostLogoutRedirectUris = onward,
            BackchannelLogoutUri = Text(told),
        };
    }

    // The rules of redirect URIs.
    private static Result<string[]> PostLogout(JsonElement body, Settings settings)
    {
        if (Member(body, "post_logout_redirect_uris") is not { } list) return Array.Empty<string>();
        if (list.ValueKind != JsonValueKind.Array)
            return OAuthError.InvalidClientMetadata("post_logout_redirect_uris must be a list of strings", $"{list.ValueKind}", Rule);
        var uris = new List<string>();
        foreach (var item in list.EnumerateArray())
        {
            if (Text(item) is not { } uri)
                return OAuthError.InvalidClientMetadata("post_logout_redirect_uris must be a list of strings", $"{item.ValueKind}", Rule);
            if (RedirectRules.Refusal(uri, settings) is { } refusal) return refusal;
            if (!uris.Contains(uri, StringComparer.Ordinal)) uris.Add(uri);
        }

        return uris.Count > RedirectRules.Most
            ? OAuthError.InvalidRedirectUri($"A client has at most {RedirectRules.Most} redirect URIs", $"{uris.Count}") : uris.ToArray();
    }

    private static JsonElement? Member(JsonElement body, string name) =>
        body.TryGetProperty(name, out var member) && member.ValueKind != JsonValueKind.Null ? member : null;

    private static int? Seconds(JsonElement? element) => element is { ValueKind: JsonValueKind.Number } number
        && number.TryGetInt32(out var seconds) && seconds is >= 0 and <= LongestAge ? seconds : null;

    // Octets that are no UTF-8, and lone surrogates, are no text.
    private static string? Text(JsonElement? element)
    {
        if (element is not { ValueKind: JsonValueKind.String } text) return null;
        try { return text.GetString(); }
        catch (InvalidOperationException) { return null; }
    }
}
