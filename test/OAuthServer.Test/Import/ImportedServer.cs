using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using OAuthServer.Import;
using OAuthServer.Stores.Postgres;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Import;

/// <summary>What another server could have issued: its key, its tokens, and the lines of its export.</summary>
internal sealed class ImportedServer : IDisposable
{
    private readonly AsymmetricAlgorithm key;

    public ImportedServer(string algorithm = "RS256", string issuer = "https://earlier.example") =>
        (Algorithm, Issuer, key) =
            (algorithm, issuer, algorithm == "RS256" ? RSA.Create(2048) : ECDsa.Create(ECCurve.NamedCurves.nistP256));

    public string Algorithm { get; }

    public string Issuer { get; }

    public string Kid { get; } = $"earlier-{Guid.NewGuid():N}"[..20];

    private SecurityKey SecurityKey => key is RSA rsa ? new RsaSecurityKey(rsa) { KeyId = Kid }
        : new ECDsaSecurityKey((ECDsa)key) { KeyId = Kid };

    /// <summary>The record of its public key.</summary>
    public KeysRecord Keys(DateTimeOffset until) => new() { Jwks = Jwks(withPrivate: false), Issuer = Issuer, Until = until };

    /// <summary>Its JWK Set.</summary>
    public JsonElement Jwks(bool withPrivate)
    {
        var jwk = JsonWebKeyConverter.ConvertFromSecurityKey(SecurityKey);
        var members = new Dictionary<string, string?> { ["kty"] = jwk.Kty, ["kid"] = Kid, ["alg"] = Algorithm, ["use"] = "sig" };
        if (key is RSA) (members["n"], members["e"]) = (jwk.N, jwk.E);
        else (members["crv"], members["x"], members["y"]) = (jwk.Crv, jwk.X, jwk.Y);
        if (withPrivate) members["d"] = jwk.D;
        return JsonSerializer.SerializeToElement(new { keys = new[] { members } });
    }

    /// <summary>An access token of a person.</summary>
    /// <param name="claims">On top, or in the place of others; null leaves one out.</param>
    public string Token(
        string subject, string client, DateTimeOffset now, string typ = "at+jwt", params (string Name, object? Value)[] claims)
    {
        var all = new Dictionary<string, object>
        {
            ["iss"] = Issuer,
            ["sub"] = subject,
            ["aud"] = Cast.Notes,
            ["client_id"] = client,
            ["scope"] = "notes:read",
            ["jti"] = Guid.NewGuid().ToString(),
            ["iat"] = now.ToUnixTimeSeconds(),
            ["exp"] = now.AddHours(1).ToUnixTimeSeconds(),
        };
        foreach (var (name, value) in claims)
            if (value is null) all.Remove(name);
            else all[name] = value;
        return new JsonWebTokenHandler { SetDefaultTimesOnTokenCreation = false }.CreateToken(new SecurityTokenDescriptor
        {
            Claims = all,
            TokenType = typ,
            SigningCredentials = new SigningCredentials(SecurityKey, Algorithm),
        });
    }

    /// <summary>As an export says it.</summary>
    public static string Sha256(string text) => Base64Url.EncodeToString(SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    public void Dispose() => key.Dispose();
}

/// <summary>Imports into a server's database, as the command does.</summary>
internal static class Imports
{
    public static Task<Imported> ImportAsync(this TestServer server, params ImportRecord[] records) =>
        server.ImportAsync(strict: false, [.. records.Select(record => record.Write())]);

    public static async Task<Imported> ImportAsync(this TestServer server, bool strict, params string[] lines)
    {
        await using var database = new Database(server.Settings.Database);
        using var file = new StringReader(string.Join('\n', lines));
        return await new Importing(database, server.Clock).RunAsync(file, strict, new Author("cli:test"), _ => { }, CancellationToken.None);
    }
}
