using System.CommandLine;
using System.Text;
using OAuthServer.Import;
using OAuthServer.Stores.Postgres;

namespace OAuthServer.Cli;

/// <summary>import: what another server issued stays valid here.</summary>
internal static class ImportCommand
{
    private const int MostNamed = 100;

    public static CliCommand Make()
    {
        var file = new Argument<string>("FILE.jsonl|-") { Description = "A JSON object a line (docs/import.md); - for standard input" };
        var strict = new Option<bool>("--strict") { Description = "Import nothing when a single line is bad" };
        return CliCommand.On("import", "Import keys, clients, users, refresh tokens and sessions of another server",
            "oauth-server import earlier.jsonl --strict", [file, strict], async (parse, context, cancel) =>
        {
            var name = parse.GetRequiredValue(file);
            if ((await new Migrations(context.Database).StateAsync(cancel)).Pending is { Count: > 0 } pending)
                return context.Output.Refuse($"The database lacks {string.Join(", ", pending)}", "Run: oauth-server migrate");
            if (name != "-" && !File.Exists(name)) return context.Output.Refuse($"There is no file {name}", "Name a file, or write -");

            using var reader =
                new StreamReader(name == "-" ? Console.OpenStandardInput() : File.OpenRead(name), new UTF8Encoding(false, true));
            try
            {
                var watch = Output.Progress();
                var imported = await new Importing(context.Database, TimeProvider.System)
                    .RunAsync(reader, parse.GetValue(strict), CommandContext.Actor, line => watch($"import: {line:N0} lines …"), cancel);
                return Tell(context, imported, parse.GetValue(strict));
            }
            catch (DecoderFallbackException)
            {
                return context.Output.Refuse(
                    $"{name} is not UTF-8, nothing was imported", "Convert it first, with iconv -t utf-8 for one.");
            }
        }).Exits("0 every line was good, 1 some were bad or nothing could be imported");
    }

    private static int Tell(CommandContext context, Imported imported, bool strict)
    {
        var added = strict && imported.Bad.Count > 0 ? "Nothing was imported"
            : imported.Added.Count == 0 ? "Nothing new was imported"
            : "Imported: " + string.Join(", ", imported.Added.Select(type => $"{type.Value} {type.Key.Replace('_', ' ')}"));
        var rest = $"{added}. {imported.AlreadyThere} were there already, {imported.Expired} were over.";
        if (imported.Bad.Count == 0)
            return context.Output.Done(
                new { imported.Added, imported.AlreadyThere, imported.Expired, imported.Bad }, rest);
        var lines = imported.Bad.Take(MostNamed).Select(bad => $"line {bad.Line}: {bad.Reason}");
        var more = imported.Bad.Count > MostNamed ? $"\n… and {imported.Bad.Count - MostNamed} more lines" : "";
        return context.Output.Incomplete(
            new { imported.Added, imported.AlreadyThere, imported.Expired, imported.Bad },
            $"{string.Join('\n', lines)}{more}\n{rest} Correct the lines above and import the file again: what is there stays as it is.");
    }
}
