using System.Security.Cryptography;
using OAuthServer.Keys;

namespace OAuthServer.Grants;

/// <summary>
/// RFC 8628 §6.1: the code a person types from one screen into another. Eight letters without vowels, 34 bits: no word, no digit that
/// looks like a letter. Case, dashes and spaces are forgiven.
/// </summary>
public sealed class UserCode
{
    /// <summary>All its letters.</summary>
    public const string Alphabet = "BCDFGHJKLMNPQRSTVWXZ";

    private const int Length = 8;
    private const int LongestTyped = 64;
    private const string KeyPrefix = "device-";

    private readonly string letters;

    private UserCode(string letters) => this.letters = letters;

    /// <summary>As devices show it: BCDF-GHJK.</summary>
    public string Text => $"{letters[..4]}-{letters[4..]}";

    /// <summary>By which a sign-in leads back to the page with the code in it.</summary>
    public string PageKey => KeyPrefix + letters.ToLowerInvariant();

    /// <summary>A new one.</summary>
    public static UserCode Mint() => new(RandomNumberGenerator.GetString(Alphabet, Length));

    /// <summary>Null for what cannot be one.</summary>
    public static UserCode? Read(string? typed)
    {
        if (typed is null or { Length: > LongestTyped }) return null;
        var letters = string.Concat(typed.Where(one => !char.IsWhiteSpace(one) && !IsDash(one)).Select(char.ToUpperInvariant));
        return letters.Length == Length && letters.All(Alphabet.Contains) ? new UserCode(letters) : null;
    }

    /// <summary>What <see cref="PageKey"/> wrote; null for anything else.</summary>
    public static UserCode? OfPageKey(string? key) =>
        key is not null && key.StartsWith(KeyPrefix, StringComparison.Ordinal) ? Read(key[KeyPrefix.Length..]) : null;

    /// <summary>
    /// What the database holds of it: HMAC-SHA-256 under each key-encryption key, the one that seals first. All codes could be tried in an
    /// hour against a hash without a key.
    /// </summary>
    public byte[][] Macs(KeyEncryption keys) => keys.Macs("user code", System.Text.Encoding.ASCII.GetBytes(letters));

    private static bool IsDash(char one) => char.GetUnicodeCategory(one) == System.Globalization.UnicodeCategory.DashPunctuation;
}
