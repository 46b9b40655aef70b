using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using OAuthServer.Keys;
using OAuthServer.Protocol;
using OAuthServer.Stores;

namespace OAuthServer.Clients;

/// <summary>What a request says about its client: HTTP Basic or the body, never both.</summary>
public sealed record PresentedClient
{
    public required string? Id { get; init; }

    /// <summary>Null when absent or empty.</summary>
    public required string? Secret { get; init; }
}

/// <summary>
/// RFC 6749 §2.3: proves a client by its secret. Unknown and wrong get one answer after one time; details only once the secret
/// was proven. A secret proven before is remembered as a keyed hash, so that bcrypt is paid once and not per request.
/// </summary>
public sealed class ClientAuthentication(ClientDirectory clients, HashQueue hashes, Settings settings, TimeProvider time) : IDisposable
{
    private const int SecretsPerClient = 2;
    private const int MostRemembered = 50_000;

    private readonly FailureLimit failures = new(settings.FailuresPerSecond, TimeSpan.FromSeconds(1));
    private readonly ConcurrentDictionary<string, byte[]> proven = new(StringComparer.Ordinal);
    private readonly byte[] memoryKey = RandomNumberGenerator.GetBytes(32);

    /// <summary>The client, proven (or public), or the refusal.</summary>
    public async ValueTask<Result<Authenticated>> AuthenticateAsync(PresentedClient presented, RequestContext request, CancellationToken cancel)
    {
        var client = presented.Id is { } id ? await clients.FindAsync(id, cancel) : null;
        return Recognise(client, presented) ?? await ProveAsync(client, presented, request, cancel);
    }

    // Costs nothing slow: a public client, or a secret proven before. Null: it has to be proven.
    private Result<Authenticated>? Recognise(Client? client, PresentedClient presented)
    {
        switch (client)
        {
            case { IsPublic: true, Row.Enabled: true } when presented.Secret is null:
                return new Authenticated(client, null);
            case { IsPublic: false } when presented.Secret is { } secret:
                foreach (var row in client.Secrets)
                    if (IsRemembered(row, secret))
                        return Judge(client, row);
                break;
        }

        return null;
    }

    public void Dispose() => failures.Dispose();

    private async Task<Result<Authenticated>> ProveAsync(Client? client, PresentedClient presented, RequestContext request, CancellationToken cancel)
    {
        var address = FailureLimit.Subscriber(request.Address);
        var pair = $"{presented.Id} {address}";
        using var attempt = failures.Begin(address, pair);
        if (attempt.TooMany)
            return OAuthError.SlowDown("too many failed client authentications from this address", failures.RetryAfter);

        // What is remembered of the row may be a moment old: a secret just added works with its first use.
        if (client is not null && Recognise(client = await clients.ReadAsync(client.Id, cancel), presented) is { } recognised) return recognised;

        var costs = new List<int>(SecretsPerClient);
        if (client is { IsPublic: false } && presented.Secret is { } secret && SecretHash.CanHash(secret))
        {
            foreach (var row in client.Secrets)
            {
                if (SecretHash.Cost(row.Hash) is not { } cost) continue;
                costs.Add(cost);
                if (!await hashes.VerifyAsync(secret, row.Hash, cancel)) continue;
                Remember(row, secret);
                return Judge(client, row);
            }
        }

        await hashes.FillUpAsync(SecretsPerClient, costs, cancel);
        failures.Count(address);
        failures.Count(pair);
        return OAuthError.InvalidClient(client switch
        {
            null when presented.Id is null => "no client credentials came",
            null => "unknown client",
            { IsPublic: true, Row.Enabled: false } => "the public client is disabled",
            { IsPublic: true } => "a public client sent a secret",
            _ when presented.Secret is null => "the client has a secret and sent none",
            _ => "wrong secret",
        }, expected: client is null ? "a registered client" : client.IsPublic ? "no secret" : "one of its secrets",
            got: client?.Id ?? (presented.Id is { } id ? Presented.Unknown(id) : null));
    }

    // RFC 6749 §5.2, and behaviour 6: the secret is proven, so the client may be told its own state.
    private Result<Authenticated> Judge(Client client, SecretRow secret)
    {
        var now = time.GetUtcNow();
        if (!client.Row.Enabled) return OAuthError.RevokedClient("the client is disabled");
        if (secret.ExpiresAt <= now) return OAuthError.ExpiredSecret($"secret {secret.Id} expired at {secret.ExpiresAt:u}", "a secret that has not expired");
        if (secret.NotBefore > now) return OAuthError.InvalidClient($"secret {secret.Id} is not valid before {secret.NotBefore:u}");
        return new Authenticated(client, secret.Id);
    }

    private bool IsRemembered(SecretRow row, string secret) =>
        proven.TryGetValue(row.Hash, out var mac) && CryptographicOperations.FixedTimeEquals(mac, Mac(row, secret));

    private void Remember(SecretRow row, string secret)
    {
        if (proven.Count >= MostRemembered) proven.Clear();
        proven[row.Hash] = Mac(row, secret);
    }

    private byte[] Mac(SecretRow row, string secret) => HMACSHA256.HashData(memoryKey, Encoding.UTF8.GetBytes(row.Hash + secret));
}

/// <summary>A client whose identity holds, and the secret that proved it; null for public clients.</summary>
public sealed record Authenticated(Client Client, long? SecretId);
