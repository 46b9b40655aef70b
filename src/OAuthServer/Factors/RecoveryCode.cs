using System.Security.Cryptography;
using OtpNet;

namespace OAuthServer.Factors;

/// <summary>
/// Codes to print: 80 random bits each (NIST SP 800-63B-4 §3.1.2), as sixteen letters and digits in four groups. Each works once.
/// </summary>
public static class RecoveryCode
{
    /// <summary>How many there are in a set.</summary>
    public const int Set = 10;

    private const int Bytes = 10;
    private const int Letters = 16;

    /// <summary>A new set, to be shown once.</summary>
    public static string[] NewSet() => [.. Enumerable.Range(0, Set).Select(_ => Text(RandomNumberGenerator.GetBytes(Bytes)))];

    /// <summary>SHA-256 of a code as typed, in any case and with any blanks or hyphens; null: it is none.</summary>
    public static byte[]? Hash(string typed)
    {
        var code = string.Concat(typed.Where(char.IsAsciiLetterOrDigit)).ToUpperInvariant();
        if (code.Length != Letters || typed.Any(character => !char.IsAsciiLetterOrDigit(character) && character is not (' ' or '-')))
            return null;
        try { return SHA256.HashData(Base32Encoding.ToBytes(code)); }
        catch (ArgumentException) { return null; }
    }

    private static string Text(byte[] code) => string.Join('-', Base32Encoding.ToString(code).Chunk(4).Select(group => new string(group)));
}
