using System.CommandLine;
using OAuthServer.Protocol;
using OAuthServer.Stores.Postgres;

namespace OAuthServer.Cli;

/// <summary>What every list has: how many rows, and after which one it begins.</summary>
internal sealed class ListOptions
{
    private const int Usual = 100;
    private const int Most = 1000;

    private readonly Option<int> limit =
        new("--limit") { HelpName = "N", Description = $"At most this many, up to {Most}", DefaultValueFactory = _ => Usual };

    private readonly Option<string?> after;

    /// <param name="key">What names a row of this list.</param>
    public ListOptions(string key)
    {
        after = new("--after") { HelpName = key, Description = "Begin after this one, as the page before says" };
        limit.Validators.Add(result =>
        {
            if (result.Tokens is [{ Value: var text }] && int.TryParse(text, out var number) && number is < 1 or > Most)
                result.AddError($"--limit: write 1 to {Most}");
        });
    }

    /// <summary>These options behind those of the list itself.</summary>
    public Symbol[] Behind(params Symbol[] own) => [.. own, limit, after];

    public int Length(ParseResult parse) => parse.GetValue(limit);

    public string? After(ParseResult parse) => parse.GetValue(after);

    /// <summary>How many there are, and where the next page begins.</summary>
    /// <param name="next">The key of the last row; null: there is no other page.</param>
    public static string Foot(string total, string? next) => next is null ? $"\n\nTotal: {total}"
        : $"\n\nTotal: {total}. The next page: --after {ShellText.Quote(next)}";
}

/// <summary>What an act would end, said before it is done: only --yes or a person at the terminal goes on.</summary>
internal static class Affected
{
    public static Option<bool> Yes() => new("--yes") { Description = "Do it without asking" };

    /// <summary>Null: go on. Else the exit code: nothing was done.</summary>
    /// <param name="act">What is about to be done: Delete nightly-etl.</param>
    /// <param name="affected">What that ends.</param>
    public static int? Refusal(CommandContext context, bool yes, string act, string affected)
    {
        if (yes) return null;
        if (Console.IsInputRedirected || context.Output.IsJson)
            return context.Output.Refuse($"{act}? {affected}", "Nothing was done. Add --yes to do it.");
        return Terminal.Confirms($"{act}? {affected} Write yes to do it: ") ? null : context.Output.Refuse("Nothing was done");
    }

    /// <summary>A number as it is known: 12, about 5,000,000, more than 2,000.</summary>
    public static string Say(Figure figure)
    {
        var number = figure.Rows.ToString("N0", System.Globalization.CultureInfo.InvariantCulture);
        return figure.Exactness switch
        {
            Exactness.About => "about " + number,
            Exactness.AtMost => "at most about " + number,
            Exactness.MoreThan => "more than " + number,
            _ => number,
        };
    }
}
