using System.Security.Cryptography;
using System.Text;
using OAuthServer.Keys;

namespace OAuthServer.Federation;

/// <summary>
/// What providers gave this server as its secret, sealed under the key-encryption key. The first octet is 0, which no typed text begins
/// with: the database takes nothing else.
/// </summary>
public static class ProviderSecrets
{
    /// <summary>The secret as it is stored.</summary>
    public static byte[] Seal(string secret, KeyEncryption encryption) => [0, .. encryption.Seal(Encoding.UTF8.GetBytes(secret))];

    /// <summary>The secret; null where no key of ours opens it.</summary>
    public static string? Open(byte[] box, KeyEncryption encryption)
    {
        try { return Encoding.UTF8.GetString(encryption.Unseal(box[1..])); }
        catch (CryptographicException) { return null; }
    }

    /// <summary>The same under the key that seals; null where it is under that already.</summary>
    public static byte[]? Reseal(byte[] box, KeyEncryption encryption) => encryption.Reseal(box[1..]) is { } after ? [0, .. after] : null;
}
