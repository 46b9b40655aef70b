using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using OAuthServer.Keys;
using OAuthServer.Tokens;

namespace OAuthServer.Test.Support;

/// <summary>Tokens signed with a server's own key that say what a test wants.</summary>
public static class OwnTokens
{
    /// <summary>A token of this media type.</summary>
    /// <param name="key">Null: the one that signs access tokens.</param>
    public static string Sign(this TestServer server, string type, JsonObject payload, SigningKey? key = null) => Encoding.ASCII.GetString(
        JwsWriter.Write(key ?? server.Get<KeyRing>().Active!, type, payload, (Utf8JsonWriter json, JsonObject claims) =>
        {
            foreach (var (name, value) in claims)
            {
                json.WritePropertyName(name);
                if (value is null) json.WriteNullValue();
                else value.WriteTo(json);
            }
        }));

    /// <summary>The claims of an id_token that expired an hour ago.</summary>
    public static JsonObject IdTokenOf(this TestServer server, Guid subject, string client, Guid? sid)
    {
        var now = server.Clock.GetUtcNow().ToUnixTimeSeconds();
        var payload = new JsonObject
        {
            ["iss"] = server.Issuer,
            ["sub"] = subject.ToString(),
            ["aud"] = client,
            ["iat"] = now - 4200,
            ["exp"] = now - 3600,
            ["auth_time"] = now - 4300,
        };
        if (sid is { } id) payload["sid"] = id.ToString();
        return payload;
    }
}
