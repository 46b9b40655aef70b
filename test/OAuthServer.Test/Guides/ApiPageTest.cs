using System.Diagnostics;
using System.Text.RegularExpressions;
using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Test.Html;
using OAuthServer.Test.ResourceServer;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Guides;

/// <summary>The requests of docs/resource-servers.md and docs/guide-mcp-server.md, in the demo world, to the APIs they are for.</summary>
public sealed partial class ApiPageTest : ServerFixture
{
    [OneTimeSetUp]
    public async Task RegisterAsync()
    {
        await PageTourFixture.SeedAsync(Server);
        await Guide.RegisterAsync(Server);
    }

    [Test, RunsBlock("docs/resource-servers.md", "http://localhost:5000/tasks")]
    public async Task The_API_with_JwtBearer_answers_as_the_page_says()
    {
        var port = TestServer.FreePort();
        using var api = Start("test/Interop/JwtBearerApi", "jwt-bearer-api.dll", ("ISSUER", Server.Issuer),
            ("ASPNETCORE_URLS", $"http://localhost:{port}"));

        var said = await RunAsync(Block.The("docs/resource-servers.md", "http://localhost:5000/tasks").Text, "5000", port, api,
            $"curl -s -o /dev/null http://localhost:{port}/");

        Statuses(said).Should().Equal(200, 403, 401);
    }

    [Test, RunsBlock("docs/guide-mcp-server.md", "tool list_notes")]
    public async Task The_sample_answers_as_the_page_says()
    {
        var port = TestServer.FreePort();
        await Server.ExecuteAsync("""
            insert into resources (uri, name) values (@uri, 'Notes here');
            update scopes set resource = @uri where name in ('notes:read', 'notes:write');
            update clients set resources = resources || @uri, default_resource = @uri where client_id = 'nightly-etl';
            """, new { uri = $"http://localhost:{port}/mcp" });
        await Server.HearsAsync(catalog => catalog.Scopes.Any(scope => scope.Resource == $"http://localhost:{port}/mcp"));
        var api = await Server.ResourceServerAsync($"http://localhost:{port}/mcp");
        var machine = new TestClient(Server, "nightly-etl", "nightly-etl-secret", "client_secret_basic", "");
        var token = (await machine.CredentialsAsync()).AccessToken;
        // It listens, and has heard which tokens were revoked.
        using var sample = Start("samples/NotesMcp", "notes-mcp.dll", ("NOTES_PORT", $"{port}"), ("NOTES_ISSUER", Server.Issuer),
            ("NOTES_CLIENT_ID", api.Id), ("NOTES_CLIENT_SECRET", api.Secret!));

        var said = await RunAsync(Block.The("docs/guide-mcp-server.md", "tool list_notes").Text, "9000", port, sample,
            $"curl -sf -o /dev/null -H 'Authorization: Bearer {token}' http://localhost:{port}/auth?scope=notes:read");

        said.Should().Contain("WWW-Authenticate: Bearer resource_metadata=");
        Statuses(said).Should().Equal(200, 403);
    }

    // A body without a line end goes before the next status.
    private static IEnumerable<int> Statuses(string said) =>
        Status().Matches(said).Select(match => int.Parse(match.Groups[1].Value));

    // The page's ports are of somebody who has one server and one API.
    private async Task<string> RunAsync(string text, string shown, int port, Process api, string ready)
    {
        try
        {
            using var shell = new Shell(Server.Settings.Database);
            var wait = $"for i in {{1..150}}; do {ready} && break; sleep 0.2; done\n";
            return await shell.RunAsync(wait + text.Replace("http://localhost:8080", Server.Issuer)
                .Replace($"localhost:{shown}", $"localhost:{port}"));
        }
        finally { api.Kill(); }
    }

    private static Process Start(string project, string library, params (string Name, string Value)[] environment)
    {
        var built = AppContext.BaseDirectory.Contains($"{Path.DirectorySeparatorChar}Release{Path.DirectorySeparatorChar}") ? "Release"
            : "Debug";
        var start = new ProcessStartInfo("dotnet", [Path.Combine(TestDatabase.Root, $"{project}/bin/{built}/net10.0/{library}")]);
        foreach (var (name, value) in environment) start.Environment[name] = value;
        return Process.Start(start)!;
    }

    [GeneratedRegex(@"HTTP/1\.1 (\d{3})")]
    private static partial Regex Status();
}
