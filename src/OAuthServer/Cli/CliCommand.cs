using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using OAuthServer.Protocol;
using OAuthServer.Stores.Postgres;

namespace OAuthServer.Cli;

/// <summary>A command of this program, with an example for its help.</summary>
internal sealed class CliCommand : Command
{
    /// <summary>The option every verb has.</summary>
    public const string JsonOption = "--json";

    private CliCommand(string name, string description, string example) : base(name, description) => Example = example;

    /// <summary>Lines to copy.</summary>
    public string Example { get; }

    /// <summary>What scripts go by; 2 is wrong usage or settings everywhere.</summary>
    public string ExitCodes { get; private set; } = "0 done, 1 refused or not found";

    /// <summary>The same command with exit codes of its own.</summary>
    public CliCommand Exits(string codes)
    {
        ExitCodes = codes;
        return this;
    }

    /// <summary>A verb that works on the database.</summary>
    /// <param name="withKey">Whether it opens signing keys, and so needs the key-encryption key.</param>
    public static CliCommand On(string name, string description, string example, Symbol[] takes, Func<ParseResult, CommandContext,
        CancellationToken, Task<int>> act, bool withKey = false) =>
        Of(name, description, example, takes, async (parse, settings, output, cancel) =>
        {
            await using var database = new Database(settings.Database);
            await using var replica = new Replica(database, settings);
            return await act(parse, new CommandContext(settings, database, replica, output), cancel);
        }, withKey);

    /// <summary>A verb that makes its own use of the settings.</summary>
    public static CliCommand Of(string name, string description, string example, Symbol[] takes, Func<ParseResult, Settings, Output,
        CancellationToken, Task<int>> act, bool withKey) =>
        Alone(name, description, example, takes, async (parse, output, cancel) =>
            Settings(output, withKey, out var settings) is { } misuse ? misuse : await act(parse, settings, output, cancel));

    /// <summary>A verb that may do without the settings.</summary>
    public static CliCommand Alone(string name, string description, string example, Symbol[] takes, Func<ParseResult, Output,
        CancellationToken, Task<int>> act)
    {
        var verb = new CliCommand(name, description, example);
        verb.Take(takes);
        verb.SetAction(async (parse, cancel) =>
        {
            var output = OutputOf(parse);
            try { return await act(parse, output, cancel); }
            catch (Exception fault) when (DatabaseFault.Explain(fault) is { } known) { return output.Refuse(known.Problem, known.Hint); }
            catch (Exception fault) when (fault is IOException or UnauthorizedAccessException) { return output.Refuse(fault.Message); }
        });
        return verb;
    }

    /// <summary>Reads the settings; the exit code when they cannot be used.</summary>
    public static int? Settings(Output output, bool withKey, out Settings settings)
    {
        settings = SettingsSource.OfProcess.Read(withKey, out var errors);
        return errors.Count == 0
            ? null
            : output.Misuse("The settings cannot be used", errors, "Nothing was done. docs/settings.md lists the settings.");
    }

    /// <summary>A family of verbs.</summary>
    public static CliCommand Family(string name, string description, string example, params CliCommand[] verbs)
    {
        var family = new CliCommand(name, description, example);
        foreach (var verb in verbs) family.Add(verb);
        return family;
    }

    public static Output OutputOf(ParseResult parse) =>
        new(parse.GetValue<bool>(JsonOption), parse.InvocationConfiguration.Output, parse.InvocationConfiguration.Error);

    private void Take(Symbol[] takes)
    {
        foreach (var symbol in takes)
            if (symbol is Argument argument) Add(argument);
            else if (symbol is Option option) Add(option);
    }

    /// <summary>The usual help, and below it the example and the exit codes.</summary>
    public sealed class Help(HelpAction usual) : SynchronousCommandLineAction
    {
        public override bool ClearsParseErrors => true;

        public override int Invoke(ParseResult parseResult)
        {
            var result = usual.Invoke(parseResult);
            var (command, output) = (parseResult.CommandResult.Command, parseResult.InvocationConfiguration.Output);
            var verb = command as CliCommand;
            if (verb is not null) output.WriteLine($"Example:\n  {verb.Example.ReplaceLineEndings("\n  ")}\n");
            if (command.Subcommands.Count == 0) output.WriteLine($"Exit codes:\n  {verb?.ExitCodes}, 2 wrong usage or settings\n");
            return result;
        }
    }
}
