using System.Buffers;
using System.Globalization;
using System.Text;
using OAuthServer.Protocol;

namespace OAuthServer.Http;

/// <summary>A form that is passed on as the query of a URL, octet by octet.</summary>
public static class RawForm
{
    // What a query may have beside letters and digits (RFC 3986 §3.4), but for what a browser would write otherwise.
    private const string InAQuery = "-._~+&=;:@/?,!$()*";

    /// <summary>
    /// The body as a query for the same path: what may not stand in one is percent-encoded, all else as it came. Refused are other content
    /// types, and what no request line carries.
    /// </summary>
    public static Task<Result<string>> FormAsQueryAsync(this HttpContext http) =>
        http.FormAsQueryAsync(LongestQuery($"{http.Request.PathBase}{http.Request.Path}"), int.MaxValue);

    /// <summary>How long a query is that a request line carries to this path.</summary>
    public static int LongestQuery(string path) => Listening.LongestRequestLine - $"GET {path}? HTTP/1.1\r\n".Length;

    /// <summary>The same, for an endpoint that keeps a part of it.</summary>
    /// <param name="most">Octets of the body; more is refused.</param>
    /// <param name="mostKeys">Pairs; more are refused.</param>
    public static async Task<Result<string>> FormAsQueryAsync(this HttpContext http, int most, int mostKeys)
    {
        if (!Request.IsForm(http.Request)) return Request.AnotherType(http.Request);
        var octets = new ArrayBufferWriter<byte>(1024);
        try
        {
            var body = http.Request.Body;
            while (octets.WrittenCount <= most && await body.ReadAsync(octets.GetMemory(), http.RequestAborted) is > 0 and var read)
                octets.Advance(read);
        }
        catch (IOException fault) when (Request.IsBadFraming(fault))
        {
            return Request.BadFraming(fault);
        }

        var query = Query(octets.WrittenSpan);
        if (octets.WrittenSpan.Count((byte)'&') >= mostKeys) return Request.TooLarge();
        return octets.WrittenCount <= most && query.Length <= most ? query : TooLarge(most, octets.WrittenCount);
    }

    /// <summary>The refusal of a form that no request line carries.</summary>
    public static OAuthError TooLarge(int most, int octets) =>
        OAuthError.InvalidRequest("The request body is too large", "a form that no request line carries", "RFC 9110 §15.5.14",
            $"at most {most} octets", $"{octets} octets")
            with
        { Status = StatusCodes.Status413PayloadTooLarge };

    private static string Query(ReadOnlySpan<byte> form)
    {
        var query = new StringBuilder(form.Length);
        for (var i = 0; i < form.Length; i++)
        {
            var octet = (char)form[i];
            if (char.IsAsciiLetterOrDigit(octet) || InAQuery.Contains(octet) || (octet == '%' && IsEncoded(form[(i + 1)..])))
                query.Append(octet);
            else query.Append('%').Append(form[i].ToString("X2", CultureInfo.InvariantCulture));
        }

        return query.ToString();
    }

    private static bool IsEncoded(ReadOnlySpan<byte> after) =>
        after.Length >= 2 && char.IsAsciiHexDigit((char)after[0]) && char.IsAsciiHexDigit((char)after[1]);
}
