using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;
using System.Text.RegularExpressions;
using OAuthServer.Protocol;
using OAuthServer.Stores.Postgres;

namespace OAuthServer.Cli;

/// <summary>
/// The command line: one binary that serves, migrates, and does what operators do. Exit codes: 0 done, 1 refused or not found,
/// 2 wrong usage or settings, 3 a background loop of the server died.
/// </summary>
public static partial class Commands
{
    /// <summary>Runs one verb.</summary>
    /// <param name="serve">What the verb serve does once the settings have been read and are good; answers the exit code.</param>
    public static async Task<int> RunAsync(string[] args, Func<Settings, CancellationToken, Task<int>> serve)
    {
        var parse = Root(serve).Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null });
        if (parse.Action is ParseErrorAction || (parse.Action is null && parse.Errors.Count > 0))
            return CliCommand.OutputOf(parse)
                .Misuse("The command was not understood", Plain(parse.Errors), $"{PathTo(parse.CommandResult.Command)} --help says more.");

        // Signals are the host's business: it stops serving in its own time. A transaction that is cut off leaves nothing behind.
        return await parse.InvokeAsync(
            new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null });
    }

    /// <summary>The tree of all commands.</summary>
    internal static RootCommand Root(Func<Settings, CancellationToken, Task<int>> serve)
    {
        var root =
            new RootCommand("OAuth 2.1 authorization server. Settings come from appsettings.json, OAuth__… variables and secrets files.")
        {
            new Option<bool>(CliCommand.JsonOption) { Recursive = true, Description = "Print one JSON object" },
            CliCommand.Of("serve", "Run the server until it is stopped", "oauth-server serve", [], (_, settings, _, cancel) =>
                serve(settings, cancel), withKey: true).Exits("0 stopped, 1 it could not start, 3 a background loop died"),
            CliCommand.On("migrate", "Bring the database's schema up to date", "oauth-server migrate", [], MigrateAsync),
            HealthCommand.Make(),
            SeedCommand.Make(),
            ImportCommand.Make(),
            ConvertCommands.Make(),
            ClientCommands.Make(),
            GrantCommands.Make(),
            ExchangeCommands.Make(),
            ResourceCommands.Make(),
            ScopeCommands.Make(),
            UserCommands.Make(),
            SessionCommands.Make(),
            ProviderCommands.Make(),
            TrustCommands.Make(),
            KeyCommands.Make(),
            AuditCommands.Audit(),
            WhyCommand.Make(),
            DoctorCommand.Make(),
        };
        foreach (var help in root.Options.OfType<HelpOption>()) help.Action = new CliCommand.Help((HelpAction)help.Action!);
        return root;
    }

    private static async Task<int> MigrateAsync(ParseResult parse, CommandContext context, CancellationToken cancel)
    {
        IReadOnlyList<string> applied;
        try { applied = await new Migrations(context.Database).ApplyAsync(cancel); }
        catch (MigrationException refused) { return context.Output.Refuse(refused.Message, "Nothing was changed."); }
        await OwnResource.EnsureAsync(context.Database, context.Settings, cancel);
        return context.Output.Done(new { applied }, applied.Count == 0 ? "The schema is up to date."
            : $"Applied {string.Join(", ", applied)}.");
    }

    // One line each, without the names of .NET types; a missing command is not worth telling when an unknown one was given.
    private static string[] Plain(IReadOnlyList<ParseError> errors) =>
    [
        .. errors.Where(error => errors.Count == 1 || !error.Message.StartsWith("Required command", StringComparison.Ordinal))
            .Select(error => NetType().Replace(LineBreak().Replace(error.Message, " "), "as a whole number")).Distinct(),
    ];

    [GeneratedRegex(@"\s*\n\s*")]
    private static partial Regex LineBreak();

    [GeneratedRegex(@"as expected type 'System\.Int\d+'")]
    private static partial Regex NetType();

    private static string PathTo(Command command) =>
        command.Parents.OfType<Command>().FirstOrDefault() is { } parent ? $"{PathTo(parent)} {command.Name}" : "oauth-server";
}
