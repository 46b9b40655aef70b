using System.Security.Cryptography;
using OAuthServer.Protocol;

namespace OAuthServer.Keys;

/// <summary>
/// AES-256-GCM under the key-encryption key: signing keys and Data Protection keys at rest. While one key-encryption key takes the place of
/// another, both open and the first seals.
/// </summary>
public sealed class KeyEncryption(Settings settings)
{
    private const int NonceBytes = 12;
    private const int TagBytes = 16;
    private readonly byte[][] keys =
    [
        .. new[] { settings.KeyEncryptionKey, settings.SecondKeyEncryptionKey }.Select(text => text.Trim()).Where(text => text.Length > 0)
            .Select(Convert.FromBase64String),
    ];

    /// <summary>Nonce, tag, ciphertext.</summary>
    public byte[] Seal(ReadOnlySpan<byte> plain)
    {
        var box = new byte[NonceBytes + TagBytes + plain.Length];
        RandomNumberGenerator.Fill(box.AsSpan(0, NonceBytes));
        using var aes = new AesGcm(keys[0], TagBytes);
        aes.Encrypt(box.AsSpan(0, NonceBytes), plain, box.AsSpan(NonceBytes + TagBytes), box.AsSpan(NonceBytes, TagBytes));
        return box;
    }

    /// <summary>
    /// Opens what <see cref="Seal"/> closed under either key; throws CryptographicException for anything else.
    /// </summary>
    public byte[] Unseal(byte[] box) =>
        keys.Select(key => TryUnseal(box, key)).FirstOrDefault(plain => plain is not null)
        ?? throw new CryptographicException("sealed under another key-encryption key, or not sealed at all");

    /// <summary>The same content under the key that seals; null when it is under that already.</summary>
    public byte[]? Reseal(byte[] box)
    {
        if (TryUnseal(box, keys[0]) is not null) return null;
        var plain = Unseal(box);
        var resealed = Seal(plain);
        CryptographicOperations.ZeroMemory(plain);
        return resealed;
    }

    /// <summary>HMAC-SHA-256 of a text under each key, the one that seals first; what serves one purpose says nothing of another.</summary>
    public byte[][] Macs(string purpose, byte[] text) =>
    [
        .. keys.Select(key => HMACSHA256.HashData(
            HKDF.DeriveKey(HashAlgorithmName.SHA256, key, 32, info: System.Text.Encoding.UTF8.GetBytes($"oauth-server {purpose} v1")),
            text)),
    ];

    private static byte[]? TryUnseal(byte[] box, byte[] key)
    {
        if (box.Length < NonceBytes + TagBytes) return null;
        var plain = new byte[box.Length - NonceBytes - TagBytes];
        using var aes = new AesGcm(key, TagBytes);
        try
        {
            aes.Decrypt(box.AsSpan(0, NonceBytes), box.AsSpan(NonceBytes + TagBytes), box.AsSpan(NonceBytes, TagBytes), plain);
            return plain;
        }
        catch (AuthenticationTagMismatchException)
        {
            return null;
        }
    }
}
