using System.Text;
using System.Text.Json;
using OAuthServer.Keys;
using OAuthServer.Protocol;
using OAuthServer.Tokens;

namespace OAuthServer.Logout;

/// <summary>What a logout token says (OpenID Connect Back-Channel Logout 1.0 §2.4).</summary>
public sealed record LogoutClaims
{
    public required Guid Subject { get; init; }
    public required string ClientId { get; init; }
    public required Guid Sid { get; init; }
    public required DateTimeOffset IssuedAt { get; init; }
}

/// <summary>
/// Signs logout tokens: of a type of their own, so that none is taken for an id_token (RFC 8725 §3.11), and without nonce for the
/// same reason. Each has a new jti and lives two minutes.
/// </summary>
public sealed class LogoutTokens(KeyRing keys, Settings settings)
{
    private const string Type = "logout+jwt";
    private const string Event = "http://schemas.openid.net/event/backchannel-logout";
    private static readonly TimeSpan Life = TimeSpan.FromSeconds(120);

    /// <summary>The token; null while no key of this algorithm signs.</summary>
    public string? Issue(string alg, LogoutClaims claims) => keys.ActiveOf(alg) is not { } key ? null
        : Encoding.ASCII.GetString(JwsWriter.Write(key, Type, (claims, settings.Issuer), Write));

    private static void Write(Utf8JsonWriter json, (LogoutClaims Claims, string Issuer) one)
    {
        json.WriteString("iss", one.Issuer);
        json.WriteString("aud", one.Claims.ClientId);
        json.WriteNumber("iat", one.Claims.IssuedAt.ToUnixTimeSeconds());
        json.WriteNumber("exp", (one.Claims.IssuedAt + Life).ToUnixTimeSeconds());
        json.WriteString("jti", TimedId.NewJti(one.Claims.IssuedAt));
        json.WriteString("sub", one.Claims.Subject);
        json.WriteString("sid", one.Claims.Sid);
        json.WriteStartObject("events");
        json.WriteStartObject(Event);
        json.WriteEndObject();
        json.WriteEndObject();
    }
}
