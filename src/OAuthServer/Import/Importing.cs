using System.Buffers.Text;
using System.Security.Cryptography;
using OAuthServer.Keys;
using OAuthServer.Protocol;
using OAuthServer.Stores.Clients;
using OAuthServer.Stores.Import;
using OAuthServer.Stores.Postgres;

namespace OAuthServer.Import;

/// <summary>A line that was not taken, and why.</summary>
public sealed record BadLine(int Line, string Reason);

/// <summary>What came of an import.</summary>
public sealed record Imported
{
    /// <summary>How many of each type are new.</summary>
    public SortedDictionary<string, int> Added { get; } = new(StringComparer.Ordinal);

    /// <summary>The same was there: an import may be run again.</summary>
    public int AlreadyThere { get; set; }

    /// <summary>Over before they came.</summary>
    public int Expired { get; set; }
    public List<BadLine> Bad { get; } = [];

    /// <summary>Nothing stays after all.</summary>
    internal void TakeBack()
    {
        Added.Clear();
        (AlreadyThere, Expired) = (0, 0);
    }
}

/// <summary>
/// Rows of another server, a JSON object a line, so that what it issued stays valid until its own expiry. One transaction: cut off, it
/// leaves nothing behind, and run again it adds what is missing.
/// </summary>
public sealed class Importing(Database database, TimeProvider time)
{
    private static readonly TimeSpan OldEnough = TimeSpan.FromDays(365);

    /// <summary>Takes all good lines; or, where <paramref name="strict"/> and one is bad, none.</summary>
    /// <param name="progress">Told the number of each line.</param>
    public Task<Imported> RunAsync(TextReader file, bool strict, Author author, Action<int> progress, CancellationToken cancel) =>
        Edit.ByAsync(database, author, async edit =>
        {
            var imported = new Imported();
            for (var line = 1; await file.ReadLineAsync(cancel) is { } text; line++)
            {
                if (!string.IsNullOrWhiteSpace(text)) await TakeAsync(edit, text, line, imported);
                progress(line);
            }

            if (strict && imported.Bad.Count > 0) imported.TakeBack();
            return imported;
        }, imported => !strict || imported.Bad.Count == 0, cancel);

    private async Task TakeAsync(Edit edit, string text, int line, Imported imported)
    {
        string? problem = null;
        if (ImportRecord.Read(text, out var flaw) is not { } record) problem = flaw;
        else if (await edit.TryAsync(one => AddAsync(new ImportStore(one), record, imported)) is { } refusal)
            problem = refusal.Hint is null ? refusal.Message : $"{refusal.Message}. {refusal.Hint}";
        if (problem is not null) imported.Bad.Add(new BadLine(line, problem));
    }

    private Task<string?> AddAsync(ImportStore store, ImportRecord record, Imported imported) => record switch
    {
        KeysRecord keys => AddAsync(store, keys, imported),
        ClientRecord client => AddAsync(store, client, imported),
        UserRecord user => AddAsync(store, user, imported),
        RefreshTokenRecord token => AddAsync(store, token, imported),
        SessionRecord session => AddAsync(store, session, imported),
        _ => throw new ArgumentException($"{record.GetType().Name} is not imported", nameof(record)),
    };

    private async Task<string?> AddAsync(ImportStore store, KeysRecord record, Imported imported)
    {
        if (ImportedJwks.Read(record, out var problem) is not { } rows) return problem;
        if (record.Until <= time.GetUtcNow()) return Over(imported);
        foreach (var row in rows)
            Count(imported, "keys", await store.MarkAsync(SHA256.HashData(row.PublicKey), record.Until) && await store.AddAsync(row));
        return null;
    }

    private async Task<string?> AddAsync(ImportStore store, ClientRecord record, Imported imported)
    {
        var now = time.GetUtcNow();
        if (record.Secrets.Any(secret => IsUseless(secret.Hash))) return Useless;
        Count(imported, "clients", await store.AddAsync(new ImportedClient
        {
            Client = new NewClient
            {
                ClientId = record.ClientId,
                Kind = record.Kind,
                Name = record.Name,
                RedirectUris = record.RedirectUris,
                Scopes = record.Scopes,
                DefaultScopes = record.DefaultScopes,
                Resources = record.Resources,
                DefaultResource = record.DefaultResource,
                GrantTypes = record.GrantTypes,
                AuthMethod = record.AuthMethod,
                AccessTokenSeconds = record.AccessTokenSeconds,
                RefreshTokenSeconds = record.RefreshTokenSeconds,
                RefreshIdleSeconds = record.RefreshIdleSeconds,
                Note = record.Note,
            },
            Enabled = record.Enabled,
            CreatedAt = record.CreatedAt ?? now - OldEnough,
            Secrets =
            [
                .. record.Secrets.Select(secret => new NewSecret
                {
                    ClientId = record.ClientId,
                    Hash = secret.Hash,
                    Label = secret.Label,
                    NotBefore = now,
                    ExpiresAt = secret.ExpiresAt,
                }),
            ],
        }));
        return null;
    }

    private static async Task<string?> AddAsync(ImportStore store, UserRecord record, Imported imported)
    {
        if (IsUseless(record.PasswordHash)) return Useless;
        var added = await store.AddAsync(
            new ImportedUser(record.Subject, record.Username, record.PasswordHash, record.Role, record.Enabled));
        if (added is null) return $"another person has the name {record.Username} or this subject";
        Count(imported, "users", added.Value);
        return null;
    }

    private async Task<string?> AddAsync(ImportStore store, RefreshTokenRecord record, Imported imported)
    {
        var now = time.GetUtcNow();
        if (Digest(record.Sha256) is not { } hash) return NoDigest;
        if (record.ExpiresAt <= now) return Over(imported);
        var scope = record.Scope.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var token = new ImportedRefreshToken
        {
            GrantId = Guid.CreateVersion7(now),
            Hash = hash,
            ClientId = record.ClientId,
            Subject = record.Subject,
            Scope = [.. scope.Where(name => name != Scope.OfflineAccess)],
            OfflineRequested = scope.Contains(Scope.OfflineAccess),
            Resources = record.Resources,
            Now = now,
            ExpiresAt = record.ExpiresAt,
        };
        var place = await store.FindAsync(token);
        var problem = place.IsThere ? null
            : !place.HasClient ? $"there is no client {record.ClientId}: import it first"
            : !place.MayRefresh ? $"the client {record.ClientId} has no refresh_token among its grant types"
            : !place.HasUser ? "nobody who is enabled has this subject: import the person first"
            : record.Resources.Length == 0 ? "resources is empty: name what its access tokens are for"
            : place.MissingResource is { } missing ? $"there is no resource {missing}: add it first"
            : null;
        if (problem is not null) return problem;
        var isNew = await store.MarkAsync(hash, record.ExpiresAt) && !place.IsThere;
        if (isNew) await store.AddAsync(token);
        Count(imported, "refresh_tokens", isNew);
        return null;
    }

    private async Task<string?> AddAsync(ImportStore store, SessionRecord record, Imported imported)
    {
        var now = time.GetUtcNow();
        if (Digest(record.Sha256) is not { } hash) return NoDigest;
        if (record.ExpiresAt <= now) return Over(imported);
        if (record.AuthenticatedAt > now) return "authenticated_at has not come yet";
        var isNew = await store.MarkAsync(hash, record.ExpiresAt);
        var added = isNew
            ? await store.AddAsync(new ImportedSession(hash, record.Subject, record.AuthenticatedAt, now, record.ExpiresAt)) : false;
        if (added is null) return "nobody who is enabled has this subject: import the person first";
        Count(imported, "sessions", added.Value);
        return null;
    }

    private const string Useless = "a hash is malformed, or costs more than a sign-in may (docs/import.md)";

    private static bool IsUseless(string hash) => ImportedHash.IsSlow(hash) && !ImportedHash.IsUsable(hash);

    private const string NoDigest = "sha256 is no SHA-256: write 64 hexadecimal digits, base64 or base64url";

    private static string? Over(Imported imported)
    {
        imported.Expired++;
        return null;
    }

    private static void Count(Imported imported, string type, bool added)
    {
        if (added) imported.Added[type] = imported.Added.GetValueOrDefault(type) + 1;
        else imported.AlreadyThere++;
    }

    private static byte[]? Digest(string text)
    {
        try
        {
            var octets = text.Length == 64 ? Convert.FromHexString(text)
                : Base64Url.DecodeFromChars(text.Replace('+', '-').Replace('/', '_'));
            return octets.Length == 32 ? octets : null;
        }
        catch (FormatException)
        {
            return null;
        }
    }
}
