using System.Security.Cryptography;
using OAuthServer.Federation;
using OAuthServer.Keys;
using OAuthServer.Stores.Federation;
using OAuthServer.Stores.Postgres;

namespace OAuthServer.Cli;

/// <summary>Seals the secrets of providers under the first key-encryption key, as <see cref="Resealing"/> does of keys.</summary>
internal static class ProviderResealing
{
    public static async Task<Resealed> RunAsync(Database database, KeyEncryption encryption, CancellationToken cancel)
    {
        var (resealed, edits) = (new Resealed(), new ProviderEdits(database));
        foreach (var row in await new ProviderStore(database).ListAsync(cancel))
        {
            if (row.SecretSealed is not { } box) continue;
            try
            {
                if (ProviderSecrets.Reseal(box, encryption) is { } after && await edits.ResealAsync(row.Id, box, after, cancel))
                    resealed.Done.Add(row.Id);
                else resealed.Left++;
            }
            catch (CryptographicException)
            {
                resealed.Unreadable.Add("provider " + row.Id);
            }
        }

        return resealed;
    }
}
