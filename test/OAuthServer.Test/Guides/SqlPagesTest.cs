using System.Text.RegularExpressions;
using FluentAssertions;
using Npgsql;
using NUnit.Framework;
using OAuthServer.Stores.Postgres;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Guides;

/// <summary>
/// The SQL of the pages, in a database made as docs/operating.md says: two logins, migrated as the owner, then typed as the login of
/// the running server, which may do no more. Each page's statements run in one transaction, which is rolled back.
/// </summary>
[Parallelizable(ParallelScope.Fixtures)]
public sealed partial class SqlPagesTest
{
    private const string Operating = "docs/operating.md";
    private OwnCluster cluster = null!;
    private Shell owner = null!;
    private string app = "";
    private string ofOwner = "";

    [OneTimeSetUp]
    public async Task MakeDatabaseAsync()
    {
        cluster = await OwnCluster.StartAsync();
        using (var administrator = new Shell(cluster.ConnectionString))
            await administrator.RunAsync($"psql --quiet --set=ON_ERROR_STOP=1 <<'SQL'\n{Logins()}\nSQL");
        (ofOwner, app) = (As("oauth_owner"), As("oauth_app"));
        owner = new Shell(ofOwner, ("OAuth__Issuer", "https://auth.example.com"));
        (await owner.RunAsync("oauth-server migrate")).Should().StartWith("Applied 0001_checks");
        await TestDatabase.ExecuteAsync(cluster.ConnectionString.Replace("Database=oauth;", "Database=production;"),
            "create extension if not exists pgcrypto");
        await TestDatabase.ExecuteAsync(ofOwner, Migrations.Read("seed/demo.sql"));
        await TestDatabase.ExecuteAsync(ofOwner, Facts);
    }

    [OneTimeTearDown]
    public async Task DropClusterAsync()
    {
        owner?.Dispose();
        if (cluster is not null) await cluster.DisposeAsync();
    }

    [RunsBlock("docs/access.md", "insert into scope_texts"), RunsBlock("docs/access.md", "claude-code-client-metadata")]
    [RunsBlock("docs/access.md", "spam.example"), RunsBlock("docs/resource-servers.md", "insert into resources")]
    [RunsBlock("docs/resource-servers.md", "update clients set scopes")]
    [RunsBlock("samples/Template/mcp-oauth/README.md", "insert into resources")]
    [RunsBlock("docs/guide-web-app.md", "insert into claim_rules"), RunsBlock("docs/guide-web-app.md", "trusted = true")]
    [RunsBlock("docs/guide-second-factor.md", "set second_factor"), TestCase("docs/guide-second-factor.md")]
    [RunsBlock("docs/guide-delegation.md", "insert into exchange_rules"), RunsBlock("docs/guide-delegation.md", "update delegations")]
    [TestCase("docs/guide-delegation.md")]
    [RunsBlock("docs/guide-accounts.md", "from account_links"), RunsBlock("docs/guide-accounts.md", "from mail_outbox")]
    [TestCase("docs/guide-accounts.md")]
    [RunsBlock("docs/guide-company-sign-in.md", "login.microsoftonline.com"),
        RunsBlock("docs/guide-company-sign-in.md", "accounts.google.com")]
    [RunsBlock("docs/guide-company-sign-in.md", "example.okta.com"), RunsBlock("docs/guide-company-sign-in.md", "keycloak.example.com")]
    [RunsBlock("docs/guide-company-sign-in.md", "'https://idp.example', 'people'"), TestCase("docs/guide-workloads.md")]
    [RunsBlock("docs/guide-workloads.md", "insert into clients"), RunsBlock("docs/guide-workloads.md", "oidc.eks")]
    [RunsBlock("docs/guide-workloads.md", "must_name)"), RunsBlock("docs/guide-workloads.md", "update assertion_rules")]
    [TestCase("docs/guide-company-sign-in.md")]
    [TestCase("docs/guide-web-app.md"), TestCase("docs/access.md"), TestCase("docs/resource-servers.md")]
    [TestCase("samples/Template/mcp-oauth/README.md")]
    public Task The_login_of_the_server_may_do_what_a_page_shows(string page) =>
        // The template's server listens where the demo's does.
        RolledBackAsync(app, Block.All.Where(block => block.Page == page && block.Language == "sql")
            .Select(block => page.StartsWith("samples") ? block.Text.Replace(":9000/", ":9100/") : block.Text));

    private static IEnumerable<string> Statements() => AccessPageTest.Rows().SelectMany(row => row.Sql);

    [TestCaseSource(nameof(Statements))]
    public async Task A_statement_of_the_table_of_access_finds_or_changes_a_row(string statement)
    {
        var filled = AccessPageTest.Filled(statement, new Dictionary<string, string>
        {
            ["URI"] = "http://localhost:9000/mcp",
            ["CLIENT_ID"] = "claude-desktop",
            ["APP_ID"] = "self-made",
            ["NAME"] = "alice",
            ["SCOPE"] = "unused:read",
            ["GRANT_ID"] = "019ab1c2-7d10-7abc-8def-0123456789ab",
            ["SESSION_ID"] = "1f0e9a7c5b3d2846",
            ["PROVIDER"] = "acme",
            ["SUB"] = "ext-alice",
        });

        string[] before = statement.StartsWith("insert into scopes") ? [Statements().Single(one => one.StartsWith("insert into res"))]
            : statement.StartsWith("insert into identities") ? ["delete from identities"] : [];

        (await RolledBackAsync(app, [.. before, filled])).Should().BePositive(filled);
    }

    [Test]
    public void Every_row_of_the_table_has_its_SQL() =>
        AccessPageTest.Rows().Where(row => row.Sql.Length == 0).Should().BeEmpty();

    [Test, RunsBlock(Operating, "create role oauth_owner")]
    public async Task The_login_of_the_server_alters_nothing_and_only_adds_to_the_audit_log()
    {
        foreach (var refused in new[] { "alter table clients add hers text", "delete from audit_events", "create table hers (id int)" })
            await FluentActions.Awaiting(() => RolledBackAsync(app, [refused])).Should().ThrowAsync<PostgresException>();
    }

    [Test, RunsBlock(Operating, "oauth-server serve")]
    public async Task Migrated_under_the_one_login_it_serves_under_the_other()
    {
        var at = new NpgsqlConnectionStringBuilder(ofOwner);
        var lines = Block.The(Operating, "oauth-server serve").Text.Replace("Host=db;", $"Host={at.Host};Port={at.Port};")
            .Replace(";…'", ";Password=…;Database=production'").Split('\n', StringSplitOptions.RemoveEmptyEntries);
        using var shell = new Shell(app, ("OAuth__Listen", $"http://127.0.0.1:{TestServer.FreePort()}"),
            ("OAuth__Issuer", "https://auth.example.com"), ("OAuth__TrustedProxies", "127.0.0.1"), ("OAuth__ShutdownGraceSeconds", "0"));
        shell.Environment["OAUTH_SECRETS_FOLDER"] = shell.Folder;
        var key = KeyLine().Match(Block.Read(Operating)).Groups[1].Value.Replace("/run/secrets", shell.Folder);

        await shell.RunAsync(key);
        lines.Should().HaveCount(2);
        (await shell.RunAsync(lines[0])).Should().Contain("The schema is up to date");
        using var server = shell.Start("exec env " + lines[1]);
        var said = server.StandardError.ReadToEndAsync();
        try
        {
            await shell.RunAsync($"while kill -0 {server.Id}; do oauth-server health 2> /dev/null && exit; sleep 0.2; done; exit 1");
        }
        finally { await Tools.SignalAsync("TERM", server.Id); }

        await server.WaitForExitAsync();
        server.ExitCode.Should().Be(0, await said);
    }

    // What stands there says that the role may come after the migrations, too.
    [Test]
    public async Task The_blocks_that_give_the_role_its_rights_run_once_more()
    {
        var named = Number().Matches(Again().Match(Block.Read(Operating)).Value).Select(match => match.Value).ToArray();
        var blocks = named.SelectMany(number => Blocks().Matches(File.ReadAllText(
            Directory.GetFiles(Path.Combine(TestDatabase.Root, "sql/migrations"), $"{number}_*.sql").Single())))
            .Select(match => match.Value).Where(block => block.Contains("oauth_server")).ToList();
        var granting = Directory.GetFiles(Path.Combine(TestDatabase.Root, "sql/migrations"))
            .Where(file => File.ReadAllText(file).Contains("to oauth_server")).Select(file => Path.GetFileName(file)[..4]);

        named.Should().BeEquivalentTo(granting, "else the page forgot one");
        await RolledBackAsync(ofOwner, blocks);
    }

    [Test, RunsBlock(Operating, "detach partition audit_events_default")]
    public async Task Rows_without_a_month_become_a_partition_of_their_own()
    {
        await TestDatabase.ExecuteAsync(ofOwner, "insert into audit_events (at, request_id, event, outcome) "
            + "values ('2031-02-03Z', 'stray', 'token', 'ok')");
        var text = Block.The(Operating, "detach partition").Text.Replace("2026_11", "2031_02").Replace("2026-11-01", "2031-02-01")
            .Replace("2026-12-01", "2031-03-01");

        await TestDatabase.ExecuteAsync(ofOwner, text);

        (await RolledBackAsync(ofOwner, ["select from audit_events_2031_02 where request_id = 'stray'"])).Should().Be(1);
        (await RolledBackAsync(ofOwner, ["select from audit_events_default"])).Should().Be(0);
    }

    private static string Logins() => Block.The(Operating, "create role oauth_owner").Text
        .Replace("database oauth ", "database production ");

    private string As(string login) => new NpgsqlConnectionStringBuilder(cluster.ConnectionString)
    {
        Username = login,
        Password = "…",
        Database = "production",
        Pooling = false,
    }.ConnectionString;

    // How many rows the last statement found or changed.
    private static async Task<int> RolledBackAsync(string login, IEnumerable<string> statements)
    {
        await using var connection = new NpgsqlConnection(login);
        await connection.OpenAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        var rows = 0;
        foreach (var statement in statements)
        {
#pragma warning disable CA2100 // It is what the pages say.
            await using var command = new NpgsqlCommand(statement, connection, transaction);
#pragma warning restore CA2100
            await using var reader = await command.ExecuteReaderAsync();
            rows = reader.RecordsAffected;
            if (rows < 0) for (rows = 0; await reader.ReadAsync(); rows++) { }
        }

        return rows;
    }

    // Something for each statement to be about.
    private const string Facts = """
        insert into users (subject, username, password_hash) values
            ('5f0a0a26-3a41-4b44-8d6f-0d3fb7f4a001', 'bob', '$2a$12$pZL/JEPivvLXXl9oqXbAL./l6eoxQzhnfocphD/HBN.v4ZmwfDRLy');
        insert into clients (client_id, kind, name, origin, redirect_uris) values
            ('self-made', 'user-facing', 'demo', 'self-registered', '{http://127.0.0.1/callback}');
        insert into scopes (name, resource) values ('unused:read', 'http://localhost:9000/mcp');
        insert into grants (id, client_id, subject, redirect_uri, code_challenge, scope, resources, offline, created_at, expires_at)
            select '019ab1c2-7d10-7abc-8def-0123456789ab', 'claude-desktop', subject, 'http://127.0.0.1/callback', repeat('a', 43),
                   '{notes:read}', '{http://localhost:9000/mcp}', false, now(), now() + interval '1 day'
              from users where username = 'alice';
        insert into consents (client_id, subject, redirect_uri, resources, scope, given_at, key)
            select 'claude-desktop', subject, 'http://127.0.0.1/callback', '{http://localhost:9000/mcp}', '{notes:read}', now(), '\x00'
              from users where username = 'alice';
        insert into sessions (id_hash, subject, authenticated_at, last_seen_at, expires_at, address, user_agent)
            select decode(rpad('1f0e9a7c5b3d2846', 64, '0'), 'hex'), subject, now(), now(), now() + interval '1 day', '127.0.0.1', ''
              from users where username = 'alice';
        insert into identity_providers (id, label, issuer, client_id) values ('acme', 'Acme', 'https://acme.example', 'x');
        insert into identities (issuer, sub, subject)
            select 'https://acme.example', 'ext-alice', subject from users where username = 'alice';
        insert into initial_access_tokens (hash, kind, label, expires_at)
            values (sha256('invitation'), 'machine', 'reports team', now() + interval '1 day');
        insert into account_links (kind, token_hash, subject, expires_at)
            select 'reset', sha256('a link'), subject, now() + interval '1 day' from users where username = 'alice';
        """;

    [GeneratedRegex(@"run the `do \$\$ … \$\$` blocks of [^`]+ in `sql/migrations`")]
    private static partial Regex Again();

    [GeneratedRegex(@"\b\d{4}\b")]
    private static partial Regex Number();

    [GeneratedRegex("`(openssl rand [^`]+)`")]
    private static partial Regex KeyLine();

    [GeneratedRegex(@"^do \$\$.*?^\$\$;", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Blocks();
}
