using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace OAuthServer.Bench;

/// <summary>
/// What clients sign, made before it is measured: assertions of a machine of its own (RFC 7523 §2.2) and DPoP proofs (RFC 9449), by one
/// key of each algorithm, each good for one request.
/// </summary>
internal sealed class ProofSupply(Cluster cluster, string issuer) : IDisposable
{
    private const string Machine = "bench-by-key";

    // nightly-etl of the demo with a key in place of its secret.
    private const string AddSql = """
        insert into clients (client_id, kind, name, auth_method, grant_types, scopes, default_scopes, resources, default_resource, jwks)
        select :'machine', kind, 'By key', 'private_key_jwt', grant_types, scopes, default_scopes, resources, default_resource,
               (:'jwks')::jsonb
          from clients where client_id = 'nightly-etl' on conflict do nothing
        """;

    private readonly ECDsa ec = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly RSA rsa = RSA.Create(2048);

    /// <summary>Makes the machine.</summary>
    public async Task PrepareAsync(CancellationToken cancel) =>
        await cluster.SqlAsync(AddSql, cancel, ("machine", Machine), ("jwks", $$"""{"keys":[{{Jwk("ES256")}},{{Jwk("RS256")}}]}"""));

    /// <summary>Writes so many assertions to a file.</summary>
    public Task AssertionsAsync(string alg, string file, int count, CancellationToken cancel)
    {
        var now = Now;
        return WriteAsync(alg, file, count, $$"""{"alg":"{{alg}}"}""", number =>
            $$"""{"iss":"{{Machine}}","sub":"{{Machine}}","aud":"{{issuer}}","iat":{{now}},"exp":{{now + 300}},"jti":"{{Jti(number)}}"}""",
            cancel);
    }

    /// <summary>Writes so many proofs for /token to a file.</summary>
    public Task DpopAsync(string alg, string file, int count, CancellationToken cancel)
    {
        var now = Now;
        return WriteAsync(alg, file, count, Header(alg), number =>
            $$"""{"htm":"POST","htu":"{{issuer}}/token","iat":{{now}},"jti":"{{Jti(number)}}"}""", cancel);
    }

    /// <summary>One proof for a resource, beside this token (RFC 9449 §7.1).</summary>
    public string ForResource(string alg, string method, string url, string token)
    {
        var hash = Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(token)));
        return Proof(alg, $$"""{"htm":"{{method}}","htu":"{{url}}","iat":{{Now}},"jti":"{{Jti(0)}}","ath":"{{hash}}"}""");
    }

    /// <summary>One proof for /token.</summary>
    public string ForToken(string alg) => Proof(alg, $$"""{"htm":"POST","htu":"{{issuer}}/token","iat":{{Now}},"jti":"{{Jti(0)}}"}""");

    public void Dispose()
    {
        ec.Dispose();
        rsa.Dispose();
    }

    private static long Now => DateTimeOffset.UtcNow.ToUnixTimeSeconds();

    private string Proof(string alg, string claims) => Sign(alg, $"{Encode(Header(alg))}.{Encode(claims)}");

    private string Header(string alg) => $$"""{"typ":"dpop+jwt","alg":"{{alg}}","jwk":{{Jwk(alg)}}}""";

    private static string Jti(int number) =>
        string.Create(CultureInfo.InvariantCulture, $"{number}-{Convert.ToHexString(RandomNumberGenerator.GetBytes(8))}");

    private async Task WriteAsync(
        string alg, string file, int count, string header, Func<int, string> claims, CancellationToken cancel)
    {
        var first = Encode(header);
        await File.WriteAllLinesAsync(file, ParallelEnumerable.Range(0, count).AsOrdered()
            .Select(number => Sign(alg, $"{first}.{Encode(claims(number))}")), cancel);
    }

    private string Sign(string alg, string input)
    {
        var octets = Encoding.ASCII.GetBytes(input);
        return $"{input}." + Base64Url.EncodeToString(alg == "ES256"
            ? ec.SignData(octets, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation)
            : rsa.SignData(octets, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1));
    }

    private string Jwk(string alg)
    {
        if (alg == "RS256")
        {
            var parts = rsa.ExportParameters(false);
            return $$"""{"kty":"RSA","n":"{{Text(parts.Modulus)}}","e":"{{Text(parts.Exponent)}}"}""";
        }

        var point = ec.ExportParameters(false).Q;
        return $$"""{"kty":"EC","crv":"P-256","x":"{{Text(point.X)}}","y":"{{Text(point.Y)}}"}""";

        static string Text(byte[]? octets) => Base64Url.EncodeToString(octets);
    }

    private static string Encode(string text) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(text));
}
