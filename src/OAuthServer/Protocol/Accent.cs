using System.Globalization;

namespace OAuthServer.Protocol;

/// <summary>
/// The one accent colour of the pages and what is made from it: its pale ground, and both again for dark pages. Text in it has a
/// contrast of 4.5:1 at least on every ground it stands on (WCAG 2.2, 1.4.3).
/// </summary>
public sealed record Accent
{
    /// <summary>What text must stand out from its ground by.</summary>
    public const double LeastContrast = 4.5;

    // The grounds of style.css: a page's and its card's in light, the card's and a button's text in the dark.
    private static readonly Colour Page = new(0xf6, 0xf6, 0xf4);
    private static readonly Colour White = new(0xff, 0xff, 0xff);
    private static readonly Colour DarkCard = new(0x1b, 0x1d, 0x22);
    private static readonly Colour DarkText = new(0x0e, 0x15, 0x26);

    public required string Light { get; init; }
    public required string LightGround { get; init; }
    public required string Dark { get; init; }
    public required string DarkGround { get; init; }

    /// <summary>The accent, or null with what is wrong.</summary>
    /// <param name="text">#rrggbb.</param>
    public static Accent? Read(string text, out string? problem)
    {
        problem = null;
        if (Colour.Read(text) is not { } accent)
        {
            problem = "write a colour as #rrggbb";
            return null;
        }

        var ground = accent.Towards(White, .92);
        var contrast = new[] { White, Page, ground }.Min(accent.Contrast);
        if (contrast < LeastContrast)
        {
            problem = string.Create(
                CultureInfo.InvariantCulture,
                    $"its contrast on white and near-white is {contrast:0.0}:1 where text needs {LeastContrast}:1; write a darker colour");
            return null;
        }

        var (dark, darkGround) = ForDarkPages(accent);
        return new Accent
        {
            Light = accent.ToString(),
            LightGround = ground.ToString(),
            Dark = dark.ToString(),
            DarkGround = darkGround.ToString(),
        };
    }

    // White itself fits, so this ends.
    private static (Colour Accent, Colour PagesSetUp) ForDarkPages(Colour accent)
    {
        for (var step = 0; ; step++)
        {
            var lighter = accent.Towards(White, step / 20d);
            var ground = DarkCard.Towards(lighter, .15);
            if (Math.Min(lighter.Contrast(ground), lighter.Contrast(DarkText)) >= LeastContrast || step == 20) return (lighter, ground);
        }
    }

    private readonly record struct Colour(byte Red, byte Green, byte Blue)
    {
        public static Colour? Read(string text) =>
            text.Length == 7 && text[0] == '#'
                && int.TryParse(text.AsSpan(1), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var rgb)
                ? new Colour((byte)(rgb >> 16), (byte)(rgb >> 8), (byte)rgb)
                : null;

        public Colour Towards(Colour other, double share) =>
            new(Mix(Red, other.Red, share), Mix(Green, other.Green, share), Mix(Blue, other.Blue, share));

        // WCAG 2.2, contrast ratio.
        public double Contrast(Colour other)
        {
            var (mine, others) = (Luminance, other.Luminance);
            return (Math.Max(mine, others) + .05) / (Math.Min(mine, others) + .05);
        }

        public override string ToString() => $"#{Red:x2}{Green:x2}{Blue:x2}";

        // WCAG 2.2, relative luminance.
        private double Luminance => (.2126 * Linear(Red)) + (.7152 * Linear(Green)) + (.0722 * Linear(Blue));

        private static double Linear(byte channel) => channel / 255d is var share && share <= .04045 ? share / 12.92 : Math.Pow(
            (share + .055) / 1.055, 2.4);

        private static byte Mix(byte from, byte to, double share) => (byte)Math.Round(from + ((to - from) * share));
    }
}
