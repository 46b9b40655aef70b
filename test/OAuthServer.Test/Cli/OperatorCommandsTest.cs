using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Keys;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Cli;

/// <summary>The operator's verbs as an operator runs them: the real binary, beside a running server.</summary>
public sealed partial class OperatorCommandsTest : ServerFixture
{
    [Test, Behaviour(7, 26)]
    public async Task A_machine_is_added_gets_a_token_and_a_second_secret_and_is_disabled()
    {
        var id = $"cli-{Guid.NewGuid().ToString("N")[..8]}";
        var added = await JsonAsync("clients", "add", id, "--kind", "machine", "--scope", "notes:read", "--default-resource", Cast.Notes);
        var secret = Find(added, "secret") ?? Find(added, "client_secret");
        var machine = new TestClient(Server, id, secret, "client_secret_basic", "");
        (await machine.CredentialsAsync()).Should().HaveIssuedTokens("notes:read");

        var second = Find(await JsonAsync("clients", "secret", "add", id, "--label", "next"), "secret", "client_secret");
        (await new TestClient(Server, id, second, "client_secret_basic", "").CredentialsAsync()).Should().HaveIssuedTokens();
        var refused = await Server.RunBinaryAsync(null, "clients", "secret", "add", id);
        refused.Code.Should().Be(1);
        (refused.Out + refused.Error).Should().Contain("at most two secrets").And.NotContain("   at ");

        var number = $"{await Server.ScalarAsync<long>("select min(id) from client_secrets where client_id = @id", new { id })}";
        var last = await Server.RunBinaryAsync(null, "clients", "secret", "revoke", number);
        last.Code.Should().Be(1);
        last.Error.Should().Contain($"It is of {id}").And.Contain("other secrets that work: 1").And.Contain("Nothing was done");
        (await JsonAsync("clients", "secret", "revoke", number, "--yes")).GetProperty("secrets_left").GetInt32().Should().Be(1);
        (await Server.RunBinaryAsync(null, "clients", "secret", "revoke", number, "--yes")).Error.Should().Contain("was revoked on");
        machine = machine.With(second);

        await JsonAsync("clients", "disable", id);
        await Eventually.BecomesTrueAsync(async () => (await machine.CredentialsAsync()).Description == "The client has been revoked");
        await JsonAsync("clients", "enable", id);
        await Eventually.BecomesTrueAsync(async () => (await machine.CredentialsAsync()).Status == 200);
        (await JsonAsync("clients", "show", id)).GetRawText().Should().Contain(id).And.NotContain("$2a$");
        (await JsonAsync("clients", "list")).GetRawText().Should().Contain(id);
        (await Server.QueryAsync<string>("select actor from audit_events where event = 'edit' and client_id = @id", new { id }))
            .Should().OnlyContain(actor => actor.StartsWith("cli:"));
    }

    [Test, Behaviour(35)]
    public async Task A_person_is_added_signs_in_and_a_new_password_signs_them_out()
    {
        var name = $"cli-{Guid.NewGuid().ToString("N")[..8]}";
        (await Server.RunBinaryAsync("the first password\n", "users", "add", name, "--password-stdin", "--json")).Code.Should().Be(0);
        var browser = Server.NewBrowser();
        (await browser.SignInAsync(await browser.FollowAsync("/login"), new Person(name, Guid.Empty), "the first password")).Reply.Body
            .Should().Contain($"<bdi>{name}</bdi>");
        (await browser.IsSignedInAsync()).Should().BeTrue();

        var asked = await Server.RunBinaryAsync("second password\n", "users", "passwd", name, "--password-stdin");
        asked.Code.Should().Be(1);
        asked.Error.Should().Contain($"Set a new password for {name}?").And.Contain("Add --yes");
        (await browser.IsSignedInAsync()).Should().BeTrue();
        (await Server.RunBinaryAsync("second password\n", "users", "passwd", name, "--password-stdin", "--yes")).Code.Should().Be(0);

        (await browser.IsSignedInAsync()).Should().BeFalse();
        (await Server.RunBinaryAsync(null, "users", "role", name, "admin", "--json")).Code.Should().Be(0);
        await Server.UserAsync("olivia", "admin");
        var disable = await Server.RunBinaryAsync(null, "users", "disable", name);
        disable.Code.Should().Be(1, "what it ends does not come back");
        disable.Error.Should().Contain($"Disable {name}?");
        (await Server.RunBinaryAsync(null, "users", "disable", name, "--yes")).Code.Should().Be(0);
        (await Server.ScalarAsync<string>("select role || enabled::text from users where username = @name", new { name }))
            .Should().Be("adminfalse");
    }

    [TestCase("machine", GrantType.JwtBearerName, " -d assertion=ASSERTION")]
    [TestCase("machine", "urn:ietf:params:oauth:grant-type:token-exchange",
        " -d subject_token=ACCESS_TOKEN -d subject_token_type=urn:ietf:params:oauth:token-type:access_token")]
    [TestCase("user-facing", "urn:ietf:params:oauth:grant-type:device_code", " -d device_code=DEVICE_CODE")]
    [TestCase("machine", "client_credentials", "")]
    public async Task The_line_of_curl_is_for_a_grant_type_that_the_client_has(string kind, string grant, string rest)
    {
        var id = $"cli-{Guid.NewGuid().ToString("N")[..8]}";

        var added = await Server.RunBinaryAsync(null, "clients", "add", id, "--kind", kind, "--grant-type", grant, "--auth-method",
            "client_secret_basic", "--scope", "notes:read", "--resource", Cast.Notes);

        added.Code.Should().Be(0, added.Error);
        added.Out.Should().Contain($" -d grant_type={grant}{rest} {Server.Issuer}{Paths.Token}");
    }

    [Test, Behaviour(35)]
    public async Task The_last_enabled_administrator_is_neither_demoted_nor_disabled()
    {
        var olivia = await Server.UserAsync("olivia", "admin");
        await Server.ExecuteAsync("update users set role = 'user' where username <> @Username", olivia);

        foreach (var verb in new[] { new[] { "users", "role", olivia.Username, "user" }, ["users", "disable", olivia.Username, "--yes"] })
        {
            var refused = await Server.RunBinaryAsync(null, verb);
            refused.Code.Should().Be(1);
            refused.Error.Should().Contain("is the last enabled administrator").And.Contain("It stays as it is");
        }

        var mallory = await Server.UserAsync();
        (await Server.RunBinaryAsync(null, "users", "disable", olivia.Username, mallory.Username, "--yes")).Code.Should().Be(1);
        (await Server.ScalarAsync<bool>("select enabled from users where subject = @Subject", mallory)).Should().BeFalse();
        (await Server.ScalarAsync<string>("select role || enabled from users where subject = @Subject", olivia)).Should().Be("admintrue");
        await Server.UserAsync("oscar", "admin");
        (await Server.RunBinaryAsync(null, "users", "role", olivia.Username, "user")).Code.Should().Be(0);
    }

    [Test, Behaviour(26)]
    public async Task Nothing_a_name_holds_reaches_the_terminal_as_it_is()
    {
        var id = $"cli-{Guid.NewGuid().ToString("N")[..8]}";
        // As a restore with the triggers off would bring it.
        await Server.ExecuteAsync("""
            begin;
            set local session_replication_role = replica;
            insert into clients (client_id, kind, name, note, grant_types, auth_method)
            values (@id, 'machine', @name, @name, '{client_credentials}', 'client_secret_basic');
            commit
            """, new { id, name = "a\u202Eb\u2028c\u001B[31md" });

        string[][] verbs =
        [
            ["clients", "list"], ["clients", "show", id], ["clients", "show", id, "--json"],
            ["clients", "show", "no\u202Esuch\u2029client"], ["users", "passwd", "\u2067x"], ["clients", "li\u202Est"],
        ];
        foreach (var verb in verbs)
        {
            var run = await Server.RunBinaryAsync("", verb);
            (run.Out + run.Error).Should().NotContainAny("\u202E", "\u2028", "\u2029", "\u2067", "\u001B").And.Contain("\\u");
        }
    }

    [TestCase("\u00EF\u00BB\u00BFthe first password\n", "the first password", Description = "a byte order mark")]
    [TestCase("the first password\r\n", "the first password")]
    [TestCase("the first password", "the first password")]
    [TestCase(" p\u00C3\u00A4ssword with blanks \n", " p\u00E4ssword with blanks ", Description = "nothing of it is cut")]
    [TestCase("first p\u00E4ssword\n", null, Description = "Latin-1")]
    [TestCase("\u00FF\u00FEf\0i\0r\0s\0t\0 \0p\0a\0s\0s\0w\0o\0r\0d\0", null, Description = "UTF-16")]
    [TestCase("the first password\nsecond line\n", null)]
    [TestCase("elevenchars\n", null, Description = "one character short of what the page asks for")]
    [TestCase("NAME\n", null, Description = "the user name")]
    [TestCase("", null)]
    [Behaviour(35)]
    public async Task A_password_from_standard_input_is_taken_whole_or_refused(string octets, string? password)
    {
        var name = $"cli-{Guid.NewGuid().ToString("N")[..8]}";

        var run = await Server.RunBinaryOnAsync(Encoding.Latin1.GetBytes(octets.Replace("NAME", name)), "users", "add", name,
            "--password-stdin");

        run.Code.Should().Be(password is null ? 1 : 0, run.Error);
        var hash = await Server.ScalarAsync<string?>("select password_hash from users where username = @name", new { name });
        if (password is null)
            (hash, run.Error).Should().Match<(string? Hash, string Error)>(pair => pair.Hash == null && pair.Error.Length > 20
            && !pair.Error.Contains("   at "));
        else SecretHash.Verify(password, hash!).Should().BeTrue();
    }

    [Test, Behaviour(25)]
    public async Task Why_prints_rule_expected_and_got()
    {
        var refused = await (await Server.MachineAsync()).CredentialsAsync(("scope", "notes:write"));

        var why = await Server.RunBinaryAsync(null, "why", refused.RequestId);

        why.Code.Should().Be(0);
        why.Out.Should().Contain("RFC 6749 §3.3").And.MatchRegex("expected.*notes:read").And.MatchRegex("received.*notes:write");
        (await JsonAsync("audit", "--refused", "--since", "1h")).GetRawText().Should().Contain(refused.RequestId);
        var nothing = await Server.RunBinaryAsync(null, "why", TimedId.NewRequestId(TimeProvider.System.GetUtcNow()));
        nothing.Code.Should().Be(1);
        (nothing.Out + nothing.Error).Should().Contain("access log");
    }

    [Test, Behaviour(25)]
    public async Task An_id_without_a_time_is_found_by_reading_the_whole_log_when_asked_to()
    {
        await Server.ExecuteAsync(
            "insert into audit_events (at, request_id, event, outcome, reason) "
                + "values (now(), 'from-an-early-version', 'token', 'refused', 'an early reason')");

        var quick = await Server.RunBinaryAsync(null, "why", "from-an-early-version");
        var slow = await Server.RunBinaryAsync(null, "why", "--scan", "from-an-early-version");

        quick.Code.Should().Be(1);
        (quick.Out + quick.Error).Should().Contain("carries no time").And.Contain("why --scan from-an-early-version");
        slow.Code.Should().Be(0);
        slow.Out.Should().Contain("an early reason");
    }

    [Test, Behaviour(11)]
    public async Task Keys_are_listed_rotated_and_printed()
    {
        (await JsonAsync("keys", "list")).GetRawText().Should().Contain("active").And.NotContain("PRIVATE");
        (await Server.RunBinaryAsync(null, "keys", "pem", "active")).Out.Should().StartWith("-----BEGIN PUBLIC KEY-----");
        var rotated = await Server.RunBinaryAsync(null, "keys", "rotate");
        (rotated.Code, rotated.Error).Should().Be((0, ""));
        rotated.Out
            .Should().MatchRegex(
                @"It signs from \d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ on, in 24 hours; until then nothing changes for anybody\.");
        (await JsonAsync("keys", "list")).GetRawText().Should().Contain("pending");
    }

    [TestCase("clients"), TestCase("users"), TestCase("keys"), TestCase("serve"), TestCase("migrate"), TestCase("seed"), TestCase("audit"),
        TestCase("why"), TestCase("doctor")]
    public async Task Every_verb_explains_itself(string verb)
    {
        var help = await Server.RunBinaryAsync(null, verb, "--help");

        help.Code.Should().Be(0);
        help.Out.Should().Contain(verb).And.Contain("--json");
    }

    [Test]
    public void Words_of_the_program_point_to_pages_that_are_there()
    {
        var words = Directory.GetFiles(Path.Combine(TestDatabase.Root, "src"), "*.cs", SearchOption.AllDirectories).Select(File.ReadAllText)
            .SelectMany(text => Page().Matches(text)).Select(match => match.Value).Distinct().ToList();

        words.Should().Contain("docs/tour.md").And.Contain("docs/settings.md").And
            .OnlyContain(page => File.Exists(Path.Combine(TestDatabase.Root, page)));
    }

    [Test]
    public async Task Wrong_settings_are_all_named_and_the_page_that_lists_them_too()
    {
        var (code, said) = await OAuthProgram.RunAsync(Server.Settings with { BcryptCost = 99 }, "keys", "list");

        code.Should().Be(2);
        said.Should().Contain("OAuth__BcryptCost").And.Contain("docs/settings.md").And.NotContain("README");
        File.ReadAllText(Path.Combine(TestDatabase.Root, "docs/settings.md")).Should().Contain("| `OAuth__BcryptCost` |");
    }

    // A page by its path in the checkout.
    [GeneratedRegex(@"(?<![\w/.-])(README|docs/[\w/-]+)\.md")]
    private static partial Regex Page();

    private async Task<JsonElement> JsonAsync(params string[] arguments)
    {
        var run = await Server.RunBinaryAsync(null, [.. arguments, "--json"]);
        run.Code.Should().Be(0, run.Out + run.Error);
        return JsonDocument.Parse(run.Out).RootElement;
    }

    private static string? Find(JsonElement json, params string[] names) => names.Select(
        name => json.TryGetProperty(name, out var value) ? value.GetString() : null).FirstOrDefault(value => value is not null);
}
