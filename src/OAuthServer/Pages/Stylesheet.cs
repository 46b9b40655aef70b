using System.Reflection;
using System.Text;
using OAuthServer.Keys;
using OAuthServer.Protocol;

namespace OAuthServer.Pages;

/// <summary>The one stylesheet, built into the binary; its URL changes with its text, so browsers may keep it for good.</summary>
public static class Stylesheet
{
    /// <summary>The text of style.css.</summary>
    public static string Text { get; } = Read();

    /// <summary>Names this very text.</summary>
    public static string Version { get; } = Convert.ToHexStringLower(OpaqueToken.Hash(Text))[..12];

    /// <summary>Where pages find it, as a path on the issuer's host.</summary>
    public static string Url(Settings settings) => $"{settings.IssuerPath}{Paths.Stylesheet}?v={Version}";

    private static string Read()
    {
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream("pages/style.css")!;
        using var reader = new StreamReader(stream, Encoding.UTF8);
        return reader.ReadToEnd();
    }
}
