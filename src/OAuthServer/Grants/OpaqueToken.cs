using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace OAuthServer.Grants;

/// <summary>
/// Session ids, pending requests and invitations: 256 random bits that mean nothing by themselves. The database holds their SHA-256
/// only. Codes and refresh tokens carry more: <see cref="AuthorizationCode"/>, <see cref="RefreshToken"/>.
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

    /// <summary>Seals <paramref name="content"/> with a key only <paramref name="token"/> yields; see the other overload.</summary>
    public static byte[] Seal(string token, string content) => Seal(Encoding.UTF8.GetBytes(token), Encoding.UTF8.GetBytes(content));

    /// <summary>
    /// Seals <paramref name="content"/> with a key only <paramref name="secret"/> yields (HKDF-SHA256, AES-256-GCM): nonce, tag,
    /// ciphertext.
    /// </summary>
    public static byte[] Seal(byte[] secret, byte[] content)
    {
        var box = new byte[NonceBytes + TagBytes + content.Length];
        RandomNumberGenerator.Fill(box.AsSpan(0, NonceBytes));
        using var aes = Key(secret);
        aes.Encrypt(box.AsSpan(0, NonceBytes), content, box.AsSpan(NonceBytes + TagBytes), box.AsSpan(NonceBytes, TagBytes));
        return box;
    }

    /// <summary>Opens what <c>Seal</c> closed; null when token and box do not belong together.</summary>
    public static string? TryUnseal(string token, byte[] box)
    {
        try { return Unseal(token, box); }
        catch (AuthenticationTagMismatchException) { return null; }
    }

    /// <summary>Opens what <c>Seal</c> closed; throws when token or box are not the ones that belong together.</summary>
    public static string Unseal(string token, byte[] box) => Encoding.UTF8.GetString(Unseal(Encoding.UTF8.GetBytes(token), box));

    /// <inheritdoc cref="Unseal(string, byte[])"/>
    public static byte[] Unseal(byte[] secret, byte[] box)
    {
        var content = new byte[box.Length - NonceBytes - TagBytes];
        using var aes = Key(secret);
        aes.Decrypt(box.AsSpan(0, NonceBytes), box.AsSpan(NonceBytes + TagBytes), box.AsSpan(NonceBytes, TagBytes), content);
        return content;
    }

    private static AesGcm Key(byte[] secret)
    {
        Span<byte> key = stackalloc byte[32];
        HKDF.DeriveKey(HashAlgorithmName.SHA256, secret, key, [], SealInfo);
        return new AesGcm(key, TagBytes);
    }
}
