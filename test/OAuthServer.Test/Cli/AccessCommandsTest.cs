using System.Text.Json;
using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Cli;

/// <summary>Who has access, by commands: the real binary beside a running server.</summary>
[Behaviour(26)]
public sealed class AccessCommandsTest : ServerFixture
{
    private async Task<JsonElement> JsonAsync(params string[] arguments)
    {
        var run = await Server.RunBinaryAsync(null, [.. arguments, "--json"]);
        run.Code.Should().Be(0, run.Out + run.Error);
        return JsonDocument.Parse(run.Out).RootElement;
    }

    private async Task<string> RefusedAsync(int code, params string[] arguments)
    {
        var run = await Server.RunBinaryAsync("", arguments);
        run.Code.Should().Be(code, run.Out + run.Error);
        run.Error.Should().NotContain("   at ");
        return run.Error;
    }

    private static string New(string what) => $"{what}-{Guid.NewGuid().ToString("N")[..8]}";

    [Test]
    public async Task A_clients_settings_are_edited_one_by_one_and_the_old_and_new_values_are_said()
    {
        var machine = await Server.MachineAsync(scopes: "notes:read");

        var edited = await JsonAsync("clients", "edit", machine.Id, "--add-scope", "notes:write", "--access-token-seconds", "300",
            "--note", "for the night");

        edited.GetProperty("changes")[0].GetString().Should()
            .Be($"update clients {machine.Id}: access_token_seconds: 600 → 300; note: nothing → \"for the night\"; scopes: +notes:write");
        await Eventually.BecomesTrueAsync(async () => (await machine.CredentialsAsync(("scope", "notes:write"))).Status == 200);
        (await Server.RunBinaryAsync(null, "why", edited.GetProperty("request_id").GetString()!)).Out.Should().Contain("600 → 300");
        (await JsonAsync("clients", "edit", machine.Id, "--note", "for the night")).GetProperty("changed").GetBoolean().Should().BeFalse();
        (await JsonAsync("clients", "edit", machine.Id, "--remove-scope", "notes:read", "--default-scope", "", "--note", ""))
            .GetProperty("changes")[0].GetString().Should().Contain("scopes: -notes:read").And.Contain("→ nothing");
    }

    [Test]
    public async Task An_edit_that_breaks_several_rules_is_refused_with_all_of_them_and_changes_nothing()
    {
        var machine = await Server.MachineAsync();

        var said = await RefusedAsync(1, "clients", "edit", machine.Id, "--add-scope", "nothing:such", "--access-token-seconds", "86400",
            "--note", "not written");

        said.Should().Contain("An access token lives at most an hour").And.Contain("A scope in this row does not exist")
            .And.Contain("Nothing was changed");
        (await Server.ScalarAsync<string?>("select note from clients where client_id = @Id", new { machine.Id })).Should().BeNull();
    }

    [Test]
    public async Task A_client_that_registered_itself_is_edited_once_it_is_vouched_for()
    {
        var app = await Server.PublicClientAsync();
        await Server.ExecuteAsync("update clients set origin = 'self-registered' where client_id = @Id", new { app.Id });

        (await RefusedAsync(1, "clients", "edit", app.Id, "--name", "Mine")).Should().Contain($"clients vouch {app.Id}");
        (await RefusedAsync(1, "clients", "vouch", app.Id)).Should().Contain("codes go to").And.Contain("--yes");
        (await JsonAsync("clients", "vouch", app.Id, "--yes")).GetProperty("changed").GetBoolean().Should().BeTrue();
        (await JsonAsync("clients", "vouch", app.Id)).GetProperty("changed").GetBoolean().Should().BeFalse();
        (await JsonAsync("clients", "edit", app.Id, "--name", "Mine")).GetProperty("changed").GetBoolean().Should().BeTrue();
        (await RefusedAsync(1, "clients", "vouch", "nobody")).Should().Contain("There is no client nobody");
    }

    [Test]
    public async Task A_client_is_deleted_only_when_that_is_confirmed_and_what_ends_is_said_before()
    {
        var (app, alice) = (await Server.PublicClientAsync(), await Server.UserAsync());
        await Server.TokensAsync(app, alice);

        (await RefusedAsync(1, "clients", "delete", app.Id)).Should().Contain("Live grants: 1, of users: 1").And.Contain("Add --yes");
        (await JsonAsync("clients", "delete", app.Id, "--yes")).GetProperty("deleted").GetBoolean().Should().BeTrue();
        (await RefusedAsync(1, "clients", "delete", app.Id, "--yes")).Should().Contain("There is no client");
    }

    [Test]
    public async Task Clients_are_listed_by_what_they_are_page_by_page()
    {
        var mark = New("paged");
        for (var i = 0; i < 3; i++)
        {
            await Server.ExecuteAsync("insert into clients (client_id, kind, name) values (@id, 'machine', @id)",
                new { id = $"{mark}-m{i}" });
            await Server.ExecuteAsync("insert into clients (client_id, kind, name, enabled) values (@id, 'user-facing', @id, false)",
                new { id = $"{mark}-u{i}" });
        }

        var (seen, after) = (new List<string>(), (string?)null);
        do
        {
            string[] begin = after is null ? [] : ["--after", after];
            var page = await JsonAsync(["clients", "list", "--search", mark, "--limit", "2", .. begin]);
            seen.AddRange(page.GetProperty("clients").EnumerateArray().Select(one => one.GetProperty("client_id").GetString()!));
            after = page.TryGetProperty("next", out var next) ? next.GetString() : null;
        } while (after is not null);

        seen.Should().Equal(Enumerable.Range(0, 3).Select(i => $"{mark}-m{i}").Concat(Enumerable.Range(0, 3).Select(i => $"{mark}-u{i}")));
        var disabled = await JsonAsync("clients", "list", "--search", mark, "--state", "disabled", "--kind", "user-facing");
        disabled.GetProperty("total").GetInt32().Should().Be(3);
        (await RefusedAsync(1, "clients", "list", "--after", "nobody")).Should().Contain("There is no client nobody");
    }

    [Test]
    public async Task Several_clients_are_disabled_together_once_what_is_affected_is_confirmed()
    {
        var mark = New("bulk");
        var app = await Server.PublicClientAsync();
        await Server.ExecuteAsync(
            "update clients set name = @mark, origin = 'self-registered' where client_id = @Id", new { app.Id, mark });
        await Server.TokensAsync(app, await Server.UserAsync());
        await Server.ExecuteAsync(
            "insert into clients (client_id, kind, name, origin) values (@mark, 'user-facing', 'another', 'self-registered')", new { mark });
        string[] some = ["--origin", "self-registered", "--search", mark];

        (await RefusedAsync(1, ["clients", "disable", .. some])).Should().Contain("Clients: 2").And.Contain("live grants: 1")
            .And.Contain("Nothing was done");
        var done = await JsonAsync(["clients", "disable", .. some, "--yes"]);
        done.GetProperty("changed").GetInt32().Should().Be(2);
        (await Server.QueryAsync<string>("select detail from audit_events where request_id = @id order by detail",
            new { id = done.GetProperty("request_id").GetString() })).Should().HaveCount(2)
            .And.OnlyContain(detail => detail.EndsWith(": enabled: true → false"));
        (await JsonAsync("clients", "enable", mark, app.Id, "--yes")).GetProperty("changed").GetInt32().Should().Be(2);
        (await RefusedAsync(2, "clients", "disable")).Should().Contain("one or the other");
        (await RefusedAsync(2, "clients", "disable", mark, "--origin", "operator")).Should().Contain("one or the other");
    }

    [Test]
    public async Task Grants_are_listed_shown_and_revoked()
    {
        var (app, other, alice, mallory) =
            (await Server.PublicClientAsync(), await Server.PublicClientAsync(), await Server.UserAsync(), await Server.UserAsync());
        var tokens = await Server.TokensAsync(app, alice);
        await Server.TokensAsync(other, alice);
        await Server.TokensAsync(app, mallory);

        var mine = await JsonAsync("grants", "list", "--user", alice.Username, "--client", app.Id);
        mine.GetProperty("total").GetInt64().Should().Be(1);
        var id = mine.GetProperty("grants")[0].GetProperty("id").GetString()!;
        (await Server.RunBinaryAsync(null, "grants", "show", id)).Out.Should().Contain(alice.Username).And.Contain(app.Id)
            .And.Contain("notes:read");
        (await JsonAsync("grants", "list", "--client", app.Id)).GetProperty("grants").GetArrayLength().Should().Be(2);
        var hers = await JsonAsync("grants", "list", "--resource", Cast.Notes, "--user", alice.Username);
        hers.GetProperty("total").GetInt64().Should().Be(2);

        (await RefusedAsync(1, "grants", "revoke", id)).Should().Contain($"of users: {alice.Username}, to clients: {app.Id}")
            .And.Contain("Nothing was done");
        (await JsonAsync("grants", "revoke", id, "--yes")).GetProperty("revoked").GetInt64().Should().Be(1);
        (await app.RefreshAsync(tokens.RefreshToken!)).Should().BeRefusedWith("invalid_grant");
        (await RefusedAsync(1, "grants", "revoke", id)).Should().Contain("There is no live grant");
        (await RefusedAsync(1, "grants", "revoke", "--client", app.Id)).Should().Contain("Live grants: 1, of users: 1, to clients: 1");
        var all = await JsonAsync("grants", "revoke", "--client", app.Id, "--yes");
        all.GetProperty("revoked").GetInt64().Should().Be(1);
        (await Server.QueryAsync<string>("select actor || ' ' || detail from audit_events where request_id = @id and event = 'revocation'",
            new { id = all.GetProperty("request_id").GetString() })).Should().ContainSingle().Which.Should().StartWith("cli:");
        (await JsonAsync("grants", "list", "--client", other.Id)).GetProperty("total").GetInt64().Should().Be(1, "nobody revoked that one");
        (await RefusedAsync(2, "grants", "revoke")).Should().Contain("one or the other");
        (await RefusedAsync(1, "grants", "revoke", "--client", "misspelt", "--yes")).Should().Contain("There is no client misspelt");
        (await RefusedAsync(1, "grants", "revoke", "--resource", "https://misspelt.example", "--yes")).Should()
            .Contain("There is no resource https://misspelt.example");
        (await RefusedAsync(1, "grants", "list", "--user", "nobody")).Should().Contain("There is no user nobody");
    }

    [Test]
    public async Task Sessions_are_listed_and_ended_by_their_id_or_by_their_user()
    {
        var alice = await Server.UserAsync();
        var (one, two) = (Server.NewBrowser(), Server.NewBrowser());
        await one.SignInAsync(alice);
        await two.SignInAsync(alice);

        var part = await JsonAsync("sessions", "list", "--user", alice.Username, "--limit", "1");
        part.GetProperty("total").GetInt64().Should().Be(2);
        var rest = await JsonAsync(
            "sessions", "list", "--user", alice.Username, "--limit", "1", "--after", part.GetProperty("next").GetString()!);
        rest.GetProperty("sessions").GetArrayLength().Should().Be(1);
        rest.GetProperty("sessions")[0].GetProperty("id").GetString().Should()
            .NotBe(part.GetProperty("sessions")[0].GetProperty("id").GetString());
        (rest.TryGetProperty("next", out var next) && next.GetString() is not null).Should().BeFalse("there is no third");
        (await RefusedAsync(1, "sessions", "list", "--after", "0000000000000000")).Should().Contain("is the id of no session");
        var listed = await JsonAsync("sessions", "list", "--user", alice.Username);
        var id = listed.GetProperty("sessions")[0].GetProperty("id").GetString()!;
        (await RefusedAsync(1, "sessions", "end", id)).Should().Contain($"Sessions: 1, of users: {alice.Username}")
            .And.Contain("Add --yes");
        (await JsonAsync("sessions", "end", id, "--yes")).GetProperty("ended").GetInt64().Should().Be(1);
        (await RefusedAsync(1, "sessions", "end", id)).Should().Contain("There is no session");
        new[] { await one.IsSignedInAsync(), await two.IsSignedInAsync() }.Should().BeEquivalentTo([true, false]);
        (await RefusedAsync(1, "sessions", "end", "--user", alice.Username)).Should().Contain("Nothing was done");
        (await JsonAsync("sessions", "end", "--user", alice.Username, "--yes")).GetProperty("ended").GetInt64().Should().Be(1);
        (await JsonAsync("sessions", "end", "--user", alice.Username)).GetProperty("ended").GetInt64().Should().Be(0, "none is left");
        (await RefusedAsync(2, "sessions", "end")).Should().Contain("Name a session");
        (await RefusedAsync(1, "sessions", "end", "everything")).Should().Contain("is the id of no session");
    }

    [Test]
    public async Task A_user_is_shown_and_users_are_listed_and_disabled_by_what_they_are()
    {
        var (alice, mallory, olivia) = (await Server.UserAsync(), await Server.UserAsync(), await Server.UserAsync("olivia", "admin"));
        await Server.TokensAsync(await Server.PublicClientAsync(), alice);
        await Server.NewBrowser().SignInAsync(alice);

        var shown = await JsonAsync("users", "show", alice.Username);
        shown.GetProperty("user").GetProperty("live_grants").GetInt32().Should().Be(1);
        shown.GetProperty("grants").GetArrayLength().Should().Be(1);
        shown.GetProperty("sessions").GetArrayLength().Should().Be(1);
        (await JsonAsync("users", "list", "--role", "admin", "--search", olivia.Username)).GetProperty("users")[0]
            .GetProperty("username").GetString().Should().Be(olivia.Username);
        (await RefusedAsync(1, "users", "disable", alice.Username, mallory.Username)).Should().Contain("Users: 2, with live grants: 1");
        await JsonAsync("users", "disable", alice.Username, mallory.Username, "--yes");
        var disabled = await JsonAsync("users", "list", "--state", "disabled", "--search", alice.Username);
        disabled.GetProperty("total").GetInt32().Should().Be(1);
    }

    [Test]
    public async Task A_resource_and_its_scopes_are_added_edited_and_who_can_reach_it_is_said()
    {
        var (uri, scope) = ($"https://{New("reports")}.example/", New("reports") + ":read");

        await JsonAsync("resources", "add", uri, "--name", "Reports", "--text", "ar=تقارير");
        await JsonAsync("scopes", "add", scope, "--resource", uri, "--open", "true", "--text", "en=Read reports");
        (await JsonAsync("scopes", "edit", scope, "--sensitive", "true")).GetProperty("changes")[0].GetString().Should()
            .Be($"update scopes {scope}: sensitive: false → true");
        (await JsonAsync("resources", "edit", uri, "--text", "ar=")).GetProperty("changes").GetArrayLength().Should().Be(1);
        var scopes = await JsonAsync("scopes", "list", "--resource", uri);
        scopes.GetProperty("scopes")[0].GetProperty("sensitive").GetBoolean().Should().BeTrue();
        var machine = await Server.MachineAsync();
        await JsonAsync("clients", "edit", machine.Id, "--add-resource", uri, "--add-scope", scope);

        var who = await JsonAsync("resources", "who", uri);
        who.GetProperty("clients")[0].GetProperty("client_id").GetString().Should().Be(machine.Id);
        who.GetProperty("clients")[0].GetProperty("scopes")[0].GetString().Should().Be(scope);
        who.GetProperty("open_scopes")[0].GetString().Should().Be(scope);
        (await Server.TokensAsync(await Server.PublicClientAsync(), await Server.UserAsync())).Status.Should().Be(200);
        (await JsonAsync("resources", "who", Cast.Notes)).GetProperty("grants").GetArrayLength().Should().BePositive();

        (await JsonAsync("resources", "disable", uri)).GetProperty("clients").GetInt64().Should().Be(1);
        (await RefusedAsync(1, "scopes", "delete", scope)).Should().Contain("Clients that use it: 1");
        (await JsonAsync("scopes", "delete", scope, "--yes")).GetProperty("deleted").GetBoolean().Should().BeTrue();
        (await RefusedAsync(1, "resources", "add", "nowhere", "--name", "Nowhere")).Should().Contain("This is no URI of a resource");
        (await RefusedAsync(1, "resources", "who", "https://nobody.example/")).Should().Contain("There is no resource");
    }

    [TestCase("clients disab", "disable"), TestCase("grants list --us", "--user"), TestCase("clients list --kind ", "user-facing")]
    public async Task The_program_says_how_a_line_may_go_on(string line, string expected) =>
        (await Server.RunBinaryAsync(null, $"[suggest:{line.Length}]", line)).Out.Split('\n').Select(one => one.Trim()).Should()
            .Contain(expected);

    [Test]
    public async Task The_audit_log_is_printed_for_spreadsheets()
    {
        var (machine, alice) = (await Server.MachineAsync(), await Server.UserAsync());
        await machine.CredentialsAsync(("scope", "=1+1"));
        await Server.ExecuteAsync("update users set enabled = false where subject = @Subject", alice);

        var csv = await Server.RunBinaryAsync(null, "audit", "--client", machine.Id, "--refused", "--csv");
        (csv.Code, csv.Error).Should().Be((0, ""));
        csv.Out.Should().StartWith("at,request_id,event,").And.Contain($",{machine.Id},").And.NotContain(",=1+1");
        (await JsonAsync("audit", "--user", alice.Username, "--event", "edit")).GetProperty("events")[0].GetProperty("detail").GetString()
            .Should().Be($"insert users {alice.Username}: enabled: true; role: user");
    }

    [TestCase("grants revoke"), TestCase("sessions end"), TestCase("resources who"), TestCase("scopes add"), TestCase("clients edit"),
        TestCase("clients delete"), TestCase("clients vouch"), TestCase("users show")]
    public async Task Every_command_has_an_example(string command)
    {
        var help = await Server.RunBinaryAsync(null, [.. command.Split(' '), "--help"]);

        help.Code.Should().Be(0);
        help.Out.Should().Contain("Example:").And.Contain($"oauth-server {command}").And.Contain("--json");
    }
}
