using OAuthServer.Stores.Keys;

namespace OAuthServer.Keys;

/// <summary>What a signing key is doing at a moment.</summary>
public enum SigningKeyState
{
    /// <summary>Published, does not sign yet: verifiers are still learning it.</summary>
    Pending,

    /// <summary>Signs.</summary>
    Active,

    /// <summary>Published until the last token it signed has expired.</summary>
    Retired,
}

/// <summary>
/// The keys of one algorithm, one after the other; those of other algorithms change nothing. A key's state follows from the times in
/// this line alone, so every server agrees: pending until it signs, active until the next one signs, retired until the last token it
/// signed has expired, then gone. With none that signs yet, the first that is to sign does so at once: the one before it was revoked,
/// or a server whose clock is ahead made it. A key that is gone is in no line: what is left of it verifies hints.
/// </summary>
public static class KeyLine
{
    /// <summary>The longest life an access token can have.</summary>
    public static readonly TimeSpan LongestToken = TimeSpan.FromHours(1);

    // Beyond the longest token: clocks that differ, and requests in flight while the next key takes over.
    private static readonly TimeSpan Slack = TimeSpan.FromMinutes(1);

    /// <summary>From the moment the next key signs until this one is gone.</summary>
    public static readonly TimeSpan Afterlife = LongestToken + Slack;

    /// <summary>What a key is doing at a moment; null: no longer published.</summary>
    public static SigningKeyState? StateOf(SigningKeyRow key, IReadOnlyList<SigningKeyRow> all, DateTimeOffset now)
    {
        if (!Counts(key)) return null;
        var others = all.Where(other => Counts(other) && other.Alg == key.Alg);
        if (key.SignsFrom > now)
            return others.Any(other => Order(other).CompareTo(Order(key)) < 0) ? SigningKeyState.Pending : SigningKeyState.Active;
        // The next one that took over.
        var next = others.Where(other => other.SignsFrom <= now && Order(other).CompareTo(Order(key)) > 0)
            .Min(other => (DateTimeOffset?)other.SignsFrom);
        return next is null ? SigningKeyState.Active
            : now < next + Afterlife ? SigningKeyState.Retired
            : null;
    }

    /// <summary>When a key leaves the JWKS, as far as is known: once another one took over and its last token has expired.</summary>
    public static DateTimeOffset? GoneAt(SigningKeyRow key, IReadOnlyList<SigningKeyRow> all) =>
        all.Where(other => other.RetiredAt is null && other.Alg == key.Alg && Order(other).CompareTo(Order(key)) > 0)
            .Min(other => (DateTimeOffset?)other.SignsFrom) + Afterlife;

    /// <summary>When the newest key of an algorithm began to sign, or will; null: there is none.</summary>
    public static DateTimeOffset? Newest(string alg, IReadOnlyList<SigningKeyRow> all) =>
        all.Where(row => Counts(row) && row.Alg == alg).Max(row => (DateTimeOffset?)row.SignsFrom);

    private static bool Counts(SigningKeyRow key) => key is { RetiredAt: null, IsForHints: false };

    private static (DateTimeOffset, string) Order(SigningKeyRow key) => (key.SignsFrom, key.Kid);
}
