using System.Collections.Frozen;
using System.Globalization;
using System.Reflection;
using System.Text.Json;
using Microsoft.Net.Http.Headers;
using OAuthServer.Stores.Postgres;

namespace OAuthServer.Html;

/// <summary>
/// One language of the pages. Pages are written in English where they stand; every other language is a file in Languages/ that
/// says each English text its own way. A sentence with something in it has numbered places: "{0} asks for access".
/// </summary>
public sealed class Language
{
    private static readonly FrozenSet<string> RightToLeft = new[] { "ar", "he", "fa", "ur" }.ToFrozenSet();

    private readonly FrozenDictionary<string, string> texts;

    private Language(string code, IReadOnlyDictionary<string, string> texts) => (Code, this.texts) = (
        code, texts.ToFrozenDictionary(StringComparer.Ordinal));

    /// <summary>What pages are written in.</summary>
    public static Language English { get; } = new("en", new Dictionary<string, string>());

    /// <summary>All of them, English first.</summary>
    public static IReadOnlyList<Language> All { get; } = [English, Read("ar")];

    /// <summary>BCP 47, such as ar; also the locale of texts in the database.</summary>
    public string Code { get; }

    /// <summary>ltr or rtl.</summary>
    public string Direction => RightToLeft.Contains(Code) ? "rtl" : "ltr";

    /// <summary>Every English text this language has its own words for.</summary>
    public IEnumerable<string> Known => texts.Keys;

    /// <summary>The text in this language; as it is when there are no other words for it.</summary>
    public string this[string english] => texts.GetValueOrDefault(english, english);

    /// <summary>A sentence with something in it.</summary>
    /// <param name="english">With the place {0}.</param>
    public Markup Put(string english, Markup first) => Fill(english, first);

    /// <inheritdoc cref="Put(string, Markup)"/>
    /// <param name="english">With the places {0} and {1}.</param>
    public Markup Put(string english, Markup first, Markup second) => Fill(english, first, second);

    /// <inheritdoc cref="Put(string, Markup)"/>
    /// <param name="english">With the places {0}, {1} and {2}.</param>
    public Markup Put(string english, Markup first, Markup second, Markup third) => Fill(english, first, second, third);

    /// <summary>An app's own name, made fit to stand in a sentence of ours.</summary>
    public string App(string name) => Words.Sanitize(name, this["an app without a name"]);

    /// <summary>A day, as people write it: 12 Sep 2026.</summary>
    public string Day(DateTimeOffset time) =>
        string.Create(CultureInfo.InvariantCulture,
            $"{time.UtcDateTime.Day} {this[time.UtcDateTime.ToString("MMM", CultureInfo.InvariantCulture)]} {time.UtcDateTime.Year}");

    /// <summary>A day without its year, for a chart: 12 Sep.</summary>
    public string DayAndMonth(DateTimeOffset time) =>
        string.Create(CultureInfo.InvariantCulture,
            $"{time.UtcDateTime.Day} {this[time.UtcDateTime.ToString("MMM", CultureInfo.InvariantCulture)]}");

    /// <summary>A moment, to the minute, in UTC: 12 Sep 2026, 14:05 UTC. A dash when there is none.</summary>
    public Markup Time(DateTimeOffset? time) => time is { } at
        ? $"<time datetime=\"{at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture)}\">{Day(at)}, "
            + $"<bdi>{at.UtcDateTime.ToString("HH:mm", CultureInfo.InvariantCulture)} UTC</bdi></time>"
        : (Markup)$"–";

    /// <summary>How many: 12, about 5,000,000, at most about 50,000, more than 2,000.</summary>
    public Markup Number(Figure figure) => figure.Exactness switch
    {
        Exactness.Exact => $"{figure.Rows.ToString(CultureInfo.InvariantCulture)}",
        Exactness.About => Put("about {0}", $"{figure.Rows.ToString("N0", CultureInfo.InvariantCulture)}"),
        Exactness.AtMost => Put("at most about {0}", $"{figure.Rows.ToString("N0", CultureInfo.InvariantCulture)}"),
        _ => Put("more than {0}", $"{figure.Rows.ToString("N0", CultureInfo.InvariantCulture)}"),
    };

    /// <summary>How long, as people say it.</summary>
    public string Wait(int seconds) => seconds == 1 ? this["one second"]
        : seconds < 90 ? string.Format(CultureInfo.InvariantCulture, this["{0} seconds"], seconds)
        : string.Format(CultureInfo.InvariantCulture, this["{0} minutes"], (seconds + 59) / 60);

    /// <summary>A span of time: 1 hour, 30 days.</summary>
    public string Length(TimeSpan length) => length switch
    {
        { TotalDays: 1 } => this["1 day"],
        { TotalHours: 1 } => this["1 hour"],
        { Ticks: var ticks } when ticks % TimeSpan.TicksPerDay == 0 =>
            string.Format(CultureInfo.InvariantCulture, this["{0} days"], length.Days),
        { Ticks: var ticks } when ticks % TimeSpan.TicksPerHour == 0 =>
            string.Format(CultureInfo.InvariantCulture, this["{0} hours"], (int)length.TotalHours),
        _ => Wait((int)length.TotalSeconds),
    };

    /// <summary>
    /// OpenID Connect Core §3.1.2.1: the first of ui_locales we speak, else the one Accept-Language likes best, else English.
    /// </summary>
    public static Language Choose(string? uiLocales, IList<StringWithQualityHeaderValue>? accepted) =>
        (uiLocales?.Split(' ', StringSplitOptions.RemoveEmptyEntries) ?? [])
            .Concat((accepted ?? []).Where(one => one.Quality is not 0).OrderByDescending(one => one.Quality ?? 1)
                .Select(one => one.Value.ToString()))
            .Select(Find).OfType<Language>().FirstOrDefault() ?? English;

    private Markup Fill(string english, params ReadOnlySpan<Markup> parts)
    {
        var text = this[english];
        var html = new Markup(text.Length, parts.Length);
        var from = 0;
        for (var open = text.IndexOf('{'); open >= 0; open = text.IndexOf('{', from))
        {
            html.AppendFormatted(text[from..open]);
            html.AppendFormatted(parts[text[open + 1] - '0']);
            from = open + 3;
        }

        html.AppendFormatted(text[from..]);
        return html;
    }

    // RFC 4647 §3.4: ar-EG is ar to us.
    private static Language? Find(string tag) => All.FirstOrDefault(
        one => string.Equals(tag.Split('-')[0], one.Code, StringComparison.OrdinalIgnoreCase));

    private static Language Read(string code)
    {
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream($"languages/{code}.json")!;
        return new Language(code, JsonSerializer.Deserialize<Dictionary<string, string>>(stream)!);
    }
}

/// <summary>The language of a request.</summary>
public static class Speaking
{
    /// <summary>What this page is said in.</summary>
    public static Language Language(this HttpContext http)
    {
        if (http.Items[typeof(Language)] is Language chosen) return chosen;
        var accepted = http.Request.GetTypedHeaders().AcceptLanguage;
        http.Items[typeof(Language)] = chosen = Html.Language.Choose(http.Request.Query["ui_locales"], accepted);
        return chosen;
    }

    /// <summary>From here on in the language a stored request asked for (ui_locales), where it asked for one.</summary>
    public static void Speak(this HttpContext http, string? uiLocales)
    {
        if (uiLocales is not null)
            http.Items[typeof(Language)] = Html.Language.Choose(uiLocales, http.Request.GetTypedHeaders().AcceptLanguage);
    }
}
