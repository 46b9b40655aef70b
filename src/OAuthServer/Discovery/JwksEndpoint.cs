using OAuthServer.Http;
using OAuthServer.Keys;
using OAuthServer.Protocol;

namespace OAuthServer.Discovery;

/// <summary>
/// GET /jwks (RFC 7517 §5): the public members of every key a verifier may meet. 503 only while no key has been read since the
/// start.
/// </summary>
public sealed class JwksEndpoint(KeyRing keys, Settings settings)
{
    public Task HandleAsync(HttpContext http)
    {
        if (keys.Published is not { Count: > 0 } published)
            return http.RefuseAsync(OAuthError.TemporarilyUnavailable("no signing key has been read yet"));

        http.Response.Headers.CacheControl = $"public, max-age={settings.JwksMaxAgeSeconds}";
        return http.TaggedJsonAsync(json =>
        {
            json.WriteStartArray("keys");
            foreach (var key in published)
            {
                json.WriteStartObject();
                foreach (var (name, value) in key.Jwk()) json.WriteString(name, value);
                json.WriteEndObject();
            }

            json.WriteEndArray();
        });
    }
}
