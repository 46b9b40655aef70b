using System.Security.Cryptography;
using System.Text;
using OAuthServer.Fetch;
using OAuthServer.Keys;
using OAuthServer.Limits;
using OAuthServer.Protocol;
using OAuthServer.Stores.Clients;

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
    private readonly Cache<string, byte[]> proven = new(MostRemembered);
    private readonly SingleFlight<VerifiedSecret> proofs = new();
    private readonly byte[] memoryKey = RandomNumberGenerator.GetBytes(32);

    /// <summary>The client, proven (or public), or the refusal.</summary>
    public async ValueTask<Result<Authenticated>> AuthenticateAsync(PresentedClient presented, RequestContext request, CancellationToken cancel)
    {
        var client = presented.Id is { } id ? await clients.FindAsync(id, cancel) : null;
        return client is not null && IsKnown(client, presented, out var secret)
            ? Judge(client, secret)
            : await VerifySecretOnceAsync(presented, request, cancel);
    }

    // Costs nothing slow: a public client, or a secret proven before. Else it has to be proven.
    private bool IsKnown(Client client, PresentedClient presented, out SecretRow? secret)
    {
        secret = client.IsPublic || presented.Secret is not { } text ? null : client.Secrets.FirstOrDefault(row => IsRemembered(row, text));
        return secret is not null || (client is { IsPublic: true, Row.Enabled: true } && presented.Secret is null);
    }

    public void Dispose() => failures.Dispose();

    // Many who present one secret at the same moment, as after a restart, share one proof: only the first takes a place in the limit
    // and in the queue of slow hashes.
    private async Task<Result<Authenticated>> VerifySecretOnceAsync(PresentedClient presented, RequestContext request, CancellationToken cancel)
    {
        var address = FailureLimit.Subscriber(request.Address);
        var pair = FailureLimit.Pair(presented.Id, address);
        // A keyed digest: nobody can aim at another's, so that looking it up tells nothing by its time.
        var key = Convert.ToHexString(Mac(presented.Id + '\0', presented.Secret ?? ""));
        while (true)
        {
            var first = false;
            var proof = await proofs.JoinAsync(key, () =>
            {
                first = true;
                return VerifySecretAsync(presented, address, pair);
            }, cancel);

            // Another address has used up its failures, not this one perhaps.
            if (proof.TooMany && !first) continue;
            if (proof.TooMany) return OAuthError.SlowDown("too many failed client authentications from this address", failures.RetryAfter);
            if (proof.Proven) return Judge(proof.Client!, proof.Secret);
            failures.Count(address);
            failures.Count(pair);
            return Wrong(proof.Client, presented);
        }
    }

    private async Task<VerifiedSecret> VerifySecretAsync(PresentedClient presented, string address, string pair)
    {
        using var attempt = failures.Begin(address, pair);
        if (attempt.TooMany) return new VerifiedSecret { TooMany = true };

        // What is remembered of the row may be a moment old: a secret just added works with its first use.
        var client = presented.Id is { } id ? await clients.ReadAsync(id, CancellationToken.None) : null;
        if (client is not null && IsKnown(client, presented, out var known))
            return new VerifiedSecret { Client = client, Secret = known, Proven = true };

        var work = hashes.Begin(HashLane.Clients, address);
        try
        {
            var costs = new List<int>(SecretsPerClient);
            if (client is { IsPublic: false } && presented.Secret is { } secret && SecretHash.CanHash(secret))
            {
                foreach (var row in client.Secrets)
                {
                    if (SecretHash.Cost(row.Hash) is not { } cost) continue;
                    costs.Add(cost);
                    if (!await work.VerifyAsync(secret, row.Hash, CancellationToken.None)) continue;
                    Remember(row, secret);
                    return new VerifiedSecret { Client = client, Secret = row, Proven = true };
                }
            }

            await work.FillUpAsync(SecretsPerClient, costs, CancellationToken.None);
        }
        catch (HashQueueFullException)
        {
            // Or a flood would never be slowed down: most of it is refused here.
            failures.Count(address);
            failures.Count(pair);
            throw;
        }

        work.Failed();
        return new VerifiedSecret { Client = client };
    }

    private static OAuthError Wrong(Client? client, PresentedClient presented) => OAuthError.InvalidClient(client switch
    {
        null when presented.Id is null => "no client credentials came",
        null => "unknown client",
        { IsPublic: true, Row.Enabled: false } => "the public client is disabled",
        { IsPublic: true } => "a public client sent a secret",
        _ when presented.Secret is null => "the client has a secret and sent none",
        _ => "wrong secret",
    }, expected: client is null ? "a registered client" : client.IsPublic ? "no secret" : "one of its secrets",
        got: client?.Id ?? (presented.Id is { } id ? Presented.Unknown(id) : null));

    // RFC 6749 §5.2, and behaviour 6: the secret is proven, so the client may be told its own state.
    private Result<Authenticated> Judge(Client client, SecretRow? secret)
    {
        if (secret is null) return new Authenticated(client, null);
        var now = time.GetUtcNow();
        if (!client.Row.Enabled) return OAuthError.RevokedClient("the client is disabled");
        if (secret.ExpiresAt <= now) return OAuthError.ExpiredSecret($"secret {secret.Id} expired at {secret.ExpiresAt:u}", "a secret that has not expired");
        if (secret.NotBefore > now) return OAuthError.InvalidClient($"secret {secret.Id} is not valid before {secret.NotBefore:u}");
        return new Authenticated(client, secret.Id);
    }

    private bool IsRemembered(SecretRow row, string secret) =>
        proven.TryGet(row.Hash, out var mac) && CryptographicOperations.FixedTimeEquals(mac, Mac(row.Hash, secret));

    private void Remember(SecretRow row, string secret) => proven.Set(row.Hash, Mac(row.Hash, secret));

    private byte[] Mac(string what, string secret) => HMACSHA256.HashData(memoryKey, Encoding.UTF8.GetBytes(what + secret));

    // What came of the slow part, for all who wait for it.
    private sealed record VerifiedSecret
    {
        public Client? Client { get; init; }
        public SecretRow? Secret { get; init; }
        public bool Proven { get; init; }
        public bool TooMany { get; init; }
    }
}

/// <summary>A client whose identity holds, and the secret that proved it; null for public clients.</summary>
public sealed record Authenticated(Client Client, long? SecretId);
