using System.Security.Cryptography;
using FluentAssertions;
using Npgsql;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Test.Guides;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Journeys;

/// <summary>A dump in another cluster, with and without the key-encryption key; docs/operating.md, "Backup and restore".</summary>
[Parallelizable(ParallelScope.Fixtures)]
public sealed class RestoreTest
{
    private static readonly TimeSpan StartUp = TimeSpan.FromMinutes(1);

    [Test, Behaviour(10, 36), RunsBlock("docs/operating.md", "pg_restore")]
    public async Task What_was_issued_before_works_after_a_restore_and_without_the_key_nothing_is_signed()
    {
        await using var cluster = await OwnCluster.StartAsync();
        await using var server = await TestServer.StartAsync();
        var (alice, app, api) = (await server.UserAsync(), await server.PublicClientAsync(), await server.ResourceServerAsync());
        var tokens = await server.TokensAsync(app, alice);
        var browser = server.NewBrowser();
        await browser.SignInAsync(alice);
        var restored = await RestoreAsync(server.Settings.Database, cluster.ConnectionString);

        await using (var afterwards = await TestServer.StartAsync(_ => Elsewhere(server.Settings, restored), restored, server.Clock))
        {
            (await api.At(afterwards).SeesAsActiveAsync(tokens.AccessToken)).Should().BeTrue();
            (await app.At(afterwards).RefreshAsync(tokens.RefreshToken!)).Should().HaveIssuedTokens();
            var moved = afterwards.NewBrowser();
            foreach (var (name, value) in browser.Cookies) moved.Cookies[name] = value;
            (await moved.IsSignedInAsync()).Should().BeTrue();
        }

        var keys = await CountAsync(restored);
        await using var keyless = TestServer.ExternalServer(Elsewhere(server.Settings, restored) with
        {
            KeyEncryptionKey = Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)),
        });
        await using var program = OAuthProgram.Begin(keyless);
        await Eventually.BecomesTrueAsync(() => Task.FromResult(
            program.Said.Contains("OAuth__KeyEncryptionKey opens none of the signing keys", StringComparison.Ordinal)), within: StartUp);
        var ready = await keyless.GetAsync(Paths.Ready);
        ready.Status.Should().Be(503);
        ready.Body.Should().Contain("OAuth__KeyEncryptionKey opens none of the signing keys");
        (await app.At(keyless).RefreshAsync(tokens.RefreshToken!)).Status.Should().Be(503);
        (await CountAsync(restored)).Should().Be(keys, "nothing is made under another key");
    }

    private static Settings Elsewhere(Settings settings, string database) =>
        settings with { Database = database, Listen = $"http://localhost:{TestServer.FreePort()}" };

    private static async Task<long> CountAsync(string database)
    {
        await using var source = NpgsqlDataSource.Create(database);
        await using var command = source.CreateCommand("select count(*) from signing_keys");
        return (long)(await command.ExecuteScalarAsync())!;
    }

    // The commands of the guide: the first where the database is, the others where it goes to.
    private static async Task<string> RestoreAsync(string from, string to)
    {
        var lines = Block.The("docs/operating.md", "pg_restore").Text;
        using var source = new Shell(from);
        using var target = new Shell(to);

        await source.RunAsync(lines.Split('\n')[0].Replace(" oauth", " " + new NpgsqlConnectionStringBuilder(from).Database));
        File.Move(Path.Combine(source.Folder, "oauth.dump"), Path.Combine(target.Folder, "oauth.dump"));
        await target.RunAsync(lines[lines.IndexOf('\n')..]);
        return new NpgsqlConnectionStringBuilder(to) { Database = "restored" }.ConnectionString;
    }
}
