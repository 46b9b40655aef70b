using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Ship;

/// <summary>
/// The program of the last release and this one, side by side on one database that this one has migrated: what begins at one of them
/// goes on at the other. Until 0.1.0 is tagged, an earlier commit stands in for the release.
/// </summary>
[Category("Long"), NonParallelizable, Behaviour(26)]
public sealed class RollingUpgradeTest
{
    private const string Earlier = "489499e93d";

    private readonly string folder = Directory.CreateTempSubdirectory("oauth-earlier-").FullName;
    private string library = "";

    [OneTimeSetUp]
    public async Task PublishAsync()
    {
        var git = Tools.Need("git");
        var tag = await Command.RunAsync(TestDatabase.Root, git, "describe", "--tags", "--abbrev=0", "--match", "v*", "HEAD^");
        var release = tag.Exit == 0 ? tag.Said.Trim() : Earlier;
        if ((await Command.RunAsync(TestDatabase.Root, git, "cat-file", "-e", $"{release}^{{commit}}")).Exit != 0)
            Assert.Ignore($"{Tools.Missing}the history of this checkout: git fetch --unshallow --tags");
        await Command.MustAsync(folder, git, "clone", "--quiet", TestDatabase.Root, "checkout");
        var checkout = Path.Combine(folder, "checkout");
        await Command.MustAsync(checkout, git, "checkout", "--quiet", release);
        await TestContext.Progress.WriteLineAsync($"building {release}");
        await Command.MustAsync(checkout, "dotnet", "publish", "src/OAuthServer", "-c", "Release", "-o", Path.Combine(folder, "earlier"),
            "--nologo", "-v", "quiet", "-p:RunAnalyzers=false");
        library = Path.Combine(folder, "earlier/oauth-server.dll");
    }

    [OneTimeTearDown]
    public void Remove() => Directory.Delete(folder, recursive: true);

    [Test]
    public async Task What_begins_at_one_goes_on_at_the_other_until_the_earlier_one_is_stopped()
    {
        var earlier = Elsewhere(await TestDatabase.EmptyAsync());
        await using var old = await OAuthProgram.ServeAsync(earlier, library: library);
        await earlier.ExecuteAsync(Cast.Sql);
        var (client, alice) = (await earlier.PublicClientAsync(), await earlier.UserAsync());
        var before = await client.TokensAsync(alice);

        (await OAuthProgram.RunAsync(earlier.Settings, "migrate")).Exit.Should().Be(0);
        var newer = Elsewhere(earlier.Settings.Database, earlier.Settings.Issuer);
        await using var now = await OAuthProgram.ServeAsync(newer);

        (await earlier.GetAsync(Paths.Ready)).Status.Should().Be(200, "the earlier one goes on");
        // A refresh token from one to the other and back; a replay at one ends the family at the other.
        var there = await client.At(newer).RefreshAsync(before.RefreshToken!);
        there.Should().HaveIssuedTokens();
        var back = await client.RefreshAsync(there.RefreshToken!);
        back.Should().HaveIssuedTokens();
        (await client.At(newer).RefreshAsync(before.RefreshToken!)).Should().BeRefusedWith("invalid_grant");
        (await client.RefreshAsync(back.RefreshToken!)).Should().BeRefusedWith("invalid_grant");

        (await old.StopAsync()).Should().Be(0);
        (await client.At(newer).TokensAsync(alice)).Should().HaveIssuedTokens();
    }

    private static TestServer Elsewhere(string database, string? issuer = null)
    {
        var port = TestServer.FreePort();
        return TestServer.ExternalServer(new Settings
        {
            Issuer = issuer ?? $"http://localhost:{port}",
            Listen = $"http://localhost:{port}",
            Database = database,
            KeyEncryptionKey = Convert.ToBase64String(new byte[32]),
            BcryptCost = 10,
        });
    }
}
