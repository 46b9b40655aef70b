using System.Collections.Concurrent;
using Npgsql;
using OAuthServer.Stores.Clients;

namespace OAuthServer.Clients;

/// <summary>Notes who was last used when, a few times a minute and many at a time, so that no request pays for it.</summary>
public sealed class ClientUse(ClientStore store, TimeProvider time, ILogger<ClientUse> log)
{
    // Few enough that a statement ends in time, on a slow machine too.
    private const int MostAtOnce = 1000;
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(20);
    private readonly ConcurrentDictionary<string, byte> clients = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<long, byte> secrets = new();
    private readonly ConcurrentDictionary<(string Client, string Thumbprint), byte> keys = new();

    /// <summary>This client got a token, introspected one, or read the revocation feed.</summary>
    public void Note(Authenticated used)
    {
        clients.TryAdd(used.Client.Id, 0);
        if (used.SecretId is { } secret) secrets.TryAdd(secret, 0);
        if (used.Thumbprint is { } key) keys.TryAdd((used.Client.Id, key), 0);
    }

    /// <summary>Writes what was noted, until <paramref name="cancel"/>, and once more then.</summary>
    public async Task RunAsync(CancellationToken cancel)
    {
        while (true)
        {
            try { await Task.Delay(Pause, cancel); }
            catch (OperationCanceledException) { }

            await WriteAsync();
            if (cancel.IsCancellationRequested) return;
        }
    }

    private async Task WriteAsync()
    {
        if (clients.IsEmpty) return;
        string[] used = [.. clients.Keys];
        long[] usedSecrets = [.. secrets.Keys];
        (string Client, string Thumbprint)[] usedKeys = [.. keys.Keys];
        clients.Clear();
        secrets.Clear();
        keys.Clear();
        var now = time.GetUtcNow();
        try
        {
            foreach (var some in used.Chunk(MostAtOnce)) await store.ClientsUsedAsync(some, now);
            foreach (var some in usedSecrets.Chunk(MostAtOnce)) await store.SecretsUsedAsync(some, now);
            foreach (var some in usedKeys.Chunk(MostAtOnce)) await store.KeysUsedAsync(some, now);
        }
        catch (Exception fault) when (fault is NpgsqlException or TimeoutException)
        {
            log.LogDebug("Could not note when clients were last used: {Reason}", fault.Message);
        }
    }
}
