using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace OAuthServer.Bench;

/// <summary>
/// What clients sign, made before it is measured: assertions of a machine of its own (RFC 7523 §2.2) and DPoP proofs (RFC 9449), by one
/// ES256 key, each good for one request.
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

    private readonly ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    /// <summary>Makes the machine.</summary>
    public async Task PrepareAsync(CancellationToken cancel) =>
        await cluster.SqlAsync(AddSql, cancel, ("machine", Machine), ("jwks", $$"""{"keys":[{{Jwk()}}]}"""));

    /// <summary>Writes so many assertions to a file.</summary>
    public Task AssertionsAsync(string file, int count, CancellationToken cancel)
    {
        var now = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        return WriteAsync(file, count, """{"alg":"ES256"}""", number =>
            $$"""{"iss":"{{Machine}}","sub":"{{Machine}}","aud":"{{issuer}}","iat":{{now}},"exp":{{now + 300}},"jti":"{{Jti(number)}}"}""",
            cancel);
    }

    /// <summary>Writes so many proofs for /token to a file.</summary>
    public Task DpopAsync(string file, int count, CancellationToken cancel)
    {
        var now = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        return WriteAsync(file, count, $$"""{"typ":"dpop+jwt","alg":"ES256","jwk":{{Jwk()}}}""", number =>
            $$"""{"htm":"POST","htu":"{{issuer}}/token","iat":{{now}},"jti":"{{Jti(number)}}"}""", cancel);
    }

    public void Dispose() => key.Dispose();

    private static string Jti(int number) =>
        string.Create(CultureInfo.InvariantCulture, $"{number}-{Convert.ToHexString(RandomNumberGenerator.GetBytes(8))}");

    private async Task WriteAsync(string file, int count, string header, Func<int, string> claims, CancellationToken cancel)
    {
        var first = Encode(header);
        await File.WriteAllLinesAsync(file, Enumerable.Range(0, count).Select(number => Sign($"{first}.{Encode(claims(number))}")), cancel);
    }

    private string Sign(string input) => $"{input}." + Base64Url.EncodeToString(key.SignData(
        Encoding.ASCII.GetBytes(input), HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation));

    private string Jwk()
    {
        var point = key.ExportParameters(false).Q;
        return $$"""{"kty":"EC","crv":"P-256","x":"{{Base64Url.EncodeToString(point.X)}}","y":"{{Base64Url.EncodeToString(point.Y)}}"}""";
    }

    private static string Encode(string text) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(text));
}
