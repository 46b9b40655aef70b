using System.Text.Json;
using OAuthServer.Federation;
using OAuthServer.Protocol;
using OAuthServer.Stores.Federation;
using OAuthServer.Stores.UsedProofs;

namespace OAuthServer.Trust;

/// <summary>What an assertion about a person says (ID-JAG §3.1).</summary>
public sealed record PersonAssertion
{
    private const int LongestJti = 256, LongestTenant = 255;

    // As long as its exp is obeyed with leeway, and a while more.
    private static readonly TimeSpan Kept = TimeSpan.FromSeconds(60);

    public required Assertion Of { get; init; }
    public required IdentityKey Identity { get; init; }

    /// <summary>Who may bring it.</summary>
    public required string ClientId { get; init; }

    /// <summary>Who that is here, as the company says; null: it does not.</summary>
    public required string? AudSub { get; init; }

    /// <summary>The resources it is for; empty: it does not say.</summary>
    public required string[] Resources { get; init; }

    /// <summary>Null: it does not say.</summary>
    public required string[]? Scope { get; init; }

    /// <summary>The key that must be shown; null: none.</summary>
    public required string? Jkt { get; init; }

    /// <summary>It works once: by issuer, sub and jti (EMA §7.4.2).</summary>
    public required UsedProof Once { get; init; }

    /// <summary>Its claims; or the first that is missing, or cannot be.</summary>
    public static Result<PersonAssertion> Read(Assertion assertion)
    {
        var jwt = assertion.Jwt;
        if (jwt.Text("client_id") is not { Length: > 0 } client) return Fail("client_id", "missing, or no text");
        if (jwt.Text("jti") is not { Length: > 0 and <= LongestJti } jti)
            return Fail("jti", $"missing, or no text of at most {LongestJti}");
        if (OptionalText("tenant", LongestTenant, out var tenant) is { } wrong) return wrong;
        if (OptionalText("aud_sub", LongestTenant, out var audSub) is { } wrongSub) return wrongSub;
        string[]? scope = null;
        if (jwt.Has("scope") && (jwt.Text("scope") is not { } words || (scope = Protocol.Scope.Parse(words)) is null))
            return Fail("scope", "no list of scopes");
        string[] resources = [];
        if (jwt.Has("resource"))
        {
            if (JsonClaims.Values(jwt.Claims, "resource") is not { Length: > 0 } named)
                return Fail("resource", "no URI, and no list of them");
            resources = named;
        }

        string? jkt = null;
        if (jwt.Claims.TryGetProperty("cnf", out var cnf) && (jkt = Thumbprint(cnf)) is null) return Fail("cnf", "no jkt alone");
        return new PersonAssertion
        {
            Of = assertion,
            Identity = new IdentityKey { Issuer = assertion.Issuer.Id, Tenant = tenant ?? "", Sub = assertion.Sub },
            ClientId = client,
            AudSub = audSub,
            Resources = resources,
            Scope = scope,
            Jkt = jkt,
            Once = UsedProof.Of("idjag", assertion.ExpiresAt + Kept, assertion.Issuer.Id, assertion.Sub, jti),
        };

        OAuthError? OptionalText(string claim, int longest, out string? text)
        {
            text = jwt.Text(claim);
            return !jwt.Has(claim) || (text is not null && text.Length <= longest && !text.Any(char.IsControl)) ? null
                : Fail(claim, $"no text of at most {longest} characters");
        }
    }

    // RFC 7800 §3.1: a confirmation that is not understood is not ignored.
    private static string? Thumbprint(JsonElement cnf) =>
        cnf.ValueKind == JsonValueKind.Object && cnf.EnumerateObject().Count() == 1 ? JsonClaims.Text(cnf, "jkt") : null;

    private static OAuthError Fail(string claim, string reason) =>
        AssertionErrors.NotValid("ID-JAG §3.1", $"assertion, {claim}: {reason}", claim, "another");
}
