using FluentAssertions;
using Npgsql;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Journeys;

/// <summary>The database's disk is full: each act says so, nothing is half done, and once there is room all goes on by itself.</summary>
[NonParallelizable]
public sealed class FullDiskTest
{
    private readonly string disk = Directory.CreateTempSubdirectory("oauth-disk-").FullName;
    private OwnCluster? cluster;
    private bool isMounted;

    [OneTimeSetUp]
    public async Task MountAsync()
    {
        isMounted = (await Command.RunAsync("/", "mount", "-t", "tmpfs", "-o", "size=24m", "oauth-disk", disk)).Exit == 0;
        if (!isMounted) Assert.Ignore("no disk of its own could be mounted: run as root");
        cluster = await OwnCluster.StartAsync();
        // PostgreSQL wants a folder of its own user's.
        var files = await ScalarAsync(cluster.ConnectionString, "select current_setting('data_directory')");
        await Command.MustAsync("/", "chown", $"--reference={files}", disk);
        await TestDatabase.ExecuteAsync(cluster.ConnectionString, $"create tablespace small location '{disk}'");
        await TestDatabase.ExecuteAsync(cluster.ConnectionString, "create database small tablespace small");
    }

    [OneTimeTearDown]
    public async Task UnmountAsync()
    {
        if (cluster is not null) await cluster.DisposeAsync();
        if (isMounted) await Command.MustAsync("/", "umount", disk);
        Directory.Delete(disk);
    }

    [Test, Behaviour(10, 26)]
    public async Task An_import_takes_nothing_tokens_wait_and_all_goes_on_once_there_is_room()
    {
        var settings = new Settings
        {
            Issuer = $"http://localhost:{TestServer.FreePort()}",
            Database = new NpgsqlConnectionStringBuilder(cluster!.ConnectionString) { Database = "small" }.ConnectionString,
            KeyEncryptionKey = Convert.ToBase64String(new byte[32]),
            BcryptCost = 10,
        };
        var server = TestServer.ExternalServer(settings);
        await using var program = await OAuthProgram.ServeAsync(server);
        await server.ExecuteAsync(Cast.Sql);
        var machine = await server.MachineAsync();
        (await machine.CredentialsAsync()).Should().HaveIssuedTokens();
        var file = Path.GetTempFileName();
        var people = Enumerable.Range(0, 3000).Select(n => $$"""
            {"type":"user","subject":"{{Guid.CreateVersion7()}}","username":"person-{{n}}","password_hash":"{{Cast.PasswordHash}}"}
            """);
        await File.WriteAllLinesAsync(file, people);

        await server.ExecuteAsync("create table ballast (text text)");
        await FluentActions.Awaiting(async () =>
        {
            for (var some = 0; some < 10_000; some++)
                await server.ExecuteAsync("insert into ballast select md5(n::text) from generate_series(1, 500) n");
        }).Should().ThrowAsync<PostgresException>().Where(fault => fault.SqlState == PostgresErrorCodes.DiskFull);

        var (exit, said) = await OAuthProgram.RunAsync(settings, "import", file);
        exit.Should().Be(1);
        said.Should().Contain("PostgreSQL has no room left on its disk").And.Contain("nothing of this was kept");
        (await PeopleAsync()).Should().Be(0);
        var refused = false;
        // Until the pages are full that are there.
        for (var tries = 0; tries < 2000 && !refused; tries++) refused = (await machine.CredentialsAsync()).Status == 503;
        refused.Should().BeTrue("there is no token without its row of the audit log");
        await Eventually.BecomesTrueAsync(() => Task.FromResult(program.Said.Contains("No space left on device")), because: "it is logged");

        await server.ExecuteAsync("drop table ballast");
        await Eventually.BecomesTrueAsync(async () => (await machine.CredentialsAsync()).Status == 200);
        program.HasExited.Should().BeFalse();
        (await OAuthProgram.RunAsync(settings, "import", file)).Exit.Should().Be(0);
        (await PeopleAsync()).Should().Be(3000);
        File.Delete(file);

        Task<long> PeopleAsync() => server.ScalarAsync<long>("select count(*) from users where username like 'person-%'");
    }

    private static async Task<string> ScalarAsync(string database, string sql)
    {
        await using var source = NpgsqlDataSource.Create(database);
        await using var command = source.CreateCommand(sql);
        return (string)(await command.ExecuteScalarAsync())!;
    }
}
