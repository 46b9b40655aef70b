using System.Reflection;
using System.Text;
using OAuthServer.Grants;
using OAuthServer.Protocol;

namespace OAuthServer.Html;

/// <summary>Something that pages load; its URL changes with its octets, so browsers may keep it for good.</summary>
/// <param name="Path">Below the issuer.</param>
/// <param name="Type">Its media type.</param>
public sealed record Asset(string Path, string Type, byte[] Octets)
{
    /// <summary>Names these very octets.</summary>
    public string Version { get; } = Convert.ToHexStringLower(OpaqueToken.Hash(Convert.ToBase64String(Octets)))[..12];

    /// <summary>Where pages find it, as a path on the issuer's host.</summary>
    public string Url(Settings settings) => $"{settings.IssuerPath}{Path}?v={Version}";
}

/// <summary>
/// All that pages load, and all of it from here: the stylesheet, the tab's icon, the operator's logo, two scripts. Made once.
/// </summary>
public sealed class Assets
{
    private const string BuiltInAccent = "#2a5bd7";

    public Assets(Settings settings)
    {
        var accent = settings.BrandAccent.Length > 0 ? Accent.Read(settings.BrandAccent, out _) : null;
        Style = new Asset(Paths.Stylesheet, "text/css; charset=utf-8", Encoding.UTF8.GetBytes(BuiltIn("style.css") + Rules(accent)));
        TabIcon = new Asset(Paths.TabIcon, "image/svg+xml", Encoding.UTF8.GetBytes(Key(accent?.Light ?? BuiltInAccent)));
        if (settings.BrandLogoFile.Length > 0)
            Logo = Protocol.Logo.Read(File.ReadAllBytes(settings.BrandLogoFile), out var problem) is { } logo
                ? new Asset(Paths.Logo, logo.Type, logo.Octets)
                : throw new InvalidOperationException($"OAuth__BrandLogoFile: {problem}");
    }

    /// <summary>The one stylesheet, with the operator's accent.</summary>
    public Asset Style { get; }

    /// <summary>A key on a tile of the accent.</summary>
    public Asset TabIcon { get; }

    /// <summary>Presses the button that posts an answer to a client.</summary>
    public Asset Post { get; } = new(Paths.PostScript, "text/javascript; charset=utf-8", Encoding.UTF8.GetBytes(BuiltIn("post.js")));

    /// <summary>Asks the browser for passkeys, and shows a password that is being typed.</summary>
    public Asset Passkey { get; } =
        new(Paths.PasskeyScript, "text/javascript; charset=utf-8", Encoding.UTF8.GetBytes(BuiltIn("passkey.js")));

    /// <summary>Null: the operator has none.</summary>
    public Asset? Logo { get; }

    public IEnumerable<Asset> All => Logo is null ? [Style, TabIcon, Post, Passkey] : [Style, TabIcon, Post, Passkey, Logo];

    private static string Rules(Accent? accent) => accent is null ? "" : $$"""

        :root { --accent: {{accent.Light}}; --accent-ground: {{accent.LightGround}}; }
        @media (prefers-color-scheme: dark) { :root { --accent: {{accent.Dark}}; --accent-ground: {{accent.DarkGround}}; } }
        """;

    private static string Key(string accent) => $"""
        <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="8" fill="{accent}"/><path
        d="m12.5 21a5 5 0 1 1 4.6-7H25v4h-2.5v3h-4v-3h-1.4a5 5 0 0 1-4.6 3Zm0-3.5a1.5 1.5 0 1 0 0-3 1.5 1.5 0 0 0 0 3Z" fill="#fff"/></svg>
        """;

    private static string BuiltIn(string name)
    {
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream("pages/" + name)!;
        using var reader = new StreamReader(stream, Encoding.UTF8);
        return reader.ReadToEnd();
    }
}
