using System.Security.Cryptography;
using System.Text;
using OAuthServer.Fetch;
using OAuthServer.Keys;
using OAuthServer.Limits;
using OAuthServer.Protocol;
using OAuthServer.Stores.Clients;
using OAuthServer.Stores.UsedProofs;

namespace OAuthServer.Clients;

/// <summary>
/// RFC 6749 §2.3: authenticates a client by its secret or by its key. Unknown and wrong get one answer after one time; details only
/// once that was verified. A secret verified before is remembered as a keyed hash, so that bcrypt is paid once and not per request.
/// </summary>
public sealed class ClientAuthentication(
    ClientDirectory clients, ClientAssertions assertions, HashQueue hashes, Settings settings, TimeProvider time) : IDisposable
{
    private const int SecretsPerClient = 2;
    private const int MostRemembered = 50_000;
    private const int LongestOnStack = 512;

    private readonly FailureLimit failures = new(settings.FailuresPerSecond, TimeSpan.FromSeconds(1));
    private readonly Cache<string, byte[]> remembered = new(MostRemembered);
    private readonly SingleFlight<VerifiedSecret> verifications = new();
    private readonly byte[] memoryKey = RandomNumberGenerator.GetBytes(32);

    /// <summary>The client, authenticated (or public), or the refusal.</summary>
    public async ValueTask<Result<Authenticated>> AuthenticateAsync(ClientCredential presented, RequestContext request,
        CancellationToken cancel)
    {
        if (presented is ClientCredential.Assertion assertion) return await VerifyAssertionAsync(assertion, request, cancel);
        var client = presented.ClientId is { } id ? await clients.FindAsync(id, cancel) : null;
        return client is not null && IsKnown(client, presented, out var secret)
            ? Judge(client, secret)
            : await VerifySecretOnceAsync(presented, request, cancel);
    }

    // Costs nothing slow: a public client, or a secret verified before. Else it has to be verified.
    private bool IsKnown(Client client, ClientCredential presented, out SecretRow? secret)
    {
        secret = presented is ClientCredential.Secret { Text: var text } && !client.IsPublic ? Remembered(client, text) : null;
        return secret is not null || (presented is ClientCredential.None && client is { IsPublic: true, Row.Enabled: true });
    }

    public void Dispose() => failures.Dispose();

    // Failures are looked at once the signature is: it costs little, and a client that signs well is not held up by its neighbours.
    private async ValueTask<Result<Authenticated>> VerifyAssertionAsync(ClientCredential.Assertion presented, RequestContext request,
        CancellationToken cancel)
    {
        var (client, flaw) = ((Client?)null, presented.Flaw);
        if (presented.Jwt is { } jwt)
        {
            client = await clients.FindAsync(presented.ClientId!, cancel);
            if ((await assertions.VerifyAsync(client, jwt, cancel)).Refused(out var unavailable, out var signature)) return unavailable;
            // As with a secret: what is remembered of the row may be a moment old.
            if (signature.Key is null && client is not null)
            {
                var before = client.Row;
                client = await clients.ReadAsync(client.Id, cancel);
                if (client is not null && (client.Row.Jwks, client.Row.JwksUri, client.Row.AssertionAlg, client.Row.AuthMethod)
                    != (before.Jwks, before.JwksUri, before.AssertionAlg, before.AuthMethod)
                    && (await assertions.VerifyAsync(client, jwt, cancel)).Refused(out unavailable, out signature)) return unavailable;
            }

            if (signature.Key is { } key && client is not null) return assertions.Judge(client, presented, key);
            flaw = signature.Flaw;
        }

        var address = FailureLimit.Subscriber(request.Address);
        var pair = FailureLimit.Pair(presented.ClientId, address);
        if (failures.Exhausted(address) || failures.Exhausted(pair))
            return OAuthError.SlowDown("too many failed client authentications from this address", failures.RetryAfter);
        failures.Count(address);
        failures.Count(pair);
        return OAuthError.InvalidClient($"client assertion: {flaw}", "RFC 7523 §3", "an assertion signed by a key of the client",
            client?.Id ?? (presented.ClientId is { } id ? Presented.Unknown(id) : null));
    }

    // Many who present one secret at the same moment, as after a restart, share one verification: only the first takes a place in the limit
    // and in the queue of slow hashes.
    private async Task<Result<Authenticated>> VerifySecretOnceAsync(ClientCredential presented, RequestContext request,
        CancellationToken cancel)
    {
        var address = FailureLimit.Subscriber(request.Address);
        var pair = FailureLimit.Pair(presented.ClientId, address);
        // A keyed digest: nobody can aim at another's, so that looking it up tells nothing by its time.
        var key = Convert.ToHexString(Digest(presented.ClientId + '\0', (presented as ClientCredential.Secret)?.Text ?? ""));
        while (true)
        {
            var first = false;
            var verified = await verifications.JoinAsync(key, () =>
            {
                first = true;
                return VerifySecretAsync(presented, address, pair);
            }, cancel);

            // Another address has used up its failures, not this one perhaps.
            if (verified.TooMany && !first) continue;
            if (verified.TooMany)
                return OAuthError.SlowDown("too many failed client authentications from this address", failures.RetryAfter);
            if (verified.Verified) return Judge(verified.Client!, verified.Secret);
            failures.Count(address);
            failures.Count(pair);
            return Wrong(verified.Client, presented);
        }
    }

    private async Task<VerifiedSecret> VerifySecretAsync(ClientCredential presented, string address, string pair)
    {
        using var attempt = failures.Begin(address, pair);
        if (attempt.TooMany) return new VerifiedSecret { TooMany = true };

        // What is remembered of the row may be a moment old: a secret just added works with its first use.
        var client = presented.ClientId is { } id ? await clients.ReadAsync(id, CancellationToken.None) : null;
        if (client is not null && IsKnown(client, presented, out var known))
            return new VerifiedSecret { Client = client, Secret = known, Verified = true };

        var work = hashes.Begin(HashLane.Clients, address);
        try
        {
            var costs = new List<int>(SecretsPerClient);
            if (client is { IsPublic: false } && presented is ClientCredential.Secret { Text: var secret })
            {
                foreach (var row in client.Secrets)
                {
                    var matches = ImportedHash.VerifyFast(secret, row.Hash);
                    if (!matches && !SecretHash.CanVerify(secret, row.Hash)) continue;
                    if (SecretHash.Cost(row.Hash) is { } cost) costs.Add(cost);
                    if (!matches && !await work.VerifyAsync(secret, row.Hash, CancellationToken.None)) continue;
                    Remember(row, secret);
                    return new VerifiedSecret { Client = client, Secret = row, Verified = true };
                }
            }

            await work.FillUpAsync(SecretsPerClient, costs, await clients.ImportedHashAsync(), CancellationToken.None);
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

    private static OAuthError Wrong(Client? client, ClientCredential presented) => OAuthError.InvalidClient(client switch
    {
        null when presented.ClientId is null => "no client credentials came",
        null => "unknown client",
        { IsPublic: true, Row.Enabled: false } => "the public client is disabled",
        { IsPublic: true } => "a public client sent a secret",
        { HasKeys: true } => "the client proves itself by key, and sent no assertion",
        _ when presented is ClientCredential.None => "the client has a secret and sent none",
        _ => "wrong secret",
    }, expected: client is null ? "a registered client" : client.IsPublic ? "no secret" : "one of its secrets",
        got: client?.Id ?? (presented.ClientId is { } id ? Presented.Unknown(id) : null));

    // RFC 6749 §5.2, and behaviour 6: the secret is verified, so the client may be told its own state.
    private Result<Authenticated> Judge(Client client, SecretRow? secret)
    {
        if (secret is null) return new Authenticated(client, null);
        var now = time.GetUtcNow();
        if (!client.Row.Enabled) return OAuthError.RevokedClient("the client is disabled");
        if (secret.ExpiresAt <= now)
            return OAuthError.ExpiredSecret($"secret {secret.Id} expired at {secret.ExpiresAt:u}", "a secret that has not expired");
        if (secret.NotBefore > now) return OAuthError.InvalidClient($"secret {secret.Id} is not valid before {secret.NotBefore:u}");
        return new Authenticated(client, secret.Id);
    }

    private SecretRow? Remembered(Client client, string secret)
    {
        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        foreach (var row in client.Secrets)
        {
            if (!remembered.TryGet(row.Hash, out var known)) continue;
            Digest(row.Hash, secret, digest);
            if (CryptographicOperations.FixedTimeEquals(known, digest)) return row;
        }

        return null;
    }

    private void Remember(SecretRow row, string secret) => remembered.Set(row.Hash, Digest(row.Hash, secret));

    private byte[] Digest(string what, string secret)
    {
        var digest = new byte[SHA256.HashSizeInBytes];
        Digest(what, secret, digest);
        return digest;
    }

    // A key in front is enough where nobody ever sees a digest, and half the price of HMAC.
    private void Digest(string what, string secret, Span<byte> digest)
    {
        var length = memoryKey.Length + Encoding.UTF8.GetMaxByteCount(what.Length + secret.Length);
        var input = length <= LongestOnStack ? stackalloc byte[length] : new byte[length];
        memoryKey.CopyTo(input);
        var end = memoryKey.Length;
        end += Encoding.UTF8.GetBytes(what, input[end..]);
        end += Encoding.UTF8.GetBytes(secret, input[end..]);
        SHA256.HashData(input[..end], digest);
    }

    // What came of the slow part, for all who wait for it.
    private sealed record VerifiedSecret
    {
        public Client? Client { get; init; }
        public SecretRow? Secret { get; init; }
        public bool Verified { get; init; }
        public bool TooMany { get; init; }
    }
}

/// <summary>A client whose identity holds, and the secret that authenticated it; null: it has none, or signed an assertion.</summary>
public sealed record Authenticated(Client Client, long? SecretId)
{
    /// <summary>The assertion that proved it, which the statement that decides spends; null: a secret did, or nothing.</summary>
    public UsedProof? Assertion { get; init; }

    /// <summary>The key that signed it (RFC 7638); null: none.</summary>
    public string? Thumbprint { get; init; }

    /// <summary>What the audit log says of what was proven: a blank and words; empty: nothing.</summary>
    public string Note { get; init; } = "";

    /// <summary>private_key_jwt where an assertion proved it; else null.</summary>
    public string? ProvenBy => Assertion is null ? null : AuthMethod.PrivateKeyJwtName;
}
