using System.Text;
using OAuthServer.Fetch;
using OAuthServer.Keys;
using OAuthServer.Stores.Clients;
using OAuthServer.Stores.Keys;

namespace OAuthServer.Clients;

/// <summary>The keys of one client as operators see them.</summary>
public sealed record ClientKeyList
{
    public required IReadOnlyList<ShownKey> Keys { get; init; }

    /// <summary>Where they are fetched; null: they are in its row.</summary>
    public required string? JwksUri { get; init; }

    /// <summary>As it was last fetched; null: never.</summary>
    public required KeySetRow? Fetched { get; init; }

    /// <summary>Those of this client.</summary>
    public static async Task<ClientKeyList> ReadAsync(ClientForm client, KeySetStore store, CancellationToken cancel)
    {
        var fetched = SourceOf(client) is { } source ? (await store.FindAsync([source.Key], cancel)).FirstOrDefault() : null;
        var body = client.Jwks is { } jwks ? Encoding.UTF8.GetBytes(jwks) : fetched?.Body;
        var keys = body is null ? null : VerificationKeySet.ReadPublic(body).Keys;
        var uses = keys is null ? [] : await store.UsesAsync(client.ClientId, cancel);
        return new ClientKeyList
        {
            Keys = [.. (keys?.Keys ?? []).Select(key => new ShownKey
            {
                Kid = key.Kid,
                Algorithms = key.Alg ?? (key.Fits("ES256") ? "ES256" : "PS256 RS256"),
                Thumbprint = key.Thumbprint,
                LastUsedAt = uses.TryGetValue(key.Thumbprint, out var used) ? used : null,
            })],
            JwksUri = client.JwksUri,
            Fetched = fetched,
        };
    }

    /// <summary>Where a client has its keys; null: not at a URL.</summary>
    public static KeySource? SourceOf(ClientForm client) =>
        client.JwksUri is { } uri ? new KeySource(new Uri(uri), client.Origin == "operator") : null;
}

/// <summary>One public key.</summary>
public sealed record ShownKey
{
    /// <summary>Null: it has none.</summary>
    public required string? Kid { get; init; }
    public required string Algorithms { get; init; }

    /// <summary>RFC 7638.</summary>
    public required string Thumbprint { get; init; }

    /// <summary>Null: never, or not for 90 days.</summary>
    public required DateTimeOffset? LastUsedAt { get; init; }
}
