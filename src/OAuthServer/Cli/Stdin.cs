using System.Text;

namespace OAuthServer.Cli;

/// <summary>A secret from standard input: a decoder that replaces what it cannot read would make another secret of it.</summary>
internal static class Stdin
{
    private const int MostBytes = 64 * 1024;

    /// <summary>The one line there is, UTF-8, without its end or a byte order mark; null with the <paramref name="problem"/>.</summary>
    public static string? Line(Stream input, out string? problem)
    {
        var bytes = new byte[MostBytes + 1];
        var length = input.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
        var text = bytes.AsSpan(0, length);
        if (text.StartsWith(Encoding.UTF8.Preamble)) text = text[Encoding.UTF8.Preamble.Length..];
        if (text is [.., (byte)'\n']) text = text[..^1];
        if (text is [.., (byte)'\r']) text = text[..^1];

        problem = length > MostBytes ? "Standard input is too long"
            : text.Contains((byte)'\n') ? "Standard input has more than one line"
            : null;
        if (problem is not null) return null;
        try
        {
            return new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(text);
        }
        catch (DecoderFallbackException)
        {
            problem = "Standard input is not UTF-8; convert it first, with iconv -t utf-8 for one";
            return null;
        }
    }
}
