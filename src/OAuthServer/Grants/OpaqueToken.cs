using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace OAuthServer.Grants;

/// <summary>
/// Codes, refresh tokens, session ids, pendingRequests: 256 random bits that mean nothing by themselves. The database holds their
/// SHA-256 only.
/// </summary>
public static class OpaqueToken
{
    private const int NonceBytes = 12;
    private const int TagBytes = 16;
    private static readonly byte[] SealInfo = "oauth-server successor v1"u8.ToArray();

    /// <summary>43 base64url characters from 32 random bytes.</summary>
    public static string Mint() => Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));

    /// <summary>SHA-256 of the token's text: what is stored and looked up.</summary>
    public static byte[] Hash(string token) => SHA256.HashData(Encoding.UTF8.GetBytes(token));

    /// <summary>Seals <paramref name="content"/> with a key only <paramref name="token"/> yields (HKDF-SHA256, AES-256-GCM): nonce, tag, ciphertext.</summary>
    public static byte[] Seal(string token, string content)
    {
        var plain = Encoding.UTF8.GetBytes(content);
        var box = new byte[NonceBytes + TagBytes + plain.Length];
        RandomNumberGenerator.Fill(box.AsSpan(0, NonceBytes));
        using var aes = Key(token);
        aes.Encrypt(box.AsSpan(0, NonceBytes), plain, box.AsSpan(NonceBytes + TagBytes), box.AsSpan(NonceBytes, TagBytes));
        return box;
    }

    /// <summary>Opens what <see cref="Seal"/> closed; null when token and box do not belong together.</summary>
    public static string? TryUnseal(string token, byte[] box)
    {
        try { return Unseal(token, box); }
        catch (AuthenticationTagMismatchException) { return null; }
    }

    /// <summary>Opens what <see cref="Seal"/> closed; throws when token or box are not the ones that belong together.</summary>
    public static string Unseal(string token, byte[] box)
    {
        var plain = new byte[box.Length - NonceBytes - TagBytes];
        using var aes = Key(token);
        aes.Decrypt(box.AsSpan(0, NonceBytes), box.AsSpan(NonceBytes + TagBytes), box.AsSpan(NonceBytes, TagBytes), plain);
        return Encoding.UTF8.GetString(plain);
    }

    private static AesGcm Key(string token)
    {
        Span<byte> key = stackalloc byte[32];
        HKDF.DeriveKey(HashAlgorithmName.SHA256, Encoding.UTF8.GetBytes(token), key, [], SealInfo);
        return new AesGcm(key, TagBytes);
    }
}
