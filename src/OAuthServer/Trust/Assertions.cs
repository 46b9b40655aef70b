using OAuthServer.Protocol;
using OAuthServer.Tokens;

namespace OAuthServer.Trust;

/// <summary>An assertion that its issuer signed and that is for this server, now.</summary>
/// <param name="ExpiresAt">Its own end.</param>
public sealed record Assertion(ForeignJwt Jwt, Issuer Issuer, DateTimeOffset ExpiresAt)
{
    public string Sub => Jwt.Text("sub")!;
}

/// <summary>
/// What every assertion has to agree with (RFC 7523 §3), in the order of this file: form, issuer, typ, signature, audience, times, sub.
/// One signature is verified whoever the issuer is: how long a refusal takes names none (ID-JAG §8).
/// </summary>
public sealed class Assertions(TrustDirectory trust, IssuerKeys keys, Settings settings)
{
    /// <summary>The typ of an assertion about a person (ID-JAG §3.1).</summary>
    public const string IdJagType = "oauth-id-jag+jwt";

    /// <summary>RFC 7521 §4.1: how far past its assertion a token may live.</summary>
    public static readonly TimeSpan Beyond = TimeSpan.FromSeconds(300);

    private const int LongestSub = 255;
    private static readonly TimeSpan Leeway = TimeSpan.FromSeconds(30);

    // Azure's live a day; a year is no short life (RFC 7523 §3).
    private static readonly TimeSpan LongestLife = TimeSpan.FromDays(1);

    /// <summary>Whether the text says of itself that it is about a person.</summary>
    public static bool IsIdJag(ForeignJwt jwt) => IsType(jwt.Type, IdJagType);

    /// <summary>The assertion; or the first check that it fails.</summary>
    public async Task<Result<Assertion>> VerifyAsync(string text, DateTimeOffset now, CancellationToken cancel)
    {
        if (ForeignJwt.Read(text, out var flaw) is not { } jwt) return Fail("form", flaw!, "a signed JWT (RFC 8725)");
        if ((await trust.ReadAsync(cancel)).Find(jwt.Text("iss")) is not { Row.Enabled: true } issuer)
            return FailAsSlowly(jwt, "iss", "no such issuer is trusted, or it is disabled", "an enabled row of trusted_issuers",
                jwt.Text("iss") ?? "none");
        if (TypeFlaw(jwt, issuer) is { } wrongType) return wrongType;
        if (!issuer.Signs(jwt.Alg))
            return FailAsSlowly(jwt, "alg", "the issuer does not sign with this algorithm", Scope.Join(issuer.Row.Algs), jwt.Alg);
        if ((await keys.VerifyAsync(issuer, jwt, cancel)).Refused(out var error, out var signed)) return error;
        if (!signed) return Fail("signature", "no key of the issuer made the signature", "a key of the issuer", jwt.Kid ?? "no kid");
        return ClaimsFlaw(jwt, issuer, now) is { } wrong ? wrong : new Assertion(jwt, issuer, jwt.Time("exp")!.Value);
    }

    // Of a person one type, of a workload none or the general one: neither is ever taken for the other, or for a token of ours.
    private static OAuthError? TypeFlaw(ForeignJwt jwt, Issuer issuer) =>
        issuer.SpeaksForPeople
            ? IsIdJag(jwt) ? null : FailAsSlowly(jwt, "typ", "a company's assertion has another typ", IdJagType, jwt.Type ?? "none")
            : jwt.Type is null || IsType(jwt.Type, "JWT") ? null
            : FailAsSlowly(jwt, "typ", "a workload's assertion has another typ", "none, or JWT", jwt.Type);

    // RFC 7515 §4.1.9: a media type, application/ left out.
    private static bool IsType(string? type, string wanted) =>
        string.Equals(type, wanted, StringComparison.OrdinalIgnoreCase)
        || string.Equals(type, "application/" + wanted, StringComparison.OrdinalIgnoreCase);

    private OAuthError? ClaimsFlaw(ForeignJwt jwt, Issuer issuer, DateTimeOffset now)
    {
        string[] audiences = issuer.SpeaksForPeople ? [settings.Issuer]
            : issuer.Row.Audience is { } own ? [own] : [settings.Issuer, settings.Issuer + Paths.Token];
        if (jwt.Audience() is not { } audience || !audiences.Contains(audience, StringComparer.Ordinal))
            return Fail("aud", "it is for another audience, or for several", string.Join(" or ", audiences), Audience(jwt));
        if (jwt.Time("exp") is not { } expires) return Fail("exp", "exp is missing, or no whole number", "exp", "none");
        if (expires <= now - Leeway) return Fail("exp", "the assertion has expired", $"used before {expires:u}", $"{now:u}");
        if (expires > now + LongestLife + Leeway)
            return Fail("exp", "the assertion lives too long", $"exp until {now + LongestLife:u}", $"{expires:u}");
        if (jwt.Time("iat") is not { } issued) return Fail("iat", "iat is missing, or no whole number", "iat", "none");
        if (issued > now + Leeway) return Fail("iat", "the assertion is of the future", $"iat until {now:u}", $"{issued:u}");
        if (now - issued > TimeSpan.FromSeconds(issuer.Row.MaxAgeSeconds) + Leeway)
            return Fail("iat", "the assertion is too old", $"at most {issuer.Row.MaxAgeSeconds} s", $"{(now - issued).TotalSeconds:F0} s");
        if (jwt.Has("nbf") && (jwt.Time("nbf") is not { } begins || begins > now + Leeway))
            return Fail("nbf", "the assertion is not valid yet", $"nbf until {now:u}", $"{jwt.Time("nbf"):u}");
        if (jwt.Text("sub") is not { Length: > 0 and <= LongestSub } sub || sub.Any(one => one is < ' ' or > '~'))
            return Fail("sub", "sub is missing, or no name", $"1 to {LongestSub} printable ASCII characters", "another");
        return null;
    }

    private static string Audience(ForeignJwt jwt) =>
        jwt.Claims.TryGetProperty("aud", out var aud) ? aud.ToString() : "none";

    // Before a signature was looked at.
    private static OAuthError FailAsSlowly(ForeignJwt jwt, string check, string reason, string expected, string got)
    {
        DecoyKeys.Verify(jwt);
        return Fail(check, reason, expected, got);
    }

    private static OAuthError Fail(string check, string reason, string? expected = null, string? got = null) =>
        AssertionErrors.NotValid(AssertionErrors.Rfc7523, $"assertion, {check}: {reason}", expected, got);
}
