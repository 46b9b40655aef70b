using System.Reflection;
using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Guides;

/// <summary>What a page tells people to type is run by a test, or Unrun.cs says why it is not.</summary>
[Parallelizable(ParallelScope.All)]
public sealed class InventoryTest
{
    private static readonly (string Page, string Words)[] Run =
    [
        .. typeof(InventoryTest).Assembly.GetTypes().SelectMany(type => type.GetMethods())
            .SelectMany(method => method.GetCustomAttributes<RunsBlockAttribute>()).Select(runs => (runs.Page, runs.Words)),
    ];

    [Test]
    public async Task Every_block_of_commands_is_run_or_has_a_reason_why_not()
    {
        var smoked = await SmokedAsync();

        var commands = Block.All.Where(block => block.IsCommands).ToList();
        var unknown = commands.Where(block => block.Language != "console")
            .Where(block => !Run.Any(run => block.Is(run.Page, run.Words)) && !IsListed(block)).ToList();

        commands.Should().HaveCountGreaterThan(40, "else too little was read");
        unknown.Should().BeEmpty("[RunsBlock] on a test, or a line in Unrun.cs, says what becomes of them");
        commands.Where(block => block.Language == "console" && !smoked.Contains(block.Page)).Should().BeEmpty("make smoke runs them");
    }

    [Test]
    public void Every_reason_and_every_test_of_a_block_is_about_one_that_is_there()
    {
        Run.Where(run => Block.All.Count(block => block.Is(run.Page, run.Words)) != 1).Should().BeEmpty();
        Unrun.Blocks.Where(unrun => !Block.All.Any(block => block.Is(unrun.Page, unrun.Words))).Should().BeEmpty();
        Block.All.Where(block => Run.Any(run => block.Is(run.Page, run.Words)) && IsListed(block)).Should().BeEmpty("it is run");
        Unrun.Blocks.Should().OnlyContain(unrun => unrun.Reason.Length > 7);
    }

    [Test]
    public void Every_block_says_its_language() => Block.All.Where(block => block.Language.Length == 0).Should().BeEmpty();

    // make smoke reads blocks at the margin only.
    [Test]
    public void No_transcript_stands_in_a_list() =>
        Block.Pages.Where(page => Block.Read(page).Split('\n').Any(line => line.StartsWith(" ") && line.Trim() == "```console"))
            .Should().BeEmpty();

    private static bool IsListed(Block block) => Unrun.Blocks.Any(unrun => block.Is(unrun.Page, unrun.Words));

    private static async Task<string[]> SmokedAsync() =>
        (await Command.MustAsync(TestDatabase.Root, "bash", "test/smoke.sh", "--list")).Split('\n', StringSplitOptions.RemoveEmptyEntries);
}
