using System.Text;
using CsCheck;

namespace OAuthServer.Test.Support;

/// <summary>Generators of text, as hostile as it comes; a failure is shrunk and prints the seed that repeats it.</summary>
internal static class Any
{
    /// <summary>UTF-16 of any kind: NUL, lone surrogates and U+FFFD too.</summary>
    public static readonly Gen<string> Utf16 =
        Gen.Frequency((4, (IGen<char>)Gen.Char[' ', '~']), (2, Gen.Char), (1, Gen.Char['\0', '\u00FF']), (1, Gen.Char['\uD800', '\uDFFF']))
            .Array[0, 24].Select(characters => new string(characters));

    /// <summary>A character that can be sent as UTF-8: no NUL, no surrogate, no U+FFFD.</summary>
    public static readonly Gen<Rune> Rune =
        Gen.Frequency((4, (IGen<int>)Gen.Int[' ', '~']), (2, Gen.Int[1, 0x2FFF]), (1, Gen.Int[0xE000, 0x10FFFF]))
            .Where(value => value != 0xFFFD).Select(value => new Rune(value));

    /// <summary>Text of such characters, a few or none.</summary>
    public static readonly Gen<string> Text = Rune.Array[0, 16].Select(runes => string.Concat(runes));

    /// <summary>Octets as a header or a body may hold them, each as the character of Latin-1; no CR and no LF.</summary>
    public static readonly Gen<string> Line =
        Gen.Frequency((3, (IGen<char>)Gen.Char[' ', '~']), (1, Gen.Char['\0', '\u00FF'])).Where(octet => octet is not ('\r' or '\n'))
            .Array[0, 24].Select(octets => new string(octets));

    /// <summary>Some of these pieces, one after the other.</summary>
    public static Gen<string> Of(params string[] pieces) => Gen.OneOf(pieces).Array[1, 8].Select(string.Concat);
}
