using System.Text.Json;
using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Cli;

/// <summary>clients invite, as an operator runs it.</summary>
[Behaviour(16)]
public sealed class InviteCommandTest : ServerFixture
{
    private static readonly object Machine = new { grant_types = new[] { "client_credentials" } };

    [Test]
    public async Task An_invitation_works_as_often_as_it_says()
    {
        var (exit, output) =
            await RunAsync("clients", "invite", "--uses", "2", "--kind", "machine", "--label", "reports", "--expires-in-days", "3",
                "--json");
        exit.Should().Be(0, output);
        var made = JsonDocument.Parse(output).RootElement;
        var token = made.GetProperty("initial_access_token").GetString()!;

        made.GetProperty("uses").GetInt32().Should().Be(2);
        (made.GetProperty("expires_at").GetDateTimeOffset() - TimeProvider.System.GetUtcNow()).TotalDays.Should().BeApproximately(3, 0.1);
        (await Server.RegisterAsync(Machine, token)).ShouldBeRegistered();
        (await Server.RegisterAsync(Machine, token)).ShouldBeRegistered();
        (await Server.RegisterAsync(Machine, token)).ShouldBeChallenged(withToken: true);
        var row = $"insert initial_access_tokens {made.GetProperty("id").GetInt64()}: ";
        (await Server.QueryAsync<string>("select actor from audit_events where event = 'edit' and starts_with(detail, @row)", new { row }))
            .Should().ContainSingle().Which.Should().StartWith("cli:");
    }

    [Test]
    public async Task An_invitation_is_good_for_one_registration_by_default_and_prints_a_line_to_paste()
    {
        var (exit, output) = await RunAsync("clients", "invite");

        exit.Should().Be(0);
        output.Should().Contain("one registration").And.Contain($"curl -s {Server.Issuer}/register").And
            .MatchRegex("\n  [A-Za-z0-9_-]{43}\n");
    }

    [TestCase("--uses", "0")]
    [TestCase("--expires-in-days", "366")]
    [TestCase("--kind", "user")]
    public async Task Nonsense_is_refused(string option, string value) => (
        await RunAsync("clients", "invite", option, value)).Exit.Should().Be(2);

    [Test]
    public async Task The_program_explains_itself()
    {
        var (exit, output) = await RunAsync("clients", "invite", "--help");

        exit.Should().Be(0);
        output.Should().ContainAll("--uses", "--expires-in-days", "--kind", "--label", "Example:");
    }

    private async Task<(int Exit, string Output)> RunAsync(params string[] arguments)
    {
        var run = await Server.RunBinaryAsync(null, arguments);
        return (run.Code, run.Out.Length > 0 ? run.Out : run.Error);
    }
}
