using System.Security.Cryptography;
using Microsoft.IdentityModel.Tokens;
using Npgsql;
using OAuthServer.Protocol;
using OAuthServer.Stores.Keys;
using OAuthServer.Stores.Postgres;

namespace OAuthServer.Keys;

/// <summary>A public key of another server, which verifies its tokens until a date and signs nothing.</summary>
public sealed class ImportedKey
{
    private readonly AsymmetricAlgorithm algorithm;

    private ImportedKey(ImportedKeyRow row, AsymmetricAlgorithm algorithm)
    {
        (Row, this.algorithm) = (row, algorithm);
        SecurityKey = algorithm is RSA rsa ? new RsaSecurityKey(rsa) { KeyId = row.Kid }
            : new ECDsaSecurityKey((ECDsa)algorithm) { KeyId = row.Kid };
    }

    public ImportedKeyRow Row { get; }

    /// <summary>For the token library, which verifies with it.</summary>
    public SecurityKey SecurityKey { get; }

    /// <inheritdoc cref="SigningKey.Jwk()"/>
    public IReadOnlyList<(string Name, string Value)> Jwk() => SigningKey.Jwk(algorithm, Row.Alg, Row.Kid);

    /// <summary>Null when it is no key of its kind: P-256 for ES256, 2048 bits or more for RS256.</summary>
    public static ImportedKey? TryOpen(ImportedKeyRow row)
    {
        AsymmetricAlgorithm algorithm = row.Alg == "RS256" ? RSA.Create() : ECDsa.Create();
        try
        {
            algorithm.ImportSubjectPublicKeyInfo(row.PublicKey, out _);
            if (row.Alg == "RS256" ? algorithm.KeySize is >= 2048 and <= 8192 : algorithm.KeySize == 256)
                return new ImportedKey(row, algorithm);
        }
        catch (CryptographicException)
        {
            // As below.
        }

        algorithm.Dispose();
        return null;
    }
}

/// <summary>All imported keys that still verify, in memory; an edit is heard within a moment.</summary>
public sealed class ImportedKeys(
    ImportedKeyStore store, UnreadableRows unreadable, Settings settings, TimeProvider time, ILogger<ImportedKeys> log)
{
    private static readonly TimeSpan Refresh = TimeSpan.FromSeconds(30);

    private readonly LoopPause pause = new();
    private volatile IReadOnlyList<ImportedKey> keys = [];
    private volatile IReadOnlyList<ImportedKey> published = [];

    /// <summary>Whether there is any.</summary>
    public bool Any => keys.Count > 0;

    /// <summary>
    /// What the JWKS publishes beside our own: keys of the issuer that is ours now. Whoever has the key of another issuer shall not sign in
    /// our name. The same list until one begins or ends.
    /// </summary>
    public IReadOnlyList<ImportedKey> Published => published;

    /// <summary>The key of this kid, while it verifies.</summary>
    public ImportedKey? Find(string kid, DateTimeOffset now)
    {
        foreach (var key in keys)
            if (key.Row.Kid == kid && key.Row.VerifiesUntil > now)
                return key;
        return null;
    }

    /// <summary>Reads again soon: somebody changed the table.</summary>
    public void Wake() => pause.End();

    /// <summary>Keeps up with the table.</summary>
    public async Task RunAsync(CancellationToken cancel)
    {
        while (!cancel.IsCancellationRequested)
        {
            try
            {
                await ReadAsync(cancel);
            }
            catch (OperationCanceledException) when (cancel.IsCancellationRequested) { return; }
            catch (Exception fault) when (fault is NpgsqlException or TimeoutException)
            {
                log.LogDebug("Imported keys could not be read, trying again: {Reason}", fault.Message);
            }

            try { await pause.WaitAsync(Refresh, cancel); }
            catch (OperationCanceledException) { return; }
        }
    }

    private async Task ReadAsync(CancellationToken cancel)
    {
        var rows = await store.ListAsync(time.GetUtcNow(), cancel);
        var known = keys;
        ImportedKey[] opened = [.. rows
            .Select(row => known.FirstOrDefault(key => IsSame(key.Row, row)) ?? ImportedKey.TryOpen(row)).OfType<ImportedKey>()];
        unreadable.Report("imported_keys", [.. rows.Select(row => row.Kid).Except(opened.Select(key => key.Row.Kid))]);
        if (opened.SequenceEqual(known)) return;
        keys = opened;
        published = [.. opened.Where(key => key.Row.Issuer == settings.Issuer)];
    }

    private static bool IsSame(ImportedKeyRow one, ImportedKeyRow other) =>
        one with { PublicKey = other.PublicKey } == other && one.PublicKey.AsSpan().SequenceEqual(other.PublicKey);
}
