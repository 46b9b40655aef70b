using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using OAuthServer.Fetch;
using OAuthServer.Keys;
using OAuthServer.Protocol;

namespace OAuthServer.Federation;

/// <summary>A code that came back from a provider, and what belongs to it.</summary>
public sealed record UpstreamCode
{
    public required string Code { get; init; }
    public required string Verifier { get; init; }
    public required string RedirectUri { get; init; }
    public required string Nonce { get; init; }

    /// <summary>The person must have signed in there since; null: whenever.</summary>
    public required DateTimeOffset? AuthAfter { get; init; }
}

/// <summary>What a provider said of somebody. Its tokens are dropped.</summary>
/// <param name="Claims">Of the id_token.</param>
/// <param name="UserInfo">Of its userinfo; null: it was not needed.</param>
public sealed record UpstreamPerson(JsonElement Claims, JsonElement? UserInfo)
{
    /// <summary>What it calls the person.</summary>
    public string Sub => JsonClaims.Text(Claims, "sub")!;

    /// <summary>When the person signed in there; null: it does not say.</summary>
    public DateTimeOffset? SignedInAt => JsonClaims.Time(Claims, "auth_time");
}

/// <summary>From a code to what a provider says of the person: its token endpoint, the id_token, and userinfo where that is
/// missing.</summary>
public sealed class CodeExchange(Fetcher fetcher, Upstreams upstreams, KeyEncryption encryption, TimeProvider time)
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(10);
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 16 };

    /// <summary>The person, every check passed; or why not.</summary>
    public async Task<Result<UpstreamPerson>> RedeemAsync(Upstream upstream, UpstreamCode code, CancellationToken cancel)
    {
        KeyValuePair<string, string>[] form =
        [
            new("grant_type", "authorization_code"), new("code", code.Code), new("redirect_uri", code.RedirectUri),
            new("code_verifier", code.Verifier),
        ];
        if ((await PostAsync(upstream, form, cancel)).Refused(out var error, out var tokens)) return error;
        if (JsonClaims.Text(tokens, "id_token") is not { } idToken)
            return FederationErrors.Unacceptable("OIDC Core §3.1.3.3", "the token endpoint sent no id_token", "id_token");

        var access = JsonClaims.Text(tokens, "access_token");
        // A new key shows by its id: then the set is fetched anew, once.
        if (IdTokenChecks.KeyOf(idToken) is ({ } alg, var kid) && VerificationKeySet.Algorithms.Contains(alg)
            && !upstream.Keys.Knows(alg, kid))
            upstream = await upstreams.WithNewKeysAsync(upstream, cancel);
        var expected = new ExpectedIdToken
        {
            Issuer = upstream.Provider.Row.Issuer,
            ClientId = upstream.Provider.Row.ClientId,
            Nonce = code.Nonce,
            AccessToken = access,
            AuthAfter = code.AuthAfter,
            Now = time.GetUtcNow(),
        };
        if (IdTokenChecks.Check(idToken, expected, upstream.Keys).Refused(out error, out var claims)) return error;
        if (!ClaimMapping.Misses(upstream.Provider, claims) || upstream.Metadata.UserInfoEndpoint is not { } userInfo || access is null)
            return new UpstreamPerson(claims, null);
        return (await UserInfoAsync(userInfo, access, JsonClaims.Text(claims, "sub")!, cancel)).Refused(out error, out var more) ? error
            : new UpstreamPerson(claims, more);
    }

    /// <summary>Whether the provider takes this server's credentials: it is asked to redeem a code that nobody has.</summary>
    public async Task<OAuthError?> TryCredentialsAsync(Upstream upstream, string redirectUri, CancellationToken cancel)
    {
        KeyValuePair<string, string>[] form =
        [
            new("grant_type", "authorization_code"), new("code", "no-code-of-yours"), new("redirect_uri", redirectUri),
            new("code_verifier", new string('v', 43)),
        ];
        return (await PostAsync(upstream, form, cancel)).Refused(out var error, out _)
            // That the code is wrong is what shows that the credentials are right.
            && error.Description != FederationErrors.UnacceptableText ? error : null;
    }

    private async Task<Result<JsonElement>> PostAsync(Upstream upstream, KeyValuePair<string, string>[] form, CancellationToken cancel)
    {
        var row = upstream.Provider.Row;
        var secret = row.SecretSealed is { } box ? ProviderSecrets.Open(box, encryption) : null;
        if (row.AuthMethod != "none" && secret is null)
            return FederationErrors.WrongSetUp(row.SecretSealed is null ? "there is no secret: oauth-server providers secret " + row.Id
                : "no key-encryption key of ours opens its secret");
        var call = new Call
        {
            Url = upstream.Metadata.TokenEndpoint,
            Deadline = Deadline,
            Form = row.AuthMethod switch
            {
                "client_secret_post" => [.. form, new("client_id", row.ClientId), new("client_secret", secret!)],
                "none" => [.. form, new("client_id", row.ClientId)],
                _ => form,
            },
            Authorization = row.AuthMethod == "client_secret_basic" ? Basic(row.ClientId, secret!) : null,
        };
        if ((await fetcher.CallAsync(call, cancel)).Refused(out var error, out var answer))
            return FederationErrors.Unreachable("token endpoint: " + error.Reason, error.Got);
        if (answer.Status is >= 300 and < 400 or >= 500)
            return FederationErrors.Unreachable("token endpoint: another status; redirects are not followed", $"{answer.Status}");

        var said = Read(answer);
        if (answer.Status == 200)
            return said is { } tokens ? tokens : FederationErrors.Unacceptable(
                "RFC 6749 §5.1", "the token endpoint sent no JSON object", "JSON", answer.Type ?? "no type");
        var code = said is { } refusal ? JsonClaims.Text(refusal, "error") : null;
        return code is "invalid_client" or "unauthorized_client" || answer.Status == 401
            ? FederationErrors.WrongSetUp("the token endpoint refused this server's credentials", code ?? $"{answer.Status}")
            : FederationErrors.Unacceptable("RFC 6749 §5.2", "the token endpoint refused the code", "tokens", code ?? $"{answer.Status}");
    }

    // OpenID Connect Core §5.3.2: what is of another person is worth nothing.
    private async Task<Result<JsonElement>> UserInfoAsync(Uri url, string access, string sub, CancellationToken cancel)
    {
        var call = new Call { Url = url, Authorization = new AuthenticationHeaderValue("Bearer", access) };
        if ((await fetcher.CallAsync(call, cancel)).Refused(out var error, out var answer))
            return FederationErrors.Unreachable("userinfo: " + error.Reason, error.Got);
        if (answer.Status != 200) return FederationErrors.Unreachable("userinfo: another status", $"{answer.Status}");
        if (Read(answer) is not { } said)
            return FederationErrors.Unacceptable("OIDC Core §5.3.2", "userinfo sent no JSON object", "JSON", answer.Type ?? "no type");
        return JsonClaims.Text(said, "sub") == sub ? said
            : FederationErrors.Unacceptable("OIDC Core §5.3.2", "userinfo is of another person", sub, JsonClaims.Text(said, "sub")
                ?? "none");
    }

    // RFC 6749 §2.3.1: both are form-encoded first.
    private static AuthenticationHeaderValue Basic(string id, string secret) =>
        new("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{Encode(id)}:{Encode(secret)}")));

    private static string Encode(string text) => Uri.EscapeDataString(text).Replace("%20", "+", StringComparison.Ordinal);

    private static JsonElement? Read(Answered answer)
    {
        if (!answer.IsJson) return null;
        try
        {
            using var document = JsonDocument.Parse(answer.Body, Strict);
            return document.RootElement.ValueKind == JsonValueKind.Object ? document.RootElement.Clone() : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
