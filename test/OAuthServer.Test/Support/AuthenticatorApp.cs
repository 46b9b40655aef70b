using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;

namespace OAuthServer.Test.Support;

/// <summary>An authenticator app on somebody's phone, by RFC 6238 and RFC 4226 alone.</summary>
public sealed class AuthenticatorApp(string secret, Clock clock)
{
    private const string Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    private readonly byte[] key = Decode(secret.Replace(" ", "", StringComparison.Ordinal));

    /// <summary>The code it shows now, or so many steps from now.</summary>
    public string Code(int steps = 0)
    {
        var counter = new byte[8];
        BinaryPrimitives.WriteInt64BigEndian(counter, (clock.GetUtcNow().ToUnixTimeSeconds() / 30) + steps);
        var hash = HMACSHA1.HashData(key, counter);
        var at = hash[^1] & 0xf;
        var code = (BinaryPrimitives.ReadInt32BigEndian(hash.AsSpan(at)) & 0x7fffffff) % 1_000_000;
        return code.ToString("D6", CultureInfo.InvariantCulture);
    }

    private static byte[] Decode(string text)
    {
        var (bits, held, octets) = (0, 0, new List<byte>());
        foreach (var letter in text)
        {
            held = (held << 5) | Alphabet.IndexOf(letter, StringComparison.Ordinal);
            bits += 5;
            if (bits < 8) continue;
            octets.Add((byte)(held >> (bits - 8)));
            bits -= 8;
            held &= (1 << bits) - 1;
        }

        return [.. octets];
    }
}
