using System.Text.Json;
using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Cli;

/// <summary>Trust, identities and keys of clients by commands: what the administration can, too.</summary>
[Behaviour(43, 46)]
public sealed class TrustCommandsTest : ServerFixture
{
    private const string Issuer = "https://cli.example";

    [SetUp]
    public Task ForgetIssuersAsync() => Server.ExecuteAsync("delete from trusted_issuers; delete from identities");

    [Test]
    public async Task An_issuer_is_added_edited_and_deleted()
    {
        await JsonAsync("trust", "add", Issuer, "--kind", "workload", "--single-use", "--must-name", "repository_id", "--note", "Ours");
        (await RowAsync()).Should().Be("workload|cli.example||||3600|true||false|repository_id|Ours");

        var edited = await JsonAsync("trust", "edit", Issuer, "--name", "Builds", "--audience", "here", "--algs", "RS256",
            "--max-age", "60", "--single-use", "false", "--must-name", "", "--jwks-uri", "https://cli.example/keys");
        edited.GetProperty("changed").GetBoolean().Should().BeTrue();
        (await RowAsync()).Should().Be("workload|Builds|https://cli.example/keys|here|RS256|60|false||false||Ours");
        await JsonAsync("trust", "edit", Issuer, "--kind", "people", "--audience", "", "--jwks-uri", "", "--algs", "", "--max-age", "0",
            "--clients", "one", "two", "--create-people");
        (await RowAsync()).Should().Be("people|Builds||||600|false|one two|true||Ours");
        (await JsonAsync("trust", "edit", Issuer, "--name", "Builds")).GetProperty("changed").GetBoolean().Should().BeFalse();

        (await Server.RunBinaryAsync(null, "trust", "edit", Issuer, "--algs", "HS256")).Error.Should().Contain("is not taken here")
            .And.Contain("Nothing was changed");
        (await Server.RunBinaryAsync(null, "trust", "edit", Issuer, "--jwks", "/nowhere")).Error
            .Should().Contain("/nowhere cannot be read");
        (await Server.RunBinaryAsync(null, "trust", "edit", "https://nobody.example", "--name", "x")).Code.Should().Be(1);
        (await Server.RunBinaryAsync("", "trust", "delete", Issuer)).Error
            .Should().Contain("Live grants: 0").And.Contain("Nothing was done");
        (await JsonAsync("trust", "delete", Issuer, "--yes")).GetProperty("deleted").GetBoolean().Should().BeTrue();
        (await Server.RunBinaryAsync(null, "trust", "delete", Issuer, "--yes")).Code.Should().Be(1);
    }

    [Test]
    public async Task A_rule_is_edited_and_deleted_by_its_number()
    {
        var (one, other) = (await MachineAsync(), await MachineAsync());
        await JsonAsync("trust", "add", Issuer, "--kind", "workload");
        await JsonAsync("trust", "rule", Issuer, one, "--claims", "{\"sub\": \"a\"}", "--scopes", "notes:read", "--note", "First");
        var rule = await Server.ScalarAsync<string>("select id::text from assertion_rules where note = 'First'");

        (await JsonAsync("trust", "edit-rule", rule!, "--client", other, "--scopes", "", "--claims", "{\"sub\": \"b\"}"))
            .GetProperty("changed").GetBoolean().Should().BeTrue();
        (await Server.ScalarAsync<string>("select concat_ws('|', client_id, claims, scopes, note) from assertion_rules")).Should()
            .Be($"{other}|{{\"sub\": \"b\"}}|First");
        (await Server.RunBinaryAsync(null, "trust", "edit-rule", rule!, "--claims", "{")).Error.Should().Contain("no JSON");
        (await Server.RunBinaryAsync(null, "trust", "edit-rule", rule!, "--scopes", "notes:write")).Error.Should()
            .Contain("A scope of this rule is not the client's");
        (await Server.RunBinaryAsync("", "trust", "delete", rule!)).Error.Should().Contain(other).And.Contain("Nothing was done");
        await JsonAsync("trust", "delete", rule!, "--yes");
        (await Server.RunBinaryAsync(null, "trust", "edit-rule", rule!, "--note", "x")).Code.Should().Be(1);
    }

    [Test]
    public async Task Identities_are_listed_page_by_page_and_unlinked()
    {
        var (alice, bob) = (await Server.UserAsync(), await Server.UserAsync("bob"));
        await JsonAsync("trust", "link", Issuer, "ext 1", alice.Username, "--tenant", "acme corp");
        await JsonAsync("trust", "link", Issuer, "ext-2", bob.Username);

        var first = await JsonAsync("trust", "identities", "--limit", "1");
        first.GetProperty("total").GetInt32().Should().Be(2);
        var second = await JsonAsync("trust", "identities", "--limit", "1", "--after", first.GetProperty("next").GetString()!);
        new[] { first, second }.Select(page => page.GetProperty("identities")[0].GetProperty("sub").GetString()).Should()
            .Equal("ext-2", "ext 1");
        (await JsonAsync("trust", "identities", "--user", alice.Username)).GetProperty("identities").GetArrayLength().Should().Be(1);
        (await Server.RunBinaryAsync(null, "trust", "identities", "--search", "EXT-")).Out.Should().Contain(bob.Username)
            .And.NotContain(alice.Username);
        (await Server.RunBinaryAsync(null, "trust", "identities", "--issuer", "https://nobody.example")).Out
            .Should().Contain("No results.");

        (await Server.RunBinaryAsync("", "trust", "unlink", Issuer, "ext-2")).Error.Should().Contain(bob.Username)
            .And.Contain("live grants that stand on its assertions: 0").And.Contain("Nothing was done");
        (await JsonAsync("trust", "unlink", Issuer, "ext-2", "--yes")).GetProperty("unlinked").GetBoolean().Should().BeTrue();
        (await Server.RunBinaryAsync(null, "trust", "unlink", Issuer, "ext 1", "--yes")).Code.Should().Be(1, "its tenant is part of it");
        await JsonAsync("trust", "unlink", Issuer, "ext 1", "--tenant", "acme corp", "--yes");
        (await Server.ScalarAsync<long>("select count(*) from identities")).Should().Be(0);
    }

    [Test]
    public async Task A_client_is_added_with_the_one_algorithm_of_its_assertions()
    {
        var (pair, id, file) = (SigningPair.Rsa("one"), $"cli-{Guid.NewGuid().ToString("N")[..8]}", Path.GetTempFileName());
        await File.WriteAllTextAsync(file, SigningPair.Jwks(pair));

        await JsonAsync("clients", "add", id, "--kind", "machine", "--auth-method", "private_key_jwt", "--jwks", file,
            "--assertion-alg", "PS256", "--scope", "notes:read", "--resource", Cast.Notes);

        (await Server.ScalarAsync<string>("select assertion_alg from clients where client_id = @id", new { id })).Should().Be("PS256");
        (await Server.RunBinaryAsync(null, "clients", "add", id + "x", "--kind", "machine", "--assertion-alg", "HS256")).Code
            .Should().Be(2);
        File.Delete(file);
    }

    private Task<string> RowAsync() => Server.ScalarAsync<string>(
        """
        select concat_ws('|', kind, name, coalesce(jwks_uri, ''), coalesce(audience, ''), array_to_string(algs, ' '), max_age_seconds,
                         single_use::text, array_to_string(clients, ' '), create_people::text,
                         array_to_string(must_name, ' '), note) from trusted_issuers
        """)!;

    private async Task<string> MachineAsync()
    {
        var id = $"wl-{Guid.NewGuid().ToString("N")[..12]}";
        await Server.ExecuteAsync(
            """
            insert into clients (client_id, kind, name, grant_types, auth_method, scopes, resources, default_resource)
            values (@id, 'machine', @id, '{jwt-bearer}', 'federated', '{notes:read}', array[@Notes], @Notes)
            """, new { id, Cast.Notes });
        return id;
    }

    private async Task<JsonElement> JsonAsync(params string[] arguments)
    {
        var run = await Server.RunBinaryAsync(null, [.. arguments, "--json"]);
        run.Code.Should().Be(0, run.Out + run.Error);
        return JsonDocument.Parse(run.Out).RootElement;
    }
}
