using System.Buffers;
using System.Text;
using OAuthServer.Protocol;

namespace OAuthServer.Http;

/// <summary>
/// Reads application/x-www-form-urlencoded (WHATWG URL §5.1) as the framework does: pairs between ampersands, split at the first
/// equals sign, plus is a space, a percent sign without two hexadecimal digits stands for itself.
/// </summary>
public static class FormText
{
    /// <summary>Octets of a form it reads.</summary>
    public const int Longest = 4096;

    // What every request carries is not made anew each time.
    private static readonly (byte[] Octets, string Text)[] Frequent =
    [
        .. from text in new[]
           {
               "grant_type", "client_id", "client_secret", "code", "redirect_uri", "code_verifier", "refresh_token", "scope", "resource",
               "token", "token_type_hint",
               GrantType.AuthorizationCode.Name, GrantType.ClientCredentials.Name, GrantType.RefreshToken.Name,
           }
           select (Encoding.ASCII.GetBytes(text), text),
    ];

    /// <summary>The pairs in their order; null when there are too many, or one has too long a name.</summary>
    /// <param name="body">At most <see cref="Longest"/> octets.</param>
    /// <param name="longestName">Octets, as they came.</param>
    public static Parameters? Read(ReadOnlySequence<byte> body, int mostPairs, int longestName)
    {
        Span<byte> octets = stackalloc byte[(int)body.Length];
        body.CopyTo(octets);
        var parameters = new Parameters();
        for (var pairs = 1; octets.Length > 0; pairs++)
        {
            var end = octets.IndexOf((byte)'&');
            var pair = end < 0 ? octets : octets[..end];
            octets = end < 0 ? [] : octets[(end + 1)..];

            var equals = pair.IndexOf((byte)'=');
            var name = equals < 0 ? pair : pair[..equals];
            if (pairs > mostPairs || name.Length > longestName) return null;
            parameters.Add(Decode(name), equals < 0 ? "" : Decode(pair[(equals + 1)..]));
        }

        return parameters;
    }

    // In place. Octets that are no UTF-8 become U+FFFD, which no parameter may hold.
    private static string Decode(Span<byte> text)
    {
        foreach (var (octets, frequent) in Frequent)
            if (text.SequenceEqual(octets))
                return frequent;

        if (text.IndexOfAny((byte)'%', (byte)'+') < 0) return Encoding.UTF8.GetString(text);
        var length = 0;
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '+') text[length++] = (byte)' ';
            else if (text[i] == '%' && i + 2 < text.Length && Hex(text[i + 1]) is >= 0 and var high && Hex(text[i + 2]) is >= 0 and var low)
            {
                text[length++] = (byte)((high << 4) | low);
                i += 2;
            }
            else text[length++] = text[i];
        }

        return Encoding.UTF8.GetString(text[..length]);
    }

    private static int Hex(byte octet) => octet switch
    {
        >= (byte)'0' and <= (byte)'9' => octet - '0',
        >= (byte)'a' and <= (byte)'f' => octet - 'a' + 10,
        >= (byte)'A' and <= (byte)'F' => octet - 'A' + 10,
        _ => -1,
    };
}
