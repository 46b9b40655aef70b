using System.Text.RegularExpressions;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Architecture;

/// <summary>A source file of the server: what leaves no compiled reference, such as constants of other rooms and SQL.</summary>
internal sealed partial record SourceText(string Path, string Room, string Text)
{
    public static string Root { get; } = System.IO.Path.Combine(TestDatabase.Root, "src/OAuthServer");

    /// <summary>All files in rooms but what the build makes.</summary>
    public static IReadOnlyList<SourceText> All { get; } = Read();

    /// <summary>Without comments and texts in quotes, line for line.</summary>
    public string Code { get; } = Comments().Replace(Text, match => new string('\n', match.Value.Count(character => character == '\n')));

    /// <summary>Rooms it names in using directives or qualified names.</summary>
    public IEnumerable<string> Uses => Namespaces().Matches(Code).Select(match => match.Groups["room"].Value).Where(
        room => room != Room).Distinct();

    /// <summary>Whether a statement stands in it.</summary>
    public bool HoldsSql => Statement().IsMatch(Text);

    private static SourceText[] Read() =>
    [
        .. from file in Directory.EnumerateFiles(Root, "*.cs", SearchOption.AllDirectories)
           let relative = System.IO.Path.GetRelativePath(Root, file)
           let parts = relative.Split('/')
           where parts.Length > 1 && parts[0] is not ("bin" or "obj")
           select new SourceText(relative, parts[0], File.ReadAllText(file)),
    ];

    [GeneratedRegex(@"//[^\n]*|/\*.*?\*/|\$*""""""(?:.*?)""""""|\$?@?""(?:\\.|[^""\\\n])*""", RegexOptions.Singleline)]
    private static partial Regex Comments();

    [GeneratedRegex(@"\bOAuthServer\.(?<room>[A-Z]\w+)")]
    private static partial Regex Namespaces();

    [GeneratedRegex(@"\b(select\s.+\sfrom|insert\s+into|update\s+\w+\s+set|delete\s+from)\s", RegexOptions.IgnoreCase)]
    private static partial Regex Statement();
}
