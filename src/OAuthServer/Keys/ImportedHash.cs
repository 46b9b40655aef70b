using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Identity;
using Org.BouncyCastle.Crypto.Generators;
using Org.BouncyCastle.Crypto.Parameters;

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
    private const int LongestHash = 64;

    // What one sign-in may cost: about a second, and 64 MiB.
    private const int MostIterations = 3_000_000;
    private const int MostMemory = 65_536;
    private const int MostMemoryPasses = 262_144;
    private const int MostLanes = 8;

    private static readonly PasswordHasher<object> Identity = new();

    /// <summary>Whether it has the beginning of a slow hash of another server, in one of the forms above.</summary>
    public static bool IsSlow(string hash) =>
        hash.StartsWith("AQAAAA", StringComparison.Ordinal) || hash.StartsWith("$pbkdf2-", StringComparison.Ordinal)
        || hash.StartsWith("$argon2id$", StringComparison.Ordinal);

    /// <summary>Whether a slow hash can be compared with: well formed, and no dearer than a sign-in may be.</summary>
    public static bool IsUsable(string hash) => Comparison(hash) is not null;

    /// <summary>Whether <see cref="Verify"/> would do the work for this secret.</summary>
    public static bool CanVerify(string secret, string hash) => secret.Length <= LongestSecret && IsUsable(hash);

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
    /// Whether the secret makes this slow hash; false for what <see cref="CanVerify"/> refuses. Compares in constant time.
    /// </summary>
    public static bool Verify(string secret, string hash) =>
        secret.Length <= LongestSecret && Comparison(hash) is { } compare && compare(secret);

    private static Func<string, bool>? Comparison(string hash) =>
        Pbkdf2().Match(hash) is { Success: true } pbkdf2 ? OfPbkdf2(pbkdf2)
        : Argon2id().Match(hash) is { Success: true } argon2 ? OfArgon2(argon2)
        : OfIdentity(hash);

    // 1, the digest's number, the iterations, the length of the salt, salt and hash; numbers are big-endian (ASP.NET Core Identity v3).
    private static Func<string, bool>? OfIdentity(string hash)
    {
        const int header = 13;
        if (Octets(hash) is not { Length: > header } octets || octets[0] != 1) return null;
        uint NumberAt(int place) => BinaryPrimitives.ReadUInt32BigEndian(octets.AsSpan(place));
        var (digest, iterations, salt, rest) = (NumberAt(1), NumberAt(5), NumberAt(9), octets.Length - header);
        if (digest > 2 || iterations is < 1 or > MostIterations || salt is < 16 or > LongestHash
            || rest - salt is < 16 or > LongestHash || IsTooDear((int)iterations, (int)(rest - salt))) return null;
        return secret => Identity.VerifyHashedPassword(Identity, hash, secret) != PasswordVerificationResult.Failed;
    }

    private static Func<string, bool>? OfPbkdf2(Match parts)
    {
        var iterations = Number(parts, "i");
        if (Octets(parts.Groups["salt"].Value) is not { Length: > 0 } salt
            || Octets(parts.Groups["hash"].Value) is not { Length: >= 16 and <= LongestHash } expected
            || iterations < 1 || IsTooDear(iterations, expected.Length)) return null;
        var digest = parts.Groups["digest"].Value switch
        {
            "1" => HashAlgorithmName.SHA1,
            "256" => HashAlgorithmName.SHA256,
            _ => HashAlgorithmName.SHA512,
        };
        return secret => CryptographicOperations.FixedTimeEquals(
            Rfc2898DeriveBytes.Pbkdf2(secret, salt, iterations, digest, expected.Length), expected);
    }

    private static Func<string, bool>? OfArgon2(Match parts)
    {
        var (memory, passes, lanes) = (Number(parts, "m"), Number(parts, "t"), Number(parts, "p"));
        if (Octets(parts.Groups["salt"].Value) is not { Length: >= 8 } salt
            || Octets(parts.Groups["hash"].Value) is not { Length: >= 16 and <= LongestHash } expected
            || passes < 1 || lanes is < 1 or > MostLanes || memory < 8 * lanes || memory > MostMemory
            || memory * passes > MostMemoryPasses) return null;
        return secret =>
        {
            // All lanes on this thread, which gives way to others.
            var argon2 = new Argon2BytesGenerator();
            argon2.Init(new Argon2Parameters.Builder(Argon2Parameters.Argon2id).WithVersion(Argon2Parameters.Version13)
                .WithSalt(salt).WithMemoryAsKB(memory).WithIterations(passes).WithParallelism(lanes).Build());
            var made = new byte[expected.Length];
            argon2.GenerateBytes(Encoding.UTF8.GetBytes(secret), made);
            return CryptographicOperations.FixedTimeEquals(made, expected);
        };
    }

    // A block of SHA-1, the shortest digest, has 20 octets.
    private static bool IsTooDear(int iterations, int length) => (long)iterations * ((length + 19) / 20) > MostIterations;

    private static int Number(Match parts, string name) => int.Parse(parts.Groups[name].ValueSpan, CultureInfo.InvariantCulture);

    // PHC strings have base64 without padding.
    private static byte[]? Octets(string text)
    {
        var octets = new byte[text.Length];
        return Convert.TryFromBase64String(text.PadRight((text.Length + 3) / 4 * 4, '='), octets, out var length) ? octets[..length] : null;
    }

    [GeneratedRegex(@"^\$pbkdf2-sha(?<digest>1|256|512)\$i=(?<i>[0-9]{1,7})"
        + @"\$(?<salt>[A-Za-z0-9+/]{1,172})\$(?<hash>[A-Za-z0-9+/]{1,172})\z")]
    private static partial Regex Pbkdf2();

    [GeneratedRegex(@"^\$argon2id\$v=19\$m=(?<m>[0-9]{1,6}),t=(?<t>[0-9]{1,2}),p=(?<p>[0-9]{1,2})"
        + @"\$(?<salt>[A-Za-z0-9+/]{1,172})\$(?<hash>[A-Za-z0-9+/]{1,172})\z")]
    private static partial Regex Argon2id();
}
