using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace OAuthServer.ResourceServer;

/// <summary>private_key_jwt (RFC 7523 §2.2): what proves this API's client at the server, once for each request.</summary>
internal sealed class ClientAssertion : IDisposable
{
    private const string Type = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
    private static readonly TimeSpan Life = TimeSpan.FromSeconds(60);
    private readonly OAuthResourceOptions options;
    private readonly TimeProvider time;
    private readonly AsymmetricAlgorithm key;
    private readonly string header;

    public ClientAssertion(OAuthResourceOptions options, TimeProvider time)
    {
        (this.options, this.time) = (options, time);
        key = Read(options.ClientKey!);
        var named = new JsonObject { ["alg"] = key is ECDsa ? "ES256" : "RS256", ["typ"] = "client-authentication+jwt" };
        if (options.ClientKeyId is { } kid) named["kid"] = kid;
        header = Text(named);
    }

    /// <summary>The fields of a form with a new assertion.</summary>
    public IEnumerable<KeyValuePair<string, string>> Fields()
    {
        var now = time.GetUtcNow();
        var input = $"{header}.{Text(new JsonObject
        {
            ["iss"] = options.ClientId,
            ["sub"] = options.ClientId,
            ["aud"] = options.Issuer,
            ["jti"] = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(16)),
            ["iat"] = now.ToUnixTimeSeconds(),
            ["exp"] = (now + Life).ToUnixTimeSeconds(),
        })}";
        var octets = Encoding.ASCII.GetBytes(input);
        var signature = key is ECDsa ec
            ? ec.SignData(octets, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation)
            : ((RSA)key).SignData(octets, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        return
        [
            KeyValuePair.Create("client_id", options.ClientId!),
            KeyValuePair.Create("client_assertion_type", Type),
            KeyValuePair.Create("client_assertion", $"{input}.{Base64Url.EncodeToString(signature)}"),
        ];
    }

    public void Dispose() => key.Dispose();

    /// <summary>The key of a PEM text; throws with what to write where it is none.</summary>
    internal static AsymmetricAlgorithm Read(string pem)
    {
        var ec = ECDsa.Create();
        try
        {
            ec.ImportFromPem(pem);
            if (ec.KeySize == 256 && ec.ExportParameters(true).D is not null) return ec;
        }
        catch (Exception fault) when (fault is CryptographicException or ArgumentException)
        {
            // Then it may be RSA.
        }

        ec.Dispose();
        var rsa = RSA.Create();
        try
        {
            rsa.ImportFromPem(pem);
            if (rsa.KeySize is >= 2048 and <= 4096 && rsa.ExportParameters(true).D is not null) return rsa;
        }
        catch (Exception fault) when (fault is CryptographicException or ArgumentException)
        {
            // Then it is none.
        }

        rsa.Dispose();
        throw new ArgumentException(
            "ClientKey: write a private key of P-256, or RSA of 2048 to 4096 bits, in PEM (-----BEGIN PRIVATE KEY-----)");
    }

    private static string Text(JsonObject part) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(part.ToJsonString()));
}
