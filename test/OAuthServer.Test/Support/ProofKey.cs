using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace OAuthServer.Test.Support;

/// <summary>A client's key for DPoP (RFC 9449), and what it signs with it.</summary>
public sealed class ProofKey
{
    private readonly ECParameters ec;
    private readonly RSAParameters rsa;

    public ProofKey(string alg = "ES256")
    {
        Alg = alg;
        if (alg == "ES256")
        {
            using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            ec = key.ExportParameters(true);
            Jwk = new() { ["kty"] = "EC", ["crv"] = "P-256", ["x"] = Text(ec.Q.X!), ["y"] = Text(ec.Q.Y!) };
        }
        else
        {
            using var key = RSA.Create(2048);
            rsa = key.ExportParameters(true);
            Jwk = new() { ["kty"] = "RSA", ["n"] = Text(rsa.Modulus!), ["e"] = Text(rsa.Exponent!) };
        }

        // RFC 7638: the required members in lexical order.
        var members = alg == "ES256" ? (string[])["crv", "kty", "x", "y"] : ["e", "kty", "n"];
        Jkt = Text(SHA256.HashData(Encoding.ASCII.GetBytes(
            $"{{{string.Join(',', members.Select(name => $"\"{name}\":\"{Jwk[name]}\""))}}}")));
    }

    public string Alg { get; }

    /// <summary>The public half.</summary>
    public JsonObject Jwk { get; }

    public string Jkt { get; }

    /// <summary>The private member of the JWK.</summary>
    public string Secret => Text(ec.D ?? rsa.D!);

    /// <summary>A proof for this request, made now, with a jti of its own.</summary>
    /// <param name="token">The access token beside it.</param>
    /// <param name="change">What is to be otherwise in it.</param>
    public string Proof(
        string method, string url, DateTimeOffset now, string? nonce = null, string? token = null, Action<Jwt>? change = null)
    {
        var jwt = new Jwt(
            new() { ["typ"] = "dpop+jwt", ["alg"] = Alg, ["jwk"] = Jwk.DeepClone() },
            new()
            {
                ["htm"] = method,
                ["htu"] = url,
                ["iat"] = now.ToUnixTimeSeconds(),
                ["jti"] = Guid.NewGuid().ToString(),
            }, []);
        if (nonce is not null) jwt.Payload["nonce"] = nonce;
        if (token is not null) jwt.Payload["ath"] = Text(SHA256.HashData(Encoding.ASCII.GetBytes(token)));
        change?.Invoke(jwt);
        return jwt.SignedBy(Sign);
    }

    /// <summary>The same for this endpoint of a server.</summary>
    public string Proof(TestServer server, string path, string method = "POST", string? nonce = null, string? token = null,
        Action<Jwt>? change = null) => Proof(method, server.Issuer + path, server.Clock.GetUtcNow(), nonce, token, change);

    private byte[] Sign(byte[] input)
    {
        if (Alg == "ES256")
        {
            using var key = ECDsa.Create(ec);
            return key.SignData(input, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
        }

        using var other = RSA.Create(rsa);
        return other.SignData(input, HashAlgorithmName.SHA256, Alg == "PS256" ? RSASignaturePadding.Pss : RSASignaturePadding.Pkcs1);
    }

    private static string Text(byte[] octets) => Base64Url.EncodeToString(octets);
}
