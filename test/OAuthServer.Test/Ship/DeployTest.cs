using System.Globalization;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Ship;

/// <summary>The files of deploy/: sound by their own schemas, and about settings and a version that exist.</summary>
[Parallelizable]
public sealed partial class DeployTest
{
    // Of ten, as systemd weighs it.
    private const double MostExposed = 1.5;

    private static readonly string Deploy = Path.Combine(TestDatabase.Root, "deploy");

    [OneTimeSetUp]
    public static Task InstallAsync() => Schemas.InstallAsync();

    [TestCase("compose", "compose.yaml", "server, migrate, postgres")]
    [TestCase("kubernetes", "kubernetes", "server.yaml: Deployment oauth-server")]
    public async Task A_file_is_what_its_schema_says(string kind, string file, string said) =>
        (await Schemas.CheckAsync(kind, Path.Combine(Deploy, file))).Should().Contain(said);

    [TestCase("compose", "compose.yaml", "healthcheck:", "healthchek:")]
    [TestCase("kubernetes", "kubernetes/server.yaml", "readOnlyRootFilesystem", "readOnlyRootFileSystem")]
    [TestCase("kubernetes", "kubernetes/migrate.yaml", "backoffLimit: 5", "backoffLimit: five")]
    public async Task A_slip_of_the_pen_is_found(string kind, string file, string right, string wrong)
    {
        var folder = Directory.CreateTempSubdirectory("oauth-deploy-").FullName;
        var copy = Path.Combine(folder, Path.GetFileName(file));
        var text = await File.ReadAllTextAsync(Path.Combine(Deploy, file));
        text.Should().Contain(right);
        await File.WriteAllTextAsync(copy, text.Replace(right, wrong, StringComparison.Ordinal));

        var check = () => Schemas.CheckAsync(kind, kind == "kubernetes" ? folder : copy);

        await check.Should().ThrowAsync<InvalidOperationException>();
        Directory.Delete(folder, recursive: true);
    }

    [Test]
    public void Every_setting_that_is_named_exists()
    {
        var known = SettingsParser.Keys.Select(key => key.Name).ToHashSet();

        Files().SelectMany(file => Setting().Matches(File.ReadAllText(file)), (file, found) => (file, found.Groups[1].Value))
            .Where(one => !known.Contains(one.Value)).Should().BeEmpty();
        Files().Should().HaveCountGreaterThan(8);
    }

    [Test]
    public void Images_and_the_migration_have_the_version_and_the_template_our_packages()
    {
        var tags = Files().SelectMany(file => Tag().Matches(File.ReadAllText(file))).Select(found => found.Groups[1].Value).ToArray();
        tags.Should().HaveCountGreaterThan(3).And.OnlyContain(tag => tag == OurVersion.Text);

        var central = XDocument.Load(Path.Combine(TestDatabase.Root, "Directory.Packages.props")).Descendants("PackageVersion")
            .ToDictionary(one => one.Attribute("Include")!.Value, one => one.Attribute("Version")!.Value);
        central["OAuthServer.Resource"] = OurVersion.Text;
        var template = XDocument.Load(Path.Combine(TestDatabase.Root, "samples/Template/mcp-oauth/ProtectedMcp.csproj"));
        foreach (var package in template.Descendants("PackageReference"))
            package.Attribute("Version")!.Value.Should().Be(central[package.Attribute("Include")!.Value]);
    }

    [Test]
    public async Task The_unit_is_verified_by_systemd_and_exposes_little()
    {
        var analyze = Tools.Need("systemd-analyze");
        var folder = Directory.CreateTempSubdirectory("oauth-unit-").FullName;
        var unit = Path.Combine(folder, "oauth-server.service");
        // As installed, but for the program, which systemd looks for.
        await File.WriteAllTextAsync(unit, (await File.ReadAllTextAsync(Path.Combine(Deploy, "oauth-server.service")))
            .Replace("ExecStart=/opt/oauth-server/oauth-server", "ExecStart=/bin/true", StringComparison.Ordinal)
            .Replace("WorkingDirectory=/opt/oauth-server", "WorkingDirectory=/", StringComparison.Ordinal));

        (await Command.MustAsync(folder, analyze, "verify", "--man=no", unit)).Should().BeEmpty();
        var report = await Command.MustAsync(folder, analyze, "security", "--offline=yes", "--no-pager", unit);
        double.Parse(Exposure().Match(report).Groups[1].Value, CultureInfo.InvariantCulture)
            .Should().BeLessThanOrEqualTo(MostExposed, report);
        Directory.Delete(folder, recursive: true);
    }

    [TestCase("", "is a commit", Description = "a change that is not committed")]
    [TestCase("## [0.0.1] - 2026-01-01\n\nfive words that say something here\n", "has no section")]
    [TestCase("## [1.2.3] - unreleased\n\nfive words that say something here\n", "write the date")]
    [TestCase("## [1.2.3] - 2026-01-01\n\n### Added\n\n## [1.2.2] - 2026-01-01\n\nfive words that say something here\n", "says nothing")]
    public async Task A_release_is_refused_before_anything_is_built(string changelog, string reason)
    {
        var git = Tools.Need("git");
        var folder = Directory.CreateTempSubdirectory("oauth-release-").FullName;
        Directory.CreateDirectory(Path.Combine(folder, "deploy"));
        File.Copy(Path.Combine(Deploy, "release.sh"), Path.Combine(folder, "deploy/release.sh"));
        await File.WriteAllTextAsync(Path.Combine(folder, "Directory.Build.props"), "<Version>1.2.3</Version>");
        await File.WriteAllTextAsync(Path.Combine(folder, "CHANGELOG.md"), changelog);
        await Command.MustAsync(folder, git, "init", "--quiet");
        if (changelog.Length > 0)
        {
            await Command.MustAsync(folder, git, "add", "--all");
            await Command.MustAsync(folder, git, "-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "--quiet", "-m", "a");
        }

        var (exit, said) = await Command.RunAsync(folder, "bash", "deploy/release.sh");

        exit.Should().Be(1);
        said.Should().Contain(reason);
        Directory.Exists(Path.Combine(folder, ".local")).Should().BeFalse();
        Directory.Delete(folder, recursive: true);
    }

    private static IEnumerable<string> Files() =>
        Directory.EnumerateFiles(Deploy, "*", SearchOption.AllDirectories).Where(file => !file.Contains("/secrets/"));

    [GeneratedRegex("OAuth__([A-Za-z0-9]+)")]
    private static partial Regex Setting();

    [GeneratedRegex(@"(?:oauth-server:|oauth-migrate-)([0-9]+\.[0-9.]+)")]
    private static partial Regex Tag();

    [GeneratedRegex(@"Overall exposure level for \S+: ([0-9.]+)")]
    private static partial Regex Exposure();
}
