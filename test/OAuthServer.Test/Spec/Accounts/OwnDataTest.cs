using System.Text.Json;
using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Test.Spec.OpenId;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec.Accounts;

/// <summary>A person gets all that is kept about them, and can have it deleted (GDPR art. 15, 17, 20).</summary>
[Behaviour(96)]
public sealed class OwnDataTest : BackchannelFixture
{
    [Test, Case("ACC-121")]
    public async Task The_export_has_ones_own_rows_whoever_is_named_in_the_request()
    {
        var (alice, mallory, app, browser, hers) = (await Server.UserAsync(), await Server.UserAsync("mallory"),
            await Server.PublicClientAsync(), Server.NewBrowser(), Server.NewBrowser());
        var tokens = await app.TokensAsync(mallory, browser);
        await app.TokensAsync(alice, hers);
        await Server.ExecuteAsync("update users set email = @email, name = 'Alice Secret' where subject = @Subject",
            new { email = $"{alice.Username}@example.test", alice.Subject });
        await Server.ExecuteAsync("update users set name = 'Mallory', claims = '{\"dept\": \"x7\"}' where subject = @Subject", mallory);

        var reply = await browser.GetAsync($"{Paths.AccountData}?subject={alice.Subject}&username={alice.Username}");

        (reply.Status, reply.ContentHeaders.ContentType!.MediaType, reply.ContentHeaders.ContentDisposition!.DispositionType)
            .Should().Be((200, "application/json", "attachment"));
        reply.Header("Cache-Control").Should().Contain("no-store");
        reply.Json.GetProperty("account").GetProperty("subject").GetGuid().Should().Be(mallory.Subject);
        reply.Json.GetProperty("account").GetProperty("claims").GetProperty("dept").GetString().Should().Be("x7");
        reply.Json.GetProperty("grants").GetArrayLength().Should().Be(1);
        reply.Json.GetProperty("sessions").GetArrayLength().Should().Be(1);
        reply.Json.GetProperty("events").EnumerateArray().Select(one => one.GetProperty("event").GetString()).Should().Contain("sign-in");
        foreach (var other in new[] { $"{alice.Subject}", alice.Username, "Alice Secret", tokens.AccessToken, tokens.RefreshToken!, "$2a$",
            browser.Cookies[OAuthServer.Html.Cookies.Name("s", Server.Settings)] })
            reply.Body.Should().NotContain(other);
        NamesOf(reply.Json).Should().NotContain(name => name.Contains("hash") || name.Contains("sealed") || name.Contains("secret"));
        (await Server.AuditAsync(reply)).Should().ContainSingle(row => row.Event == "account" && row.Detail == "exported");
        (await Server.NewBrowser().GetAsync(Paths.AccountData)).Status.Should().Be(303, "nobody else gets any");
    }

    [Test]
    public async Task Whatever_names_a_person_is_in_the_export()
    {
        var tables = await Server.QueryAsync<string>("""
            select c.table_name from information_schema.columns c join information_schema.tables t using (table_schema, table_name)
             where c.table_schema = 'public' and c.column_name = 'subject' and t.table_type = 'BASE TABLE'
               and c.table_name not like 'audit\_events\__%' order by 1
            """);

        foreach (var table in tables)
            OAuthServer.Stores.Users.OwnDataStore.ExportSql.Should().MatchRegex($@"\b{table}\b",
                "a table with rows about people belongs there");
    }

    [Test, Case("ACC-122")]
    public async Task A_deleted_account_is_gone_from_every_table_and_apps_are_told()
    {
        var receiver = await ReceiverAsync(200);
        var one = await SignInAtAsync(receiver);
        var (alice, browser) = (one.Person, one.Browser);
        var (app, api) = (await Server.PublicClientAsync(), await Server.ResourceServerAsync());
        var tokens = await app.TokensAsync(alice, browser);
        var address = $"{alice.Username}@example.test";
        await Server.ExecuteAsync("""
            update users set email = @address, email_verified_at = now(), name = @name where subject = @Subject;
            insert into client_roles (client_id, subject, role) values (@client, @Subject, 'editor')
            """, new { address, name = $"Name of {alice.Username}", client = app.Id, alice.Subject });
        await browser.SignInAsync(await browser.FollowAsync("/login?switch=1"), alice);
        var page = await browser.FollowAsync(Paths.AccountDelete);
        (await browser.SubmitToAsync(Paths.AccountDelete, page, ("confirm", "alice"))).Body.Should().Contain("This is not your username");
        (await api.SeesAsActiveAsync(tokens.AccessToken)).Should().BeTrue();

        var reply = await browser.SubmitToAsync(Paths.AccountDelete, page, ("confirm", alice.Username.ToUpperInvariant()));

        reply.Should().BeAPage(200);
        reply.Body.Should().Contain("Your account is deleted").And.NotContain(alice.Username);
        (await api.SeesAsActiveAsync(tokens.AccessToken)).Should().BeFalse();
        (await app.RefreshAsync(tokens.RefreshToken!)).Should().BeRefusedWith("invalid_grant");
        (await browser.IsSignedInAsync()).Should().BeFalse();
        (await Server.ScalarAsync<long>("select count(*) from revocation_feed where kind = 'grant' and value = @id",
            new { id = $"{Granted.GrantId(tokens.RefreshToken!)}" })).Should().Be(1);
        await Eventually.BecomesTrueAsync(() => Task.FromResult(receiver.Requests.Contains("/logout")));
        (await LeftAsync(alice.Username, reply.RequestId)).Should().BeEmpty();
        (await Server.QueryAsync<string>("select event || ' ' || actor || ' ' || detail from audit_events where request_id = @id "
            + "and event in ('account', 'edit') and detail not like '%client_roles%' order by 1", new { id = reply.RequestId }))
            .Should().Equal($"account user:{alice.Subject} deleted");
    }

    [Test, Case("ACC-122")]
    public async Task A_stale_session_proves_first_who_it_is()
    {
        await using var server = await TestServer.StartAsync();
        var (alice, browser) = (await server.UserAsync(), server.NewBrowser());
        await browser.SignInAsync(alice);
        server.Clock.Travel(TimeSpan.FromMinutes(6));
        var page = await browser.FollowAsync(Paths.AccountDelete);

        var asked = await browser.SubmitToAsync(Paths.AccountDelete, page, ("confirm", alice.Username));

        asked.Should().BeAPage(401);
        (await server.ScalarAsync<long>("select count(*) from users where subject = @Subject", alice)).Should().Be(1);
        (await browser.SubmitAsync(new Landing(Paths.AccountDelete, asked), changes: [("your_password", alice.Password)]))
            .Body.Should().Contain("Your account is deleted");
    }

    [Test]
    public async Task The_name_stays_reserved_by_its_hash_until_an_operator_releases_it()
    {
        var ada = await Server.UserAsync("ada");
        await Server.ExecuteAsync("delete from users where subject = @Subject", ada);

        var added = await Server.RunBinaryAsync("purple monkey dishwasher\n", "users", "add", ada.Username, "--password-stdin");
        var invited = await Server.RunBinaryAsync("", "users", "invite", ada.Username);

        foreach (var run in new[] { added, invited })
            (run.Code, run.Error).Should().Match<(int Code, string Error)>(one =>
                one.Code == 1 && one.Error.Contains("This was the name of an account that was deleted"));
        (await LeftAsync(ada.Username, "")).Should().BeEmpty();
        (await Server.RunBinaryAsync("", "users", "release", ada.Username)).Code.Should().Be(0);
        (await Server.RunBinaryAsync("", "users", "release", ada.Username)).Code.Should().Be(1);
        (await Server.ScalarAsync<string>("select actor from audit_events where detail = 'a reserved name was released' "
            + "order by at desc limit 1"))
            .Should().StartWith("cli:");
        await Server.ExecuteAsync("insert into users (username) values (@Username)", ada);
        (await Server.ScalarAsync<Guid>("select subject from users where username = @Username", ada)).Should().NotBe(ada.Subject);
    }

    [Test]
    public async Task A_command_deletes_too_and_the_last_administrator_cannot_delete_themselves()
    {
        await Server.ExecuteAsync("""
            alter table users disable trigger users_keep_an_administrator;
            update users set role = 'user' where role = 'admin';
            alter table users enable trigger users_keep_an_administrator
            """);
        var (mallory, olivia, browser) = (await Server.UserAsync("mallory"), await Server.UserAsync("olivia", "admin"),
            Server.NewBrowser());

        (await Server.RunBinaryAsync("", "users", "delete", mallory.Username)).Code.Should().Be(1, "it asks first");
        (await Server.RunBinaryAsync("", "users", "delete", mallory.Username, "--yes")).Code.Should().Be(0);
        (await Server.RunBinaryAsync("", "users", "delete", mallory.Username, "--yes")).Code.Should().Be(1);
        await browser.SignInAsync(olivia);
        var reply = await browser.SubmitToAsync(Paths.AccountDelete, await browser.FollowAsync(Paths.AccountDelete),
            ("confirm", olivia.Username));

        reply.Should().BeAPage(409);
        reply.Body.Should().Contain("The last administrator who can sign in here stays one");
        (await browser.IsSignedInAsync()).Should().BeTrue();
    }

    [Test]
    public async Task Where_it_is_not_wanted_people_cannot_delete_themselves()
    {
        await using var server = await TestServer.StartAsync(settings => settings with { SelfDeletion = false });
        var (alice, browser) = (await server.UserAsync(), server.NewBrowser());
        await browser.SignInAsync(alice);
        var account = await browser.GetAsync(Paths.Account);

        account.Body.Should().NotContain(Paths.AccountDelete);
        (await browser.GetAsync(Paths.AccountDelete)).Status.Should().Be(404);
        var token = account.Page.QuerySelector("input[name=antiforgery]")!.GetAttribute("value")!;
        (await browser.PostAsync(Paths.AccountDelete, [new("antiforgery", token), new("confirm", alice.Username)])).Status.Should().Be(404);
        (await server.ScalarAsync<long>("select count(*) from users where subject = @Subject", alice)).Should().Be(1);
    }

    // Rows of any table in which this text stands, but for what the audit log had before.
    private async Task<List<string>> LeftAsync(string text, string request)
    {
        var found = new List<string>();
        foreach (var table in await Server.QueryAsync<string>(
                     "select tablename from pg_tables where schemaname = 'public' and tablename not like 'audit\\_%'"))
            found.AddRange(await Server.QueryAsync<string>($"select '{table}: ' || t::text from \"{table}\" t where t::text like @text",
                new { text = $"%{text}%" }));
        found.AddRange(await Server.QueryAsync<string>("select event || t::text from audit_events t "
            + "where request_id = @request and t::text like @text",
            new { request, text = $"%{text}%" }));
        return found;
    }

    private static IEnumerable<string> NamesOf(JsonElement json) => json.ValueKind switch
    {
        JsonValueKind.Object => json.EnumerateObject().SelectMany(one => NamesOf(one.Value).Prepend(one.Name)),
        JsonValueKind.Array => json.EnumerateArray().SelectMany(NamesOf),
        _ => [],
    };
}
