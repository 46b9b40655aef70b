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
    private readonly string caching = $"public, max-age={settings.JwksMaxAgeSeconds}";
    private volatile Prepared? last;

    public Task HandleAsync(HttpContext http)
    {
        if (keys.Published is not { Count: > 0 } published)
            return http.RefuseAsync(OAuthError.TemporarilyUnavailable("no signing key has been read yet"));

        http.Response.Headers.CacheControl = caching;
        if (last is not { } prepared || prepared.Keys != published) last = prepared = new Prepared(published, Prepare(published));
        return http.SendAsync(prepared.Answer);
    }

    private static PreparedJson Prepare(IReadOnlyList<SigningKey> published) => Answer.Prepare(json =>
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

    // The ring hands out the same list until a key begins or ends.
    private sealed record Prepared(IReadOnlyList<SigningKey> Keys, PreparedJson Answer);
}
