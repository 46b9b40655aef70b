using System.Text.RegularExpressions;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.ResourceServer;

/// <summary>docs/resource-servers.md: what it shows is run.</summary>
internal static partial class Guide
{
    /// <summary>The API of its examples.</summary>
    public const string Resource = "https://api.example.com/tasks";

    public static string Page { get; } = File.ReadAllText(Path.Combine(TestDatabase.Root, "docs/resource-servers.md"));

    /// <summary>The first block of a language.</summary>
    public static string Snippet(string language) => Snippets(language).First();

    /// <summary>Every block of a language.</summary>
    public static IEnumerable<string> Snippets(string language) =>
        Blocks().Matches(Page).Where(block => block.Groups["language"].Value == language).Select(block => block.Groups["text"].Value);

    /// <summary>Registers its API, as an operator pastes it.</summary>
    public static Task RegisterAsync(TestServer server) => server.ExecuteAsync(string.Concat(Snippets("sql")));

    [GeneratedRegex("^```(?<language>[a-z]+)\n(?<text>.*?)^```$", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Blocks();
}
