using System.Security.Cryptography;
using OAuthServer.Protocol;

namespace OAuthServer.Keys;

/// <summary>AES-256-GCM under the key-encryption key: signing keys and Data Protection keys at rest.</summary>
public sealed class KeyEncryption(Settings settings)
{
    private const int NonceBytes = 12;
    private const int TagBytes = 16;
    private readonly byte[] key = Convert.FromBase64String(settings.KeyEncryptionKey.Trim());

    /// <summary>Nonce, tag, ciphertext.</summary>
    public byte[] Seal(ReadOnlySpan<byte> plain)
    {
        var box = new byte[NonceBytes + TagBytes + plain.Length];
        RandomNumberGenerator.Fill(box.AsSpan(0, NonceBytes));
        using var aes = new AesGcm(key, TagBytes);
        aes.Encrypt(box.AsSpan(0, NonceBytes), plain, box.AsSpan(NonceBytes + TagBytes), box.AsSpan(NonceBytes, TagBytes));
        return box;
    }

    /// <summary>
    /// Opens what <see cref="Seal"/> closed; throws CryptographicException under another key-encryption key, and for anything else.
    /// </summary>
    public byte[] Unseal(byte[] box)
    {
        if (box.Length < NonceBytes + TagBytes) throw new CryptographicException("too short to have been sealed");
        var plain = new byte[box.Length - NonceBytes - TagBytes];
        using var aes = new AesGcm(key, TagBytes);
        aes.Decrypt(box.AsSpan(0, NonceBytes), box.AsSpan(NonceBytes + TagBytes), box.AsSpan(NonceBytes, TagBytes), plain);
        return plain;
    }
}
