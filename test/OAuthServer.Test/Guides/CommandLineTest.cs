using System.CommandLine;
using System.Text.RegularExpressions;
using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Cli;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Guides;

/// <summary>Commands, options and targets that pages and help name are those there are.</summary>
[Parallelizable(ParallelScope.All)]
public sealed partial class CommandLineTest
{
    [Test]
    public void Every_command_a_page_names_is_one_the_program_understands()
    {
        var commands = Block.All.Where(block => block.IsCommands).SelectMany(CommandLine.Of)
            .Concat(Block.Pages.SelectMany(CommandLine.OfSentences)).ToList();

        commands.Should().HaveCountGreaterThan(45, "else too little was read");
        string.Join('\n', commands.Select(CommandLine.Flaw).OfType<string>()).Should().BeEmpty();
    }

    [TestCase("clients list --no-such-option"), TestCase("clients ad"), TestCase("keys retire"), TestCase("clients secret add a b")]
    public void A_slip_of_the_pen_is_found(string command) => CommandLine.Flaw(command).Should().NotBeNull();

    [Test]
    public void Every_command_has_an_example_that_the_program_understands_and_says_its_exit_codes()
    {
        CommandLine.Tree.Should().HaveCountGreaterThan(45, "else too little was read");
        CommandLine.Tree.Where(one => one.Command is not CliCommand).Should().BeEmpty();
        foreach (var (path, command) in CommandLine.Tree.Select(one => (one.Path, (CliCommand)one.Command)))
        {
            command.Description.Should().NotBeNullOrWhiteSpace(path);
            command.ExitCodes.Should().StartWith("0 ", path);
            var lines = command.Example.Split('\n').Where(line => line.StartsWith("oauth-server ")).ToList();
            lines.Should().NotBeEmpty(path).And.Contain(line => line.StartsWith($"oauth-server {path}"), path);
            lines.Select(line => CommandLine.Flaw(line["oauth-server ".Length..].Replace("KID|active", "KID")))
                .OfType<string>().Should().BeEmpty();
        }
    }

    [TestCase("doctor", "1 something failed"), TestCase("serve", "3 a background loop died")]
    [TestCase("grants revoke", "1 refused or not found")]
    public void Help_says_exit_codes_below_the_example(string command, string codes)
    {
        var output = new StringWriter();

        Commands.Root((_, _) => Task.FromResult(0)).Parse($"{command} --help").Invoke(new InvocationConfiguration { Output = output })
            .Should().Be(0);

        output.ToString().Should().MatchRegex($@"Example:\n  oauth-server {command}[^\0]*Exit codes:\n.*{codes}, 2 wrong usage");
    }

    [Test]
    public void The_page_names_every_command_that_asks_before_it_acts()
    {
        var page = Block.Read("docs/access.md");
        var from = page.IndexOf("**What ends something for good asks first**", StringComparison.Ordinal);
        var named = Quoted().Matches(page[from..page.IndexOf("They say what is affected", from, StringComparison.Ordinal)])
            .Select(match => match.Groups[1].Value);

        named.Should().BeEquivalentTo(CommandLine.Tree
            .Where(one => one.Command.Options.Any(option => option.Name == "--yes" || option.Aliases.Contains("--yes")))
            .Select(one => one.Path));
    }

    [Test]
    public void The_example_of_completion_counts_right() =>
        Suggest().Matches(Block.Read("docs/access.md")).Should().ContainSingle().Which.Should()
            .Match<Match>(match => int.Parse(match.Groups[1].Value) == match.Groups[2].Value.Length);

    [Test]
    public void Every_target_of_make_that_a_page_names_is_in_the_Makefile()
    {
        var makefile = File.ReadAllText(Path.Combine(TestDatabase.Root, "Makefile"));
        var named = Block.Pages.Where(page => !page.StartsWith("docs/decisions/"))
            .SelectMany(page => Target().Matches(Block.Read(page)), (page, match) => (page, target: match.Groups[1].Value)).ToList();

        named.Should().HaveCountGreaterThan(30, "else too little was read");
        named.Where(one => !Regex.IsMatch(makefile, $"^{Regex.Escape(one.target)}:", RegexOptions.Multiline)).Should().BeEmpty();
    }

    [Test]
    public void Every_filter_of_a_page_finds_a_test()
    {
        var tests = typeof(CommandLineTest).Assembly.GetTypes().SelectMany(type => type.GetMethods(), (type, method) =>
            $"FullyQualifiedName~{type.FullName}.{method.Name} Name~{method.Name}").ToList();
        var filters = Filter().Matches(Block.Read("CONTRIBUTING.md")).Select(match => match.Groups[1].Value)
            .Where(filter => filter.StartsWith("FullyQualifiedName~") || filter.StartsWith("Name~")).ToList();

        filters.Should().HaveCountGreaterThan(3);
        filters.Where(filter => filter != "Name~xyz").Select(filter => filter.Split('~'))
            .Where(filter => !tests.Exists(test => Regex.IsMatch(test, $@"{filter[0]}~\S*{Regex.Escape(filter[1])}"))).Should().BeEmpty();
    }

    [GeneratedRegex("`([a-z -]+)`")]
    private static partial Regex Quoted();

    [GeneratedRegex(@"\[suggest:(\d+)\]' '([^']*)'")]
    private static partial Regex Suggest();

    [GeneratedRegex(@"(?:`|^|^\$ |; )make ([a-z/]+)", RegexOptions.Multiline)]
    private static partial Regex Target();

    [GeneratedRegex("(?:FILTER=|--filter )'([^']+)'")]
    private static partial Regex Filter();
}
