using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using OAuthServer.Keys;
using OAuthServer.Limits;
using OAuthServer.Protocol;
using OAuthServer.Shared;
using OAuthServer.Stores.UsedProofs;

namespace OAuthServer.Tokens;

/// <summary>A DPoP proof that holds (RFC 9449 §4.3), but for its first use, which the statement that decides finds out.</summary>
/// <param name="Jkt">The thumbprint of its key (RFC 7638).</param>
/// <param name="Use">What is spent where the request succeeds.</param>
public sealed record DpopProof(string Jkt, UsedProof Use);

/// <summary>What a proof must be for.</summary>
public sealed record DpopTarget
{
    /// <summary>The method of the request.</summary>
    public required string Method { get; init; }

    /// <summary>Its URL, as it is configured.</summary>
    public required string Url { get; init; }

    /// <summary>The access token beside it, whose hash the proof must have (ath); null: none.</summary>
    public string? Token { get; init; }
}

/// <summary>
/// Reads DPoP proofs (RFC 9449 §4.2, §4.3): a JWT of type dpop+jwt, signed by the public key in its header with ES256, PS256 or RS256,
/// for this method and URL, made within <see cref="Settings.DpopSeconds"/> or with a fresh nonce of ours, with a jti of 1 to 256
/// characters.
/// </summary>
public sealed class DpopProofs(DpopNonces nonces, Settings settings, TimeProvider time)
{
    /// <summary>So long a used proof is remembered past its end: clocks of several servers differ.</summary>
    public static readonly TimeSpan Margin = TimeSpan.FromSeconds(60);
    private const int LongestJti = 256;
    private const int MostKeys = 5_000;
    private const int LongestKey = 1024;

    // A client shows one key again and again, and opening it costs as much as its signature. Only those whose signature held are kept.
    private readonly Cache<string, VerificationKey> opened = new(MostKeys, TimeSpan.FromMinutes(10), time);

    /// <summary>The proof of this header, or the refusal.</summary>
    public Result<DpopProof> Read(string header, DpopTarget target, DateTimeOffset now)
    {
        if (ForeignJwt.Read(header, out var flaw) is not { } jwt) return DpopErrors.NotValid(flaw!, "a signed JWT");
        if (jwt.Type != "dpop+jwt") return DpopErrors.NotValid("typ is another one", "dpop+jwt", jwt.Type ?? "none");
        if (!jwt.Header.TryGetProperty("jwk", out var jwk)) return DpopErrors.NotValid("the header has no jwk", "a public key", "none");
        if (jwk.ValueKind == JsonValueKind.Object && VerificationKey.HasSecret(jwk))
            return DpopErrors.NotValid("jwk holds a private key", "a public key", "one with secret members");
        var text = jwk.GetRawText();
        if ((opened.TryGet(text, out var known) ? known : VerificationKey.Read(jwk)) is not { } key || !key.Fits(jwt.Alg))
            return DpopErrors.NotValid("jwk is no key for this alg", "P-256, or RSA of 2048 to 4096 bits, as alg says", jwt.Alg);
        if (!jwt.IsSignedBy(key)) return DpopErrors.NotValid("the signature is not that of jwk", "a signature by jwk");
        if (known is null && text.Length <= LongestKey) opened.Set(text, key);
        return Check(jwt, target).Refused(out var error, out var jti) ? error : Timely(jwt, key.Thumbprint, jti, now);
    }

    private static Result<string> Check(ForeignJwt jwt, DpopTarget target)
    {
        if (jwt.Text("htm") is var method && method != target.Method)
            return DpopErrors.NotValid("htm is another method", target.Method, method ?? "none");
        if (jwt.Text("htu") is not { } url) return DpopErrors.NotValid("htu is missing", target.Url, "none");
        if (!ProofUrl.Same(url, target.Url)) return DpopErrors.NotValid("htu is another URL", target.Url, url);
        if (jwt.Text("jti") is not { Length: > 0 and <= LongestJti } jti)
            return DpopErrors.NotValid("jti is missing or too long", $"1 to {LongestJti} characters");
        if (target.Token is { } token && jwt.Text("ath") != Hash(token))
            return DpopErrors.NotValid("ath is not the hash of the access token", "base64url(SHA-256(token))",
                jwt.Has("ath") ? "another" : "none");
        return jti;
    }

    private Result<DpopProof> Timely(ForeignJwt jwt, string jkt, string jti, DateTimeOffset now)
    {
        if (jwt.Time("iat") is not { } made) return DpopErrors.NotValid("iat is missing, or no whole number", "seconds since 1970");
        var window = TimeSpan.FromSeconds(settings.DpopSeconds);
        var isOfNow = (now - made).Duration() <= window;
        DateTimeOffset? ends = isOfNow ? made + window : null;
        if (settings.DpopNonce)
        {
            var nonce = jwt.Text("nonce");
            if ((nonce is null ? null : nonces.EndOf(nonce, now)) is not { } end)
                return DpopErrors.NonceNeeded(nonce is null ? "none" : "another, or an old one");
            // The later of the two: a server whose nonces are off, or were until now, goes by the time.
            ends = end > ends || ends is null ? end : ends;
        }
        else if (!isOfNow)
        {
            return DpopErrors.NotValid("iat is not of now", $"within {settings.DpopSeconds} s of {now:u}", $"{made:u}");
        }

        return new DpopProof(jkt, UsedProof.Of("dpop", ends!.Value + Margin, jkt, jti));
    }

    private static string Hash(string token) => Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(token)));
}
