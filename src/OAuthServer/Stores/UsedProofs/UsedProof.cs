using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace OAuthServer.Stores.UsedProofs;

/// <summary>Something that proves and works once: a row of used_proofs, about to be written.</summary>
public sealed record UsedProof
{
    private const int LongestOnStack = 512;

    /// <summary>SHA-256 of what kind of proof it is and of what tells it from others.</summary>
    public required byte[] Hash { get; init; }

    /// <summary>When it would be refused for its age anyway.</summary>
    public required DateTimeOffset ExpiresAt { get; init; }

    /// <summary>A proof of this kind; each part stands behind its length, so that no two lists of parts are one text.</summary>
    public static UsedProof Of(string kind, DateTimeOffset expires, params ReadOnlySpan<string> parts)
    {
        var length = sizeof(int) + Encoding.UTF8.GetByteCount(kind);
        foreach (var part in parts) length += sizeof(int) + Encoding.UTF8.GetByteCount(part);
        Span<byte> octets = length <= LongestOnStack ? stackalloc byte[LongestOnStack] : new byte[length];
        var written = Append(octets, kind);
        foreach (var part in parts) written += Append(octets[written..], part);
        return new UsedProof { Hash = SHA256.HashData(octets[..written]), ExpiresAt = expires };
    }

    private static int Append(Span<byte> octets, string text)
    {
        var length = Encoding.UTF8.GetBytes(text, octets[sizeof(int)..]);
        BinaryPrimitives.WriteInt32BigEndian(octets, length);
        return sizeof(int) + length;
    }
}

/// <summary>What one request proves once. Spent by the statement that decides it.</summary>
public sealed record Proofs
{
    public static readonly Proofs None = new();

    /// <summary>The client's (RFC 7523 §3): spent whatever becomes of the request. Null: none.</summary>
    public UsedProof? Assertion { get; init; }

    /// <summary>Of a key (RFC 9449): spent only where the request succeeds: a flood of refusals stores nothing. Null: none.</summary>
    public UsedProof? Dpop { get; init; }
}

/// <summary>Which proof of a request was no longer new; in SQL its number.</summary>
public enum UsedBefore
{
    Nothing = 0,
    Assertion = 1,
    Dpop = 2,
}
