using System.Text.Json;
using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Cli;

/// <summary>why --client: the recent refusals of a client, without a request id.</summary>
public sealed class WhyCommandTest : ServerFixture
{
    [Test, Behaviour(25)]
    public async Task The_refusals_of_a_client_are_explained_newest_last_with_what_to_do()
    {
        var machine = await Server.MachineAsync();
        await machine.CredentialsAsync();
        var first = await machine.CredentialsAsync(("scope", "notes:write"));
        var second = await machine.With("wrong").CredentialsAsync();
        await (await Server.MachineAsync()).CredentialsAsync(("scope", "notes:write"));

        var run = await Server.RunBinaryAsync(null, "why", "--client", machine.Id, "--since", "1h", "--json");

        run.Code.Should().Be(0, run.Error);
        var refusals = JsonDocument.Parse(run.Out).RootElement.GetProperty("refusals").EnumerateArray().ToArray();
        refusals.Select(row => row.GetProperty("request_id").GetString()).Should().Equal(first.RequestId, second.RequestId);
        refusals[0].GetProperty("rule").GetString().Should().Be("RFC 6749 §3.3");
        refusals[0].GetProperty("reason").GetString().Should().NotBeNullOrEmpty();
        refusals[1].GetProperty("remedy").GetString().Should().Contain($"clients secret add {machine.Id}");

        var text = await Server.RunBinaryAsync(null, "why", "--client", machine.Id, "--limit", "1");
        text.Out.Should().Contain(second.RequestId).And.NotContain(first.RequestId).And.MatchRegex("remedy +Compare method and secret");
    }

    [Test]
    public async Task A_client_without_refusals_and_one_that_is_not_there_are_told_apart()
    {
        var machine = await Server.MachineAsync();
        await machine.CredentialsAsync();

        var never = await Server.RunBinaryAsync(null, "why", "--client", machine.Id);
        var nobody = await Server.RunBinaryAsync(null, "why", "--client", "nobody");

        (never.Code, never.Out).Should().Match<(int Code, string Out)>(run => run.Code == 0 && run.Out.Contains("was not refused"));
        (nobody.Code, nobody.Error).Should().Match<(int Code, string Error)>(run => run.Code == 1
            && run.Error.Contains("There is no client"));
    }

    [TestCase("why"), TestCase("why", "AZrVtdz4m0pXc1LqR3Zy", "--client", "nightly-etl")]
    public async Task One_of_a_request_and_a_client_is_named(params string[] arguments)
    {
        var run = await Server.RunBinaryAsync(null, arguments);

        (run.Code, run.Error.Contains("--client")).Should().Be((2, true));
    }
}
