using System.Security.Cryptography;

namespace OAuthServer.Protocol;

/// <summary>
/// Random octets for identifiers, of which each request needs several: a thread fills a block at once, because a call into the
/// generator costs the same for ten octets as for hundreds. Not for secrets: what is drawn ahead lies in memory until it is used.
/// </summary>
internal static class RandomOctets
{
    private const int BlockLength = 1024;

    [ThreadStatic]
    private static byte[]? block;

    [ThreadStatic]
    private static int used;

    /// <summary>Fills at most a block; the same octets are never given twice.</summary>
    public static void Fill(Span<byte> octets)
    {
        if (block is null || BlockLength - used < octets.Length)
        {
            block ??= new byte[BlockLength];
            RandomNumberGenerator.Fill(block);
            used = 0;
        }

        block.AsSpan(used, octets.Length).CopyTo(octets);
        used += octets.Length;
    }
}
