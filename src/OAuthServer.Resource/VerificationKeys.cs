using System.Collections.Frozen;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Microsoft.IdentityModel.Tokens;

namespace OAuthServer.ResourceServer;

/// <summary>A public key of the server and the one algorithm it is for.</summary>
internal sealed record VerificationKey(string Kid, string Alg, SecurityKey Key);

/// <summary>
/// The server's keys (RFC 7517), remembered for an hour. An unknown kid makes one request ask again, at most once a minute; the
/// others, and everybody while the server is away, go on with what is known.
/// </summary>
internal sealed class VerificationKeys(ServerConnection server, OAuthResourceOptions options, TimeProvider time, ILogger log)
{
    private static readonly TimeSpan Hurry = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Spacing = TimeSpan.FromMilliseconds(100);

    private readonly SemaphoreSlim turn = new(1, 1);
    private readonly Lock writing = new();
    private FrozenDictionary<string, VerificationKey> keys = FrozenDictionary<string, VerificationKey>.Empty;
    private long read;
    private long asked;
    private long withdrawn;

    /// <summary>Whether keys have ever been read.</summary>
    public bool Known => Volatile.Read(ref read) != 0;

    /// <summary>The key of this id; null when the server has none.</summary>
    public async ValueTask<VerificationKey?> FindAsync(string kid)
    {
        var age = Since(ref read);
        if (age < options.KeysLiveFor && keys.TryGetValue(kid, out var key))
        {
            // Ahead of time and beside the request, so that nobody waits for the server once an hour.
            if (age > options.KeysLiveFor * 0.9 && MayAsk) _ = AskAsync();
            return key;
        }

        if (!MayAsk && Hurried) await Task.Delay(Spacing);
        if (MayAsk) await AskAsync();
        return keys.GetValueOrDefault(kid);
    }

    /// <summary>
    /// The server has withdrawn a key: forget it, and for a while ask often about unknown ones, as its successor signs already.
    /// </summary>
    public void Withdraw(string kid)
    {
        // Not over what was read in the meantime: its successor may be in there.
        lock (writing) keys = keys.Where(pair => pair.Key != kid).ToFrozenDictionary(StringComparer.Ordinal);
        Volatile.Write(ref withdrawn, time.GetTimestamp());
    }

    private bool MayAsk => Since(ref asked) is not { } waited || waited >= (
        Hurried ? Spacing : Known ? options.KeysAskedAgainAfter : TimeSpan.FromSeconds(1));

    private bool Hurried => Since(ref withdrawn) < Hurry;

    private TimeSpan? Since(ref long timestamp) => Volatile.Read(ref timestamp) is var at && at != 0 ? time.GetElapsedTime(at) : null;

    // Whoever asks does it for all: a caller that hangs up must not leave the others without keys.
    private async Task AskAsync()
    {
        await turn.WaitAsync();
        try
        {
            if (!MayAsk) return;
            Volatile.Write(ref asked, time.GetTimestamp());
            var url = await server.EndpointAsync("jwks_uri", CancellationToken.None)
                ?? throw new HttpRequestException("the metadata has no jwks_uri");
            var found = Read(await server.JsonAsync(url, CancellationToken.None));
            lock (writing) keys = found;
            Volatile.Write(ref read, time.GetTimestamp());
        }
        catch (Exception fault) when (fault is HttpRequestException or InvalidOperationException or ArgumentException or FormatException)
        {
            log.LogWarning("The keys of {Issuer} could not be read ({Reason})", options.Issuer, fault.Message);
        }
        finally
        {
            turn.Release();
        }
    }

    // Public signature keys of the algorithms we take, 2048 bits and more for RSA; the rest is none of our business.
    private FrozenDictionary<string, VerificationKey> Read(JsonElement document)
    {
        var found = new Dictionary<string, VerificationKey>(StringComparer.Ordinal);
        if (!document.TryGetProperty("keys", out var list) || list.ValueKind != JsonValueKind.Array)
            throw new HttpRequestException("the JWKS has no keys");
        foreach (var item in list.EnumerateArray())
        {
            var jwk = new JsonWebKey(item.GetRawText());
            var alg = jwk switch
            {
                { Kty: "EC", Crv: "P-256", Alg: null or "" or "ES256" } => "ES256",
                { Kty: "RSA", Alg: null or "" or "RS256", KeySize: >= 2048 } => "RS256",
                _ => null,
            };
            if (alg is null || string.IsNullOrEmpty(jwk.Kid) || jwk.Use is not (null or "" or "sig") || !options.Algorithms.Contains(alg))
                continue;
            found.TryAdd(jwk.Kid, new VerificationKey(jwk.Kid, alg, jwk));
        }

        return found.ToFrozenDictionary(StringComparer.Ordinal);
    }
}
