using System.Text.RegularExpressions;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Architecture;

/// <summary>A source file of the server: the room it is in, the rooms and packages it names.</summary>
internal sealed partial record SourceText(string Path, string Room, string Text)
{
    /// <summary>From the top of the stairs down: a room may use only what follows it.</summary>
    public static readonly string[] Staircase =
        [
            "Cli", "Discovery", "Token", "Authorization", "Account", "Admin", "Playground", "Registration", "Revocation", "Html", "Http", "Maintenance",
            "Users", "Clients", "Tokens", "Keys", "Grants", "Audit", "Fetch", "Limits", "Stores", "Protocol",
        ];

    public static string Root { get; } = System.IO.Path.Combine(TestDatabase.Root, "src/OAuthServer");

    /// <summary>All files of the server but what the build makes.</summary>
    public static IReadOnlyList<SourceText> All { get; } = Read();

    /// <summary>Without comments and texts in quotes, line for line.</summary>
    public string Code { get; } = Comments().Replace(Text, match => new string('\n', match.Value.Count(character => character == '\n')));

    /// <summary>Rooms named by using directives or by qualified names.</summary>
    public IEnumerable<string> Uses =>
        Namespaces().Matches(Code).Select(match => match.Groups["room"].Value)
            .Concat(Qualified().Matches(Code).Select(match => match.Groups["room"].Value).Where(room => Directory.Exists(System.IO.Path.Combine(Root, room))))
            .Where(room => room != Room).Distinct();

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

    // Inside namespace OAuthServer.X, `Keys.KeyRing` means OAuthServer.Keys.KeyRing.
    [GeneratedRegex(@"(?<![\w.])(?<room>Cli|Discovery|Token|Authorization|Account|Admin|Playground|Registration|Revocation|Html|Http|Maintenance|Users|Clients|Tokens|Keys|Grants|Audit|Fetch|Limits|Stores|Protocol)\.[A-Z]\w*")]
    private static partial Regex Qualified();
}
