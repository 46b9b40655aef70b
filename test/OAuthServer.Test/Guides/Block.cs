using System.Text.RegularExpressions;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Guides;

/// <summary>A fenced block of a page, without the indentation of the list it stands in.</summary>
internal sealed partial record Block(string Page, int Line, string Language, string Text)
{
    private static readonly string[] Folders = ["docs", "deploy", "samples", "test/Bench/peers"];

    /// <summary>Every page that people read.</summary>
    public static IReadOnlyList<string> Pages { get; } =
    [
        .. Directory.EnumerateFiles(TestDatabase.Root, "*.md")
            .Concat(Folders.SelectMany(folder => Directory.EnumerateFiles(Path.Combine(TestDatabase.Root, folder), "*.md",
                SearchOption.AllDirectories)))
            .Select(file => Path.GetRelativePath(TestDatabase.Root, file))
            .Where(page => !page.Contains("/bin/") && !page.Contains("/obj/") && !page.Contains("/node_modules/")).Order(),
    ];

    /// <summary>Every block of every page.</summary>
    public static IReadOnlyList<Block> All { get; } = [.. Pages.SelectMany(Of)];

    /// <summary>Whether it is something to run.</summary>
    public bool IsCommands => Language is "sh" or "bash" or "console" or "sql";

    /// <summary>The text of a page.</summary>
    public static string Read(string page) => File.ReadAllText(Path.Combine(TestDatabase.Root, page));

    /// <summary>The one block of a page that has these words in it.</summary>
    public static Block The(string page, string words) => All.Single(block => block.Is(page, words));

    /// <summary>Whether it is that block.</summary>
    public bool Is(string page, string words) => Page == page && IsCommands && Text.Contains(words, StringComparison.Ordinal);

    public override string ToString() => $"{Page}:{Line} {Text.Split('\n')[0]}";

    private static IEnumerable<Block> Of(string page)
    {
        var text = Read(page);
        return Fence().Matches(text).Select(match => new Block(page, text[..match.Index].Count(sign => sign == '\n') + 1,
            match.Groups["language"].Value, Regex.Replace(match.Groups["text"].Value, "^" + match.Groups["indent"].Value, "",
                RegexOptions.Multiline)));
    }

    [GeneratedRegex("^(?<indent> *)```(?<language>[a-z]*)\n(?<text>.*?)^\\k<indent>```$", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Fence();
}

/// <summary>The test runs a block of a page, as it stands there: the one of that page with these words in it.</summary>
[AttributeUsage(AttributeTargets.Method, AllowMultiple = true)]
internal sealed class RunsBlockAttribute(string page, string words) : Attribute
{
    public string Page => page;

    public string Words => words;
}
