using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Unicode;

namespace OAuthServer.Html;

/// <summary>
/// HTML from an interpolated string: <c>Markup page = $"&lt;p&gt;{name}&lt;/p&gt;"</c>. Text between braces is encoded by the
/// compiler's own choice of overload; only another <see cref="Markup"/> goes in as it is. Attributes are always quoted.
/// </summary>
[InterpolatedStringHandler]
public readonly struct Markup(int literalLength, int formattedCount)
{
    private static readonly HtmlEncoder Encoder = HtmlEncoder.Create(UnicodeRanges.All);
    private readonly StringBuilder text = new(literalLength + (formattedCount * 32));

    /// <summary>Nothing.</summary>
    public static Markup None => default;

    public void AppendLiteral(string literal) => text.Append(literal);

    public void AppendFormatted(string? value)
    {
        if (value is not null) text.Append(Encoder.Encode(value));
    }

    public void AppendFormatted(int value) => text.Append(CultureInfo.InvariantCulture, $"{value}");

    public void AppendFormatted(Markup value) => text.Append(value.text);

    public void AppendFormatted(IEnumerable<Markup> values)
    {
        foreach (var value in values) text.Append(value.text);
    }

    public override string ToString() => text?.ToString() ?? "";
}
