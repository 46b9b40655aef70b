using System.Text.RegularExpressions;
using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Test.Html;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Guides;

/// <summary>The table "Who has access" of docs/access.md: each command by the real program, in the demo world.</summary>
[Behaviour(26)]
public sealed partial class AccessPageTest : ServerFixture
{
    private const string Resource = "http://localhost:9000/mcp";

    [OneTimeSetUp]
    public Task SeedAsync() => PageTourFixture.SeedAsync(Server);

    private static IEnumerable<string> Acts() => Rows().SelectMany(row => row.Commands);

    [TestCaseSource(nameof(Acts))]
    public async Task A_command_of_the_table_does_what_it_says(string command)
    {
        var names = await WorldAsync();
        var words = CommandLine.Words(Filled(command, names)).ToArray();
        if (CommandLine.Asks(words)) words = [.. words, "--yes"];
        // A scope that is added needs its resource, whichever test comes first.
        if (command.StartsWith("scopes add")) await Server.ExecuteAsync(
            "insert into resources (uri, name) values ('https://new.example/', 'New') on conflict do nothing");
        if (command.StartsWith("resources add")) await Server.ExecuteAsync("delete from resources where uri = 'https://new.example/'");
        if (command.StartsWith("clients edit APP_ID")) await Server.RunBinaryAsync(null, "clients", "vouch", names["APP_ID"], "--yes");

        var run = await Server.RunBinaryAsync(null, words);

        run.Code.Should().Be(0, run.Out + run.Error);
        run.Error.Should().BeEmpty();
        run.Out.Should().NotBeEmpty();
        if (command.StartsWith("resources disable")) await Server.ExecuteAsync("update resources set enabled = true");
    }

    [Test]
    public void The_table_is_read_whole()
    {
        Rows().Should().HaveCountGreaterThan(15);
        Acts().Should().HaveCountGreaterThan(20);
        Acts().Select(act => CommandLine.Flaw(act.Replace("GRANT_ID", $"{Guid.Empty}"))).OfType<string>().Should().BeEmpty();
    }

    /// <summary>The rows of the table: the commands and the SQL of each.</summary>
    internal static IEnumerable<(string What, string[] Commands, string[] Sql)> Rows()
    {
        var page = Block.Read("docs/access.md");
        var from = page.IndexOf("| question or act |", StringComparison.Ordinal);
        return page[from..page.IndexOf("\n\n", from, StringComparison.Ordinal)].Split('\n').Skip(2)
            .Select(line => Cells().Split(line).Select(cell => cell.Trim().Replace(@"\|", "|")).ToArray())
            .Select(cells => (cells[1], Code(cells[2]), Code(cells[3])));
    }

    /// <summary>A command or statement with the reader's own put in.</summary>
    internal static string Filled(string text, IReadOnlyDictionary<string, string> names) =>
        names.Aggregate(text, (filled, name) => Regex.Replace(filled, $@"\b{name.Key}\b", name.Value));

    // Somebody and something new for each act, so that none depends on what another one ended.
    private async Task<Dictionary<string, string>> WorldAsync()
    {
        var (alice, app, machine) = (await Server.UserAsync(), await Server.PublicClientAsync(), await Server.MachineAsync());
        await Server.TokensAsync(app, alice);
        await Server.NewBrowser().SignInAsync(alice);
        var registered = (await Server.RegisterPublicAsync(Cast.Redirect)).Text("client_id")!;
        var listed = await Server.RunBinaryAsync(null, "sessions", "list", "--user", alice.Username);
        var scope = $"table:{machine.Id}";
        await Server.ExecuteAsync("insert into scopes (name, resource) values (@scope, @Resource)", new { scope, Resource });
        await Server.ExecuteAsync("update clients set origin = 'self-registered', name = 'demo' where client_id = @Id",
            new { (await Server.PublicClientAsync()).Id });
        var (provider, sub) = ($"acme-{Guid.NewGuid().ToString("N")[..8]}", $"ext-{Guid.NewGuid():N}");
        await Server.ExecuteAsync(
            """
            insert into identity_providers (id, label, issuer, client_id)
                values (@provider, 'Acme', 'https://' || @provider || '.example', 'x');
            insert into identities (issuer, sub, subject) values ('https://' || @provider || '.example', @sub, @Subject)
            """, new { provider, sub, alice.Subject });
        return new()
        {
            ["PROVIDER"] = provider,
            ["SUB"] = sub,
            ["URI"] = Resource,
            ["CLIENT_ID"] = app.Id,
            ["APP_ID"] = registered,
            ["NAME"] = alice.Username,
            ["SCOPE"] = scope,
            ["GRANT_ID"] = $"{await Server.ScalarAsync<Guid>("select id from grants where subject = @Subject", alice)}",
            ["SESSION_ID"] = listed.Out.Split('\n')[1].Split(' ')[0],
        };
    }

    private static string[] Code(string cell) => [.. Quoted().Matches(cell).Select(match => match.Groups[1].Value)];

    [GeneratedRegex(@"(?<!\\)\|")]
    private static partial Regex Cells();

    [GeneratedRegex("`([^`]+)`")]
    private static partial Regex Quoted();
}
