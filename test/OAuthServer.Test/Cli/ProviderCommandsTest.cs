using System.Text.Json;
using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Test.Guides;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Cli;

/// <summary>Companies people sign in at, by commands.</summary>
[Behaviour(73)]
public sealed class ProviderCommandsTest : ServerFixture
{
    private const string Guide = "docs/guide-company-sign-in.md";

    private LyingProvider elsewhere = null!;

    [OneTimeSetUp]
    public async Task StartElsewhereAsync() => elsewhere = await LyingProvider.StartAsync();

    [OneTimeTearDown]
    public async Task StopElsewhereAsync() => await elsewhere.DisposeAsync();

    [Test]
    public async Task A_provider_is_added_given_its_secret_tested_changed_disabled_and_deleted()
    {
        var company = elsewhere.NewCompany();
        var added = await JsonAsync(null, "providers", "add", "acme", "--label", "Acme", "--issuer", company.Issuer, "--client-id",
            Company.ClientId);
        added.GetProperty("redirect_uri").GetString().Should().Be($"{Server.Issuer}/federation/acme/callback");

        var missing = await Server.RunBinaryAsync(null, "providers", "test", "acme");
        (missing.Code, missing.Out).Should().Match<(int Code, string Out)>(run => run.Code == 1 && run.Out.Contains("there is no secret"));
        (await Server.RunBinaryAsync("a wrong one", "providers", "secret", "acme", "--secret-stdin")).Code.Should().Be(0);
        (await Server.RunBinaryAsync(null, "providers", "test", "acme")).Out
            .Should().Contain("invalid_client").And.NotContain("a wrong one");
        var set = await Server.RunBinaryAsync(Company.Secret + "\n", "providers", "secret", "acme", "--secret-stdin");
        (set.Out + set.Error).Should().Contain("sealed").And.NotContain(Company.Secret);
        var tested = await JsonAsync(null, "providers", "test", "acme");
        tested.GetProperty("works").GetBoolean().Should().BeTrue();

        (await JsonAsync(null, "providers", "set", "acme", "--allowed-claims", """{"hd": ["a.example"]}""", "--provisioning", "create"))
            .GetProperty("changes")[0].GetString().Should().Contain("provisioning: existing → create");
        (await Server.RunBinaryAsync(null, "providers", "set", "acme", "--allowed-claims", "{}")).Error.Should()
            .Contain("Whoever signs in there would get an account").And.Contain("Nothing was changed");
        var row = (await JsonAsync(null, "providers", "list")).GetProperty("providers")[0];
        row.GetProperty("has_secret").GetBoolean().Should().BeTrue();
        row.TryGetProperty("secret_sealed", out _).Should().BeFalse();

        (await Server.RunBinaryAsync("", "providers", "disable", "acme")).Code.Should().Be(1, "it asks");
        await JsonAsync(null, "providers", "disable", "acme", "--end", "access", "--yes");
        (await Server.ScalarAsync<string>("select on_disable || enabled from identity_providers")).Should().Be("accessfalse");
        (await JsonAsync(null, "providers", "enable", "acme")).GetProperty("changed").GetBoolean().Should().BeTrue();
        await JsonAsync(null, "providers", "delete", "acme", "--yes");
        (await Server.RunBinaryAsync(null, "providers", "test", "acme")).Error.Should().Contain("There is no provider acme");
    }

    [Test]
    public async Task A_user_is_linked_listed_and_unlinked()
    {
        var (alice, bob) = (await Server.UserAsync(), await Server.UserAsync("bob"));
        await Server.ExecuteAsync("insert into identity_providers (id, label, issuer, client_id) values ('other', 'Other', 'https://other.example', 'x')");

        await JsonAsync(null, "users", "link", alice.Username, "--provider", "other", "--sub", "ext-1");
        (await JsonAsync(null, "users", "link", alice.Username)).GetProperty("identities")[0].GetProperty("sub").GetString()
            .Should().Be("ext-1");
        (await Server.RunBinaryAsync(null, "users", "link", bob.Username, "--provider", "other", "--sub", "ext-1")).Error
            .Should().Contain("linked to another user").And.NotContain(alice.Username);
        string[] unlink = ["users", "unlink", alice.Username, "--provider", "https://other.example", "--sub", "ext-1"];
        (await Server.RunBinaryAsync("", unlink)).Error.Should().Contain($"That is {alice.Username}").And.Contain("--yes");
        (await Server.ScalarAsync<long>("select count(*) from identities")).Should().Be(1, "nobody agreed");
        (await Server.RunBinaryAsync(null, ["users", "unlink", bob.Username, .. unlink[3..], "--yes"])).Code.Should().Be(1, "not his");
        await JsonAsync(null, [.. unlink, "--yes"]);
        (await Server.RunBinaryAsync(null, "users", "unlink", alice.Username, "--provider", "other", "--sub", "ext-1")).Code.Should().Be(1);
    }

    [Test, RunsBlock(Guide, "oauth-server providers add dex")]
    public async Task The_commands_of_the_guide_do_what_they_say()
    {
        var block = Block.All.Single(one => one.Page == Guide && one.Text.Contains("providers add dex"));

        foreach (var line in block.Text.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            var run = await Server.RunBinaryAsync(null, [.. CommandLine.Words(line["oauth-server ".Length..])]);
            run.Code.Should().Be(0, line + run.Out + run.Error);
        }
    }

    private async Task<JsonElement> JsonAsync(string? input, params string[] arguments)
    {
        var run = await Server.RunBinaryAsync(input, [.. arguments, "--json"]);
        run.Code.Should().Be(0, run.Out + run.Error);
        return JsonDocument.Parse(run.Out).RootElement;
    }
}
