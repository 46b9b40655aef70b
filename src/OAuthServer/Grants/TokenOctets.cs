using System.Buffers;
using System.Buffers.Text;
using System.Security.Cryptography;

namespace OAuthServer.Grants;

/// <summary>What the texts of codes and refresh tokens share: base64url of a kind (one octet), a grant's id (16) and the rest.</summary>
internal static class TokenOctets
{
    public const int SecretLength = 32;
    private const int IdLength = 16;

    public static string Write(byte kind, Guid grantId, ReadOnlySpan<byte> rest)
    {
        Span<byte> octets = stackalloc byte[1 + IdLength + rest.Length];
        octets[0] = kind;
        grantId.TryWriteBytes(octets[1..], bigEndian: true, out _);
        rest.CopyTo(octets[(1 + IdLength)..]);
        return Base64Url.EncodeToString(octets);
    }

    /// <summary>Grant id and rest; null when it is of another kind or length, or no base64url.</summary>
    public static byte[]? Read(byte kind, string text, int restLength)
    {
        var length = 1 + IdLength + restLength;
        if (text.Length != Base64Url.GetEncodedLength(length)) return null;
        Span<byte> octets = stackalloc byte[length + 2];
        var status = Base64Url.DecodeFromChars(text, octets, out _, out var written);
        return status is OperationStatus.Done && written == length && octets[0] == kind ? octets[1..length].ToArray() : null;
    }

    public static Guid GrantId(ReadOnlySpan<byte> octets) => new(octets[..IdLength], bigEndian: true);

    public static byte[] Hash(byte kind, ReadOnlySpan<byte> secret)
    {
        Span<byte> octets = stackalloc byte[1 + SecretLength];
        octets[0] = kind;
        secret.CopyTo(octets[1..]);
        return SHA256.HashData(octets);
    }
}
