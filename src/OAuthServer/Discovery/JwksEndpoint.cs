using OAuthServer.Http;
using OAuthServer.Keys;
using OAuthServer.Protocol;

namespace OAuthServer.Discovery;

/// <summary>
/// GET /jwks (RFC 7517 §5): the public members of every key a verifier may meet, imported ones among them. 503 only while no key has
/// been read since the start.
/// </summary>
public sealed class JwksEndpoint(KeyRing keys, ImportedKeys imported, Settings settings)
{
    private readonly string caching = $"public, max-age={settings.JwksMaxAgeSeconds}";
    private volatile Prepared? last;

    public Task HandleAsync(HttpContext http)
    {
        if (keys.Published is not { Count: > 0 } published)
            return http.RefuseAsync(OAuthError.TemporarilyUnavailable("no signing key has been read yet"));

        http.Response.Headers.CacheControl = caching;
        var others = imported.Published;
        if (last is not { } prepared || prepared.Keys != published || prepared.Imported != others)
            last = prepared = new Prepared(published, others,
                Prepare([.. published.Select(key => key.Jwk()), .. others.Select(key => key.Jwk())]));
        return http.SendAsync(prepared.Answer);
    }

    private static PreparedJson Prepare(IReadOnlyList<(string Name, string Value)>[] keys) => Answer.Prepare(json =>
    {
        json.WriteStartArray("keys");
        foreach (var key in keys)
        {
            json.WriteStartObject();
            foreach (var (name, value) in key) json.WriteString(name, value);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    });

    // The ring hands out the same list until a key begins or ends.
    private sealed record Prepared(IReadOnlyList<SigningKey> Keys, IReadOnlyList<ImportedKey> Imported, PreparedJson Answer);
}
