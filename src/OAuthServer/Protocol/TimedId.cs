using System.Buffers;
using System.Buffers.Binary;
using System.Buffers.Text;

namespace OAuthServer.Protocol;

/// <summary>
/// Identifiers that carry their time, base64url: 48 bits of Unix milliseconds, then random bits. Whoever has one knows in which
/// millisecond of the audit log to look, and inserts touch the newest pages of an index only.
/// </summary>
public static class TimedId
{
    private const int TimeOctets = 6;
    private const int TimeCharacters = 8;

    /// <summary>20 characters with 72 random bits: a Request-Id.</summary>
    public static string NewRequestId(DateTimeOffset now) => New(now, stackalloc byte[TimeOctets + 9]);

    /// <summary>22 characters with 80 random bits: the jti of an access token (RFC 7519 §4.1.7).</summary>
    public static string NewJti(DateTimeOffset now) => New(now, stackalloc byte[TimeOctets + 10]);

    /// <summary>
    /// The millisecond an id was made in, also of what plain SQL wrote (<c>sql-</c>, twelve hexadecimal digits, transaction); null
    /// when it carries no time between 2020 and 2100.
    /// </summary>
    public static DateTimeOffset? TimeOf(string id)
    {
        Span<byte> octets = stackalloc byte[8];
        octets.Clear();
        if (id.StartsWith("sql-", StringComparison.Ordinal))
        {
            if (id.Length < 16 || Convert.FromHexString(id.AsSpan(4, 12), octets[2..], out _, out _) != OperationStatus.Done)
                return null;
        }
        else if (id.Length < TimeCharacters
            // Not TryDecodeFromChars: that one throws at a character outside the alphabet.
            || Base64Url.DecodeFromChars(id.AsSpan(0, TimeCharacters), octets[2..], out _, out _) != OperationStatus.Done)
        {
            return null;
        }

        var milliseconds = BinaryPrimitives.ReadInt64BigEndian(octets);
        return milliseconds is >= 1_577_836_800_000 and < 4_102_444_800_000 ? DateTimeOffset.FromUnixTimeMilliseconds(milliseconds) : null;
    }

    private static string New(DateTimeOffset now, Span<byte> octets)
    {
        Span<byte> time = stackalloc byte[8];
        BinaryPrimitives.WriteInt64BigEndian(time, now.ToUnixTimeMilliseconds());
        time[2..].CopyTo(octets);
        RandomOctets.Fill(octets[TimeOctets..]);
        return Base64Url.EncodeToString(octets);
    }
}
