using System.Diagnostics;
using System.IO.Compression;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Ship;

/// <summary>
/// make release of the last commit, without the image (<see cref="ContainerTest"/>), and what people do with it: check it, run it, make an
/// MCP server from its template.
/// </summary>
[Category("Long"), NonParallelizable]
public sealed class ReleaseTest : ServerFixture
{
    private const string Scope = "weather:read";
    private readonly string folder = Directory.CreateTempSubdirectory("oauth-release-").FullName;

    private string Out => Path.Combine(folder, "checkout/.local/release", OurVersion.Text);

    [OneTimeSetUp]
    public async Task ReleaseAsync()
    {
        var git = Tools.Need("git");
        Tools.Need("jq");
        if (!Path.Exists(Path.Combine(TestDatabase.Root, ".git"))) Assert.Ignore($"{Tools.Missing}a checkout by git");
        await Schemas.InstallAsync();
        await Command.MustAsync(folder, git, "clone", "--quiet", TestDatabase.Root, "checkout");
        var checkout = Path.Combine(folder, "checkout");
        var changelog = Path.Combine(checkout, "CHANGELOG.md");
        await File.WriteAllTextAsync(changelog, (await File.ReadAllTextAsync(changelog))
            .Replace($"## [{OurVersion.Text}] - unreleased", $"## [{OurVersion.Text}] - 2026-12-01", StringComparison.Ordinal));
        await Command.MustAsync(checkout, git, "-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "--quiet", "--all",
            "--allow-empty", "-m", "The date of a release");
        await TestContext.Progress.WriteLineAsync(
            await Command.MustAsync(checkout, "env", "IMAGE=none", "bash", "deploy/release.sh"));
    }

    [OneTimeTearDown]
    public void Remove() => Directory.Delete(folder, recursive: true);

    [Test]
    public async Task Checksums_hold_and_the_program_says_its_version_and_commit()
    {
        (await Command.MustAsync(Out, "sha256sum", "--check", "--strict", "SHA256SUMS")).Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Should().HaveCount(6);
        await Command.MustAsync(folder, "tar", "-xzf", Path.Combine(Out, $"oauth-server-{OurVersion.Text}-linux-x64.tar.gz"));

        (await Command.MustAsync(folder, Path.Combine(folder, $"oauth-server-{OurVersion.Text}/oauth-server"), "--version"))
            .Should().MatchRegex($@"^{Regex.Escape(OurVersion.Text)}\+[0-9a-f]{{40}}\n$");
        (await File.ReadAllTextAsync(Path.Combine(Out, "RELEASE_NOTES.md"))).Should().StartWith($"# [{OurVersion.Text}] - 20")
            .And.Contain("### Added").And.NotContain("## [0.0");
    }

    [Test]
    public async Task The_bill_of_materials_is_CycloneDX_and_lists_what_is_shipped()
    {
        var file = Path.Combine(Out, $"oauth-server-{OurVersion.Text}.cdx.json");

        await Schemas.CheckAsync("sbom", file);
        using var bill = JsonDocument.Parse(await File.ReadAllTextAsync(file));
        bill.RootElement.GetProperty("components").EnumerateArray().Select(one => one.GetProperty("name").GetString())
            .Should().Contain(["Npgsql", "Dapper", "BCrypt.Net-Next", "Microsoft.IdentityModel.JsonWebTokens"]);
    }

    [Test]
    public async Task The_kit_brings_its_words_its_licence_and_its_symbols()
    {
        using var kit = ZipFile.OpenRead(Path.Combine(Out, $"OAuthServer.Resource.{OurVersion.Text}.nupkg"));
        kit.Entries.Select(one => one.FullName).Should().Contain(
            ["README.md", "lib/net10.0/OAuthServer.Resource.dll", "lib/net10.0/OAuthServer.Resource.xml"]);
        using var about = new StreamReader(kit.GetEntry("OAuthServer.Resource.nuspec")!.Open());
        (await about.ReadToEndAsync()).Should().Contain("<license type=\"expression\">Apache-2.0</license>");
        using var symbols = ZipFile.OpenRead(Path.Combine(Out, $"OAuthServer.Resource.{OurVersion.Text}.snupkg"));
        symbols.Entries.Select(one => one.FullName).Should().Contain("lib/net10.0/OAuthServer.Resource.pdb");
    }

    [Test]
    public async Task A_project_from_the_template_is_protected_by_a_running_server()
    {
        var resource = $"http://localhost:{TestServer.FreePort()}/mcp";
        await using var project = await ProjectAsync(resource);
        await RegisterAsync(resource);
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        await Eventually.BecomesTrueAsync(async () => await TryAsync(http, resource) is not null, TimeSpan.FromSeconds(30),
            "the project is up");

        var none = (await TryAsync(http, resource))!;
        none.Status.Should().Be(401);
        none.Header("WWW-Authenticate").Should().Contain("resource_metadata=").And.Contain(Scope);
        var machine =
            await Server.AddClientAsync("m2m", "machine", "client_secret_basic", [], Scope, "operator", resource, Cast.Secret, Scope);
        await Server.ExecuteAsync("update clients set resources = array[@resource] where client_id = @Id", new { resource, machine.Id });
        var token = (await machine.CredentialsAsync()).AccessToken;
        var answer = (await TryAsync(http, resource, token))!;
        answer.Status.Should().Be(200, answer.ToString());
        answer.Body.Should().Contain(machine.Id);
    }

    private async Task RegisterAsync(string resource)
    {
        await Server.ExecuteAsync("""
            insert into resources (uri, name) values (@resource, 'Weather');
            insert into scopes (name, resource, access, open) values (@Scope, @resource, 'read', true);
            """, new { resource, Scope });
        await Server.HearsAsync(catalog => catalog.Scopes.Any(scope => scope.Resource == resource));
    }

    // dotnet new, with a hive and a package cache of its own for what is ours; the rest comes from where this machine has it.
    private async Task<RunningProject> ProjectAsync(string resource)
    {
        var (hive, project) = (Path.Combine(folder, "hive"), Path.Combine(folder, "Weather"));
        await Command.MustAsync(folder, "dotnet", "new", "install", Path.Combine(Out, $"OAuthServer.Templates.{OurVersion.Text}.nupkg"),
            "--debug:custom-hive", hive);
        await Command.MustAsync(folder, "dotnet", "new", "mcp-oauth", "--debug:custom-hive", hive, "--name", "Weather", "--output", project,
            "--issuer", Server.Issuer, "--resource", resource, "--scope", Scope);
        await File.WriteAllTextAsync(Path.Combine(project, "nuget.config"),
            $"""<configuration><packageSources><add key="release" value="{Out}" /></packageSources></configuration>""");
        Forget();
        await Command.MustAsync(project, "dotnet", "build", "--nologo", "--verbosity", "quiet", "--output", Path.Combine(project, "out"));
        Forget();
        return new RunningProject(project, new Uri(resource).GetLeftPart(UriPartial.Authority));
    }

    // The package of an earlier run has the same version.
    private static void Forget()
    {
        var packages = Environment.GetEnvironmentVariable("NUGET_PACKAGES") is { Length: > 0 } given ? given
            : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget/packages");
        if (Directory.Exists(Path.Combine(packages, "oauthserver.resource")))
            Directory.Delete(Path.Combine(packages, "oauthserver.resource"), recursive: true);
    }

    private static async Task<Reply?> TryAsync(HttpClient http, string resource, string? token = null)
    {
        using var message = new HttpRequestMessage(HttpMethod.Post, resource);
        message.Content = new StringContent(
            """{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"who_am_i","arguments":{}}}""", Encoding.UTF8,
            "application/json");
        message.Headers.Accept.ParseAdd("application/json, text/event-stream");
        if (token is not null) message.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        try { return await Reply.ReadAsync(await http.SendAsync(message)); }
        catch (HttpRequestException) { return null; }
    }

    private sealed class RunningProject : IAsyncDisposable
    {
        private readonly Process process;

        public RunningProject(string project, string urls)
        {
            process = Process.Start(new ProcessStartInfo("dotnet", [Path.Combine(project, "out/Weather.dll"), "--urls", urls])
            { WorkingDirectory = project, RedirectStandardOutput = true })!;
            process.BeginOutputReadLine();
        }

        public async ValueTask DisposeAsync()
        {
            if (!process.HasExited) process.Kill();
            await process.WaitForExitAsync();
            process.Dispose();
        }
    }
}
