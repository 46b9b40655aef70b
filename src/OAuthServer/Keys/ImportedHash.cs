using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Konscious.Security.Cryptography;
using Microsoft.AspNetCore.Identity;

namespace OAuthServer.Keys;

/// <summary>
/// Hashes that other servers made and <c>import</c> brought; nothing here makes any. Slow ones are PBKDF2 as ASP.NET Core Identity v3
/// writes it, <c>$pbkdf2-sha256$i=…$salt$hash</c>, and Argon2id in PHC form; the fast one is <c>sha256:</c> and 64 hexadecimal digits, of
/// client secrets that are random enough.
/// </summary>
public static partial class ImportedHash
{
    private const string FastPrefix = "sha256:";
    private const int LongestSecret = 1024;
    private const int MostMemory = 131_072;
    private const int MostPasses = 16;
    private const int MostLanes = 8;
    private const int MostIterations = 2_000_000;

    private static readonly PasswordHasher<object> Identity = new();

    /// <summary>Whether it is a slow hash of another server, in one of the forms above.</summary>
    public static bool IsSlow(string hash) =>
        hash.StartsWith("AQAAAA", StringComparison.Ordinal) || hash.StartsWith("$pbkdf2-", StringComparison.Ordinal)
        || hash.StartsWith("$argon2id$", StringComparison.Ordinal);

    /// <summary>Whether the secret makes this fast hash; false for hashes of any other form. Compares in constant time.</summary>
    public static bool VerifyFast(string secret, string hash)
    {
        if (!hash.StartsWith(FastPrefix, StringComparison.Ordinal)) return false;
        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes(secret), digest);
        return CryptographicOperations.FixedTimeEquals(
            Encoding.ASCII.GetBytes(Convert.ToHexStringLower(digest)), Encoding.ASCII.GetBytes(hash[FastPrefix.Length..]));
    }

    /// <summary>
    /// Whether the secret makes this slow hash. Refuses what would cost more than a sign-in may. Compares in constant time.
    /// </summary>
    public static bool Verify(string secret, string hash)
    {
        if (secret.Length > LongestSecret) return false;
        if (Pbkdf2().Match(hash) is { Success: true } pbkdf2) return VerifyPbkdf2(secret, pbkdf2);
        if (Argon2id().Match(hash) is { Success: true } argon2) return VerifyArgon2(secret, argon2);
        return IsSlow(hash) && VerifyIdentity(secret, hash);
    }

    private static bool VerifyIdentity(string secret, string hash)
    {
        Span<byte> octets = stackalloc byte[256];
        // 1, the digest's number, the iterations, the length of the salt; big-endian (ASP.NET Core Identity v3).
        return Convert.TryFromBase64String(hash, octets, out var length) && length > 13
            && System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(octets[5..]) <= MostIterations
            && Identity.VerifyHashedPassword(Identity, hash, secret) != PasswordVerificationResult.Failed;
    }

    private static bool VerifyPbkdf2(string secret, Match parts)
    {
        var (iterations, expected) = (Number(parts, "i"), Octets(parts, "hash"));
        if (iterations is < 1 or > MostIterations) return false;
        var digest = parts.Groups["digest"].Value switch
        {
            "1" => HashAlgorithmName.SHA1,
            "256" => HashAlgorithmName.SHA256,
            _ => HashAlgorithmName.SHA512,
        };
        return CryptographicOperations.FixedTimeEquals(
            Rfc2898DeriveBytes.Pbkdf2(secret, Octets(parts, "salt"), iterations, digest, expected.Length), expected);
    }

    private static bool VerifyArgon2(string secret, Match parts)
    {
        var (memory, passes, lanes) = (Number(parts, "m"), Number(parts, "t"), Number(parts, "p"));
        if (passes is < 1 or > MostPasses || lanes is < 1 or > MostLanes || memory < 8 * lanes || memory > MostMemory) return false;
        using var argon2 = new Argon2id(Encoding.UTF8.GetBytes(secret))
        {
            Salt = Octets(parts, "salt"),
            MemorySize = memory,
            Iterations = passes,
            DegreeOfParallelism = lanes,
        };
        var expected = Octets(parts, "hash");
        return CryptographicOperations.FixedTimeEquals(argon2.GetBytes(expected.Length), expected);
    }

    private static int Number(Match parts, string name) => int.Parse(parts.Groups[name].ValueSpan, CultureInfo.InvariantCulture);

    // PHC strings have base64 without padding.
    private static byte[] Octets(Match parts, string name)
    {
        var text = parts.Groups[name].Value;
        return Convert.FromBase64String(text.PadRight((text.Length + 3) / 4 * 4, '='));
    }

    [GeneratedRegex(@"^\$pbkdf2-sha(?<digest>1|256|512)\$i=(?<i>\d{1,7})\$(?<salt>[A-Za-z0-9+/]+)\$(?<hash>[A-Za-z0-9+/]+)$")]
    private static partial Regex Pbkdf2();

    [GeneratedRegex(
        @"^\$argon2id\$v=19\$m=(?<m>\d{1,6}),t=(?<t>\d{1,2}),p=(?<p>\d{1,2})\$(?<salt>[A-Za-z0-9+/]+)\$(?<hash>[A-Za-z0-9+/]+)$")]
    private static partial Regex Argon2id();
}
