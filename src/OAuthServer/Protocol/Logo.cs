namespace OAuthServer.Protocol;

/// <summary>The operator's own picture beside the server's name; what it is, is read from its first octets.</summary>
/// <param name="Type">Its media type.</param>
public sealed record Logo(string Type, byte[] Octets)
{
    /// <summary>Every page loads it.</summary>
    private const int Largest = 256 * 1024;

    /// <summary>The picture in a file's octets, or null with what is wrong.</summary>
    public static Logo? Read(byte[] octets, out string? problem)
    {
        var type = TypeOf(octets);
        problem = octets.Length > Largest ? "the picture is larger than 256 KiB"
            : type is null ? "the file is no PNG, JPEG, WebP or SVG"
            : null;
        return problem is null ? new Logo(type!, octets) : null;
    }

    private static string? TypeOf(ReadOnlySpan<byte> octets) =>
        octets.StartsWith(Png) ? "image/png"
        : octets.StartsWith(Jpeg) ? "image/jpeg"
        : octets.Length > 12 && octets.StartsWith("RIFF"u8) && octets[8..].StartsWith("WEBP"u8) ? "image/webp"
        : octets.IndexOf("<svg"u8) >= 0 ? "image/svg+xml"
        : null;

    private static ReadOnlySpan<byte> Png => [0x89, (byte)'P', (byte)'N', (byte)'G', 0x0d, 0x0a, 0x1a, 0x0a];

    private static ReadOnlySpan<byte> Jpeg => [0xff, 0xd8, 0xff];
}
