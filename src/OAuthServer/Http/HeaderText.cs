using System.Text;
using OAuthServer.Protocol;

namespace OAuthServer.Http;

/// <summary>
/// RFC 9110 §5.5: a header's value may hold any octet but NUL, CR and LF. Octets past ASCII are opaque, whoever sends them (a
/// proxy that names a certificate's owner, another app's cookie); what we read of them differs from all that we know.
/// </summary>
public static class HeaderText
{
    // No octet of Latin-1 is this character.
    private const char Nul = '\uFFFD';

    /// <summary>Latin-1, a character an octet, but NUL: Kestrel throws on it, and in a trailer has no handler for what it throws.</summary>
    public static Encoding Encoding { get; } = new Octets();

    /// <summary>Refuses NUL.</summary>
    public static void UseHeaderText(this IApplicationBuilder app, Func<HttpContext, OAuthError, Task> refuse) => app.Use((http, next) =>
    {
        foreach (var (name, values) in http.Request.Headers)
            foreach (var value in values)
                if (value?.Contains(Nul) is true)
                    return refuse(http,
                        OAuthError.InvalidRequest("The request is malformed", $"NUL in the header {name}", "RFC 9110 §5.5"));
        return next(http);
    });

    private sealed class Octets : Encoding
    {
        public override int GetCharCount(byte[] bytes, int index, int count) => count;

        public override int GetMaxCharCount(int byteCount) => byteCount;

        public override int GetChars(byte[] bytes, int byteIndex, int byteCount, char[] chars, int charIndex)
        {
            for (var i = 0; i < byteCount; i++) chars[charIndex + i] = bytes[byteIndex + i] is > 0 and var octet ? (char)octet : Nul;
            return byteCount;
        }

        public override int GetByteCount(char[] chars, int index, int count) => Latin1.GetByteCount(chars, index, count);

        public override int GetMaxByteCount(int charCount) => Latin1.GetMaxByteCount(charCount);

        public override int GetBytes(char[] chars, int charIndex, int charCount, byte[] bytes, int byteIndex) =>
            Latin1.GetBytes(chars, charIndex, charCount, bytes, byteIndex);
    }
}
