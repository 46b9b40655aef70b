using System.Globalization;
using System.Text;

namespace OAuthServer.Protocol;

/// <summary>
/// RFC 6749 §4.1.2: state comes back exactly as it was sent. It is kept in its percent-encoded form, so that octets which are no
/// UTF-8 survive, and so that a plus sign means to the client what it meant when the client wrote it.
/// </summary>
public static class OpaqueState
{
    /// <summary>
    /// The same octets in characters that can end no header, parameter or URL: unreserved ones, plus, and percent-encodings.
    /// </summary>
    /// <param name="raw">The value between = and &amp;, not decoded.</param>
    public static string Sanitize(string raw)
    {
        var tidy = new StringBuilder(raw.Length);
        Span<byte> octets = stackalloc byte[4];
        for (var i = 0; i < raw.Length; i++)
        {
            var character = raw[i];
            if (char.IsAsciiLetterOrDigit(character) || character is '-' or '.' or '_' or '~' or '+'
                || (character == '%' && IsEncoded(raw, i)))
            {
                tidy.Append(character);
                continue;
            }

            if (!Rune.TryGetRuneAt(raw, i, out var rune)) rune = Rune.ReplacementChar;
            else i += rune.Utf16SequenceLength - 1;
            foreach (var octet in octets[..rune.EncodeToUtf8(octets)])
                tidy.Append('%').Append(octet.ToString("X2", CultureInfo.InvariantCulture));
        }

        return tidy.ToString();
    }

    private static bool IsEncoded(string raw, int at) => at + 2 < raw.Length && char.IsAsciiHexDigit(raw[at + 1]) && char.IsAsciiHexDigit(
        raw[at + 2]);
}
