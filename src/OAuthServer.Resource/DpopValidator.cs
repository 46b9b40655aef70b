using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Extensions;
using OAuthServer.Shared;

namespace OAuthServer.ResourceServer;

/// <summary>
/// RFC 9449 §7: whether a token is presented as what it is. One that is bound to a key (cnf.jkt) comes as DPoP, with a proof by that key
/// for this request and token; one that is not comes as Bearer.
/// </summary>
internal sealed class DpopValidator(ProofMemory memory, OAuthResourceOptions options, TimeProvider time)
{
    public const string Scheme = "DPoP";
    public const string NonceHeader = "DPoP-Nonce";

    /// <summary>What proofs may be signed with.</summary>
    public const string Algorithms = "ES256 PS256 RS256";
    private const int LongestJti = 256;

    /// <summary>
    /// The proof to remember once all else holds; null: a Bearer token, as it may be. Throws what refuses any other.
    /// </summary>
    public PendingProof? Check(string scheme, string token, ValidatedToken claims, HttpRequest request)
    {
        if (claims.Jkt is not { } jkt)
            return scheme == Scheme ? throw Unfit("the token is bound to no key")
                : options.RequireDpop ? throw Unfit("the token is bound to no key, which is demanded here") : null;
        if (scheme != Scheme) throw Unfit("the token is bound to a key and came as Bearer");
        if (request.Headers[Scheme].Count == 0) throw Unfit("no DPoP proof came");
        if (request.Headers[Scheme] is not [{ } header]) throw Bad("several DPoP headers");
        var proof = ProofJwt.Read(header);
        if (proof.Jkt != jkt) throw Unfit("the proof is by another key");
        if (proof.Text("htm") != Method(request)) throw Bad("htm is another method");
        if (proof.Text("htu") is not { } htu || !ProofUrl.Same(htu, Url(request))) throw Bad("htu is another URL");
        if (proof.Text("ath") != Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(token))))
            throw Bad("ath is not the hash of the token");
        if (proof.Text("jti") is not { Length: > 0 and <= LongestJti } jti) throw Bad("no jti of 1 to 256 characters");
        return new PendingProof(jkt, jti, EndOf(proof));
    }

    /// <summary>Remembers it, or throws: it was used before, or there is no place.</summary>
    public void Spend(PendingProof proof)
    {
        if (!memory.Spend(proof.Jkt, proof.Jti, proof.Ends)) throw Bad("the proof was used before");
    }

    /// <summary>A nonce with the answer, where proofs need one.</summary>
    public void AddNonce(HttpResponse response)
    {
        if (memory.AsksNonces) response.Headers[NonceHeader] = memory.Nonce();
    }

    /// <summary>The nonce that a proof lacked: whatever made its client send another, with this one it goes on.</summary>
    public void GiveNonce(HttpResponse response) => response.Headers[NonceHeader] = memory.Nonce();

    // A proof with a nonce is judged by it alone, whether or not one is needed: so it can never come again by its time.
    private DateTimeOffset EndOf(ProofJwt proof)
    {
        if (proof.Number("iat") is not { } iat) throw Bad("no iat");
        if (proof.Text("nonce") is { } nonce)
            return memory.EndOf(nonce) ?? throw new TokenRefusedException("use_dpop_nonce", "the proof has another nonce, or an old one");
        if (memory.AsksNonces) throw new TokenRefusedException("use_dpop_nonce", "the proof has no nonce");
        var (made, window) = (DateTimeOffset.FromUnixTimeSeconds(iat), TimeSpan.FromSeconds(options.DpopSeconds));
        return (time.GetUtcNow() - made).Duration() <= window ? made + window : throw Bad("iat is not of now");
    }

    // Behind a proxy that asks about requests, the request is the one that the proxy names.
    private static string Method(HttpRequest request) =>
        AuthRequest.IsOne(request.HttpContext) && request.Headers[AuthRequest.Method] is [{ Length: > 0 } method] ? method : request.Method;

    private string Url(HttpRequest request) =>
        options.Origin + (AuthRequest.IsOne(request.HttpContext) && request.Headers[AuthRequest.Uri] is [{ Length: > 0 } uri]
            ? uri : UriHelper.BuildRelative(request.PathBase, request.Path));

    private static TokenRefusedException Unfit(string reason) => new("invalid_token", reason, isDpop: true);

    private static TokenRefusedException Bad(string reason) => new("invalid_dpop_proof", reason, isDpop: true);
}

/// <summary>A proof that holds, but for its first use.</summary>
internal sealed record PendingProof(string Jkt, string Jti, DateTimeOffset Ends);

/// <summary>What a proxy says of the request it asks about (<see cref="ResourceEndpoints.MapAuthRequest"/>).</summary>
internal sealed class AuthRequest
{
    public const string Method = "X-Original-Method";
    public const string Uri = "X-Original-URI";

    /// <summary>Whether this request asks about another one.</summary>
    public static bool IsOne(HttpContext http) => http.GetEndpoint()?.Metadata.GetMetadata<AuthRequest>() is not null;
}
