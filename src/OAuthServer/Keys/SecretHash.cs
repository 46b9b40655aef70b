using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace OAuthServer.Keys;

/// <summary>
/// bcrypt: writes <c>$2a$</c> (which pgcrypto knows), reads <c>$2a$ $2b$ $2y$</c>, cost 10 to 14. Refuses what bcrypt would
/// silently cut: NUL and more than 72 UTF-8 bytes.
/// </summary>
public static class SecretHash
{
    /// <summary>43 characters of <c>[A-Za-z0-9_-]</c> from 256 random bits: a client secret, shown once.</summary>
    public static string NewSecret() => Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));

    /// <summary>Whether bcrypt can take all of it: not empty, no NUL, at most 72 UTF-8 bytes.</summary>
    public static bool CanHash(string secret) => secret.Length is > 0 and <= 72 && !secret.Contains('\0') && Encoding.UTF8.GetByteCount(
        secret) <= 72;

    /// <summary>Whether <see cref="HashQueue.Attempt.VerifyAsync"/> can compare this secret with this hash.</summary>
    public static bool CanVerify(string secret, string hash) =>
        ImportedHash.CanVerify(secret, hash) || (CanHash(secret) && Cost(hash) is not null);

    /// <summary>The cost of a well-formed hash, 10 to 14; null for anything else.</summary>
    public static int? Cost(string hash) =>
        hash.Length == 60 && hash[0] == '$' && hash[1] == '2' && hash[2] is 'a' or 'b' or 'y' && hash[3] == '$' && hash[6] == '$'
        && int.TryParse(hash.AsSpan(4, 2), out var cost) && cost is >= 10 and <= 14
            ? cost
            : null;

    /// <summary>A new hash with a fresh salt. Slow on purpose: cost 12 is about 0.35 s.</summary>
    public static string Make(string secret, int cost)
    {
        if (!CanHash(secret)) throw new ArgumentException("bcrypt takes 1 to 72 bytes without NUL", nameof(secret));
        return BCrypt.Net.BCrypt.HashPassword(secret, BCrypt.Net.BCrypt.GenerateSalt(cost, 'a'));
    }

    /// <summary>Whether the secret makes this hash, bcrypt or imported. Slow on purpose; compares in constant time.</summary>
    public static bool Verify(string secret, string hash) =>
        ImportedHash.IsSlow(hash) ? ImportedHash.Verify(secret, hash)
        : CanHash(secret) && Cost(hash) is not null && BCrypt.Net.BCrypt.Verify(secret, hash);
}
