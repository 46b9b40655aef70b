using System.CommandLine;
using System.Text;
using System.Text.RegularExpressions;
using OAuthServer.Cli;

namespace OAuthServer.Test.Guides;

/// <summary>The commands of the program that a text tells people to type.</summary>
internal static partial class CommandLine
{
    private static readonly RootCommand Root = Commands.Root((_, _) => Task.FromResult(0));

    /// <summary>Every command of the tree.</summary>
    public static IReadOnlyList<(string Path, Command Command)> Tree { get; } = [.. Below(Root, "")];

    /// <summary>Those of a block: everything behind the program's name, up to where the shell ends the command.</summary>
    public static IEnumerable<string> Of(Block block) =>
        block.Text.Replace("\\\n", " ").Split('\n').Where(line => block.Language != "console" || line.StartsWith("$ "))
            .SelectMany(line => Program().Matches(line).Select(match => match.Groups["rest"].Value));

    /// <summary>Those of a page's sentences, between backquotes; the name of a command alone, and completion, are none.</summary>
    public static IEnumerable<string> OfSentences(string page) =>
        Inline().Matches(Fences().Replace(Block.Read(page), "")).Select(match => match.Groups["rest"].Value)
            .Where(command => !command.Contains("[suggest:") && Tree.All(one => one.Path != command));

    /// <summary>Whether it asks before it acts.</summary>
    public static bool Asks(IReadOnlyList<string> words) => Root.Parse(words).CommandResult.Command.Options.Any(option =>
        option.Name == "--yes" || option.Aliases.Contains("--yes"));

    /// <summary>What is wrong with it; null: the program understands it.</summary>
    public static string? Flaw(string command)
    {
        // An ellipsis stands for what is up to the reader, a variable for what came before.
        var all = Words(command).ToArray();
        var words = all.Where(word => word != "…").Select(word => word.StartsWith('$') ? Placeholder(word) : word).ToArray();
        var parsed = Root.Parse(words, new ParserConfiguration { ResponseFileTokenReplacer = null });
        var errors = parsed.Errors.Select(error => error.Message)
            .Where(error => all.Length == words.Length || !error.EndsWith("is required.", StringComparison.Ordinal)).ToArray();
        if (errors.Length > 0) return $"{command}: {string.Join(' ', errors)}";
        return parsed.UnmatchedTokens.Count > 0 ? $"{command}: what is {string.Join(' ', parsed.UnmatchedTokens)}?" : null;
    }

    // Rules of exchange, grants and delegations are named by UUID, all else by number or by any word.
    private static string Placeholder(string variable) =>
        variable is "$RULE" or "$GRANT" or "$EDGE" ? "0198f8a0-0000-7000-8000-000000000000" : "17";

    /// <summary>The words of a command as a shell cuts them, up to where it ends.</summary>
    public static IEnumerable<string> Words(string command)
    {
        var (word, quote, has) = (new StringBuilder(), '\0', false);
        foreach (var sign in command)
        {
            if (quote != '\0')
            {
                if (sign == quote) quote = '\0';
                else word.Append(sign);
            }
            else if (sign is '\'' or '"') (quote, has) = (sign, true);
            else if (sign is '|' or '>' or '<' or ';' or '&' or ')') break;
            else if (sign == '#' && word.Length == 0) break;
            else if (sign != ' ') word.Append(sign);
            else if (word.Length > 0 || has)
            {
                yield return word.ToString();
                (has, _) = (false, word.Clear());
            }
        }

        if (word.Length > 0 || has) yield return word.ToString();
    }

    private static IEnumerable<(string, Command)> Below(Command command, string path) =>
        command.Subcommands.SelectMany(one => Below(one, $"{path} {one.Name}".Trim()).Prepend(($"{path} {one.Name}".Trim(), one)));

    // Not the name of a secret, a unit or a file.
    [GeneratedRegex(@"(?:^|[\s('])(?<!generic )(?:/app/|/opt/oauth-server/)?oauth-server (?<rest>[-a-z'].*)$")]
    private static partial Regex Program();

    [GeneratedRegex("`oauth-server (?<rest>[^`]+)`")]
    private static partial Regex Inline();

    [GeneratedRegex("^ *```.*?^ *```$", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Fences();
}
