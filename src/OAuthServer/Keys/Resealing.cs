using System.Security.Cryptography;
using OAuthServer.Stores.Keys;
using OAuthServer.Stores.Mail;
using OAuthServer.Stores.Users;

namespace OAuthServer.Keys;

/// <summary>What <see cref="Resealing"/> did.</summary>
public sealed record Resealed
{
    /// <summary>Sealed under the second key before, under the first now.</summary>
    public List<string> Done { get; } = [];

    /// <summary>Under the first key already.</summary>
    public int Left { get; set; }

    /// <summary>Neither key opens these.</summary>
    public List<string> Unreadable { get; } = [];
}

/// <summary>
/// Seals whatever the second key-encryption key opens under the first. Each row by itself and only as it was read, so it may be cut off
/// and begun again while servers run: they open both.
/// </summary>
public sealed class Resealing(
    SigningKeyStore signingKeys, DataProtectionKeyStore dataProtectionKeys, FactorStore factors, OutboxStore outbox,
    KeyEncryption encryption)
{
    /// <summary>Signing keys.</summary>
    public async Task<Resealed> SigningKeysAsync(CancellationToken cancel)
    {
        var resealed = new Resealed();
        foreach (var row in (await signingKeys.ListAsync(cancel)).Where(row => !row.IsForHints))
            await AddAsync(resealed, row.Kid, () => encryption.Reseal(row.Sealed),
                after => signingKeys.ResealAsync(row.Kid, row.Sealed, after, cancel));
        return resealed;
    }

    /// <summary>The keys of cookies and forms.</summary>
    public async Task<Resealed> DataProtectionKeysAsync(CancellationToken cancel)
    {
        var resealed = new Resealed();
        foreach (var row in dataProtectionKeys.List())
            await AddAsync(resealed, row.Id, () => DataProtectionSeal.Reseal(row.Xml, encryption),
                after => dataProtectionKeys.ResealAsync(row.Id, row.Xml, after, cancel));
        return resealed;
    }

    /// <summary>The secrets of authenticator apps.</summary>
    public async Task<Resealed> SecretsAsync(CancellationToken cancel)
    {
        var resealed = new Resealed();
        foreach (var row in await factors.SecretsAsync(cancel))
            await AddAsync(resealed, $"the app of {row.Subject}", () => encryption.Reseal(row.SecretSealed),
                after => factors.ResealAsync(row.Subject, row.SecretSealed, after, cancel));
        return resealed;
    }

    /// <summary>Mail that waits.</summary>
    public async Task<Resealed> MailAsync(CancellationToken cancel)
    {
        var resealed = new Resealed();
        foreach (var row in await outbox.SealedAsync(cancel))
            await AddAsync(resealed, $"the mail {row.Id}", () => encryption.Reseal(row.Sealed),
                after => outbox.ResealAsync(row.Id, row.Sealed, after, cancel));
        return resealed;
    }

    private static async Task AddAsync<T>(Resealed resealed, string name, Func<T?> reseal, Func<T, Task<bool>> store) where T : class
    {
        T? after;
        try { after = reseal(); }
        catch (CryptographicException)
        {
            resealed.Unreadable.Add(name);
            return;
        }

        if (after is not null && await store(after)) resealed.Done.Add(name);
        else resealed.Left++;
    }
}
