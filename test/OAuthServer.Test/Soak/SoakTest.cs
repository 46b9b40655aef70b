using System.Globalization;
using FluentAssertions;
using FluentAssertions.Execution;
using Microsoft.Extensions.Logging;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Stores.Postgres;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Soak;

/// <summary>
/// The program under fifty mixed requests a second for an hour: its memory levels off. A process of its own, as in production, on
/// a durable PostgreSQL of its own. SOAK_MINUTES: another length; SOAK_SERVER: the oauth-server.dll of another build, such as a
/// published one; UPDATE_SOAK=1 writes docs/soak.md. Progress goes to the console, a line a minute.
/// </summary>
[NonParallelizable]
public sealed class SoakTest
{
    private const int DefaultMinutes = 60;
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1), BetweenSamples = TimeSpan.FromSeconds(2);

    [Test, Category("Long"), Behaviour(39), CancelAfter(24 * 3600 * 1000)]
    public async Task Memory_levels_off_under_fifty_mixed_requests_a_second()
    {
        var minutes = int.Parse(Environment.GetEnvironmentVariable("SOAK_MINUTES") ?? $"{DefaultMinutes}", CultureInfo.InvariantCulture);
        var memoryFile = Path.Combine(Directory.CreateTempSubdirectory("oauth-soak-").FullName, "memory");
        await using var cluster = await OwnCluster.StartAsync();
        await using (var stores = new Database(cluster.ConnectionString)) await new Migrations(stores).ApplyAsync(CancellationToken.None);
        await TestDatabase.ExecuteAsync(cluster.ConnectionString, Cast.Sql);
        await using var server = TestServer.ExternalServer(new Settings
        {
            Issuer = $"http://localhost:{TestServer.FreePort()}",
            Database = cluster.ConnectionString,
            KeyEncryptionKey = Convert.ToBase64String(new byte[32]),
        });
        await using var program = await OAuthProgram.ServeAsync(server, LogLevel.Warning, new Dictionary<string, string>
        {
            ["ASPNETCORE_ENVIRONMENT"] = "Production",
            ["DOTNET_STARTUP_HOOKS"] = typeof(StartupHook).Assembly.Location,
            ["SOAK_MEMORY_FILE"] = memoryFile,
        }, Environment.GetEnvironmentVariable("SOAK_SERVER"));
        var load = await MixedLoad.OfAsync(server);

        var log = new SoakLog();
        for (var minute = 1; minute <= minutes; minute++)
        {
            var running = load.RunAsync(Minute);
            var samples = new List<ProcessMemory>();
            while (await Task.WhenAny(running, Task.Delay(BetweenSamples)) != running)
                samples.Add(ProcessMemory.Of(program.Id, memoryFile));
            await running;
            await TestContext.Progress.WriteLineAsync(log.Add(samples, load));
            if (load.TakeUnexpected() is { Length: > 0 } what) await TestContext.Progress.WriteLineAsync(what);
        }

        if (Environment.GetEnvironmentVariable("UPDATE_SOAK") == "1")
            await File.WriteAllTextAsync(Path.Combine(TestDatabase.Root, "docs/soak.md"), log.Page(load));
        using var scope = new AssertionScope(log.Table);
        load.Unexpected.Should().BeEmpty();
        program.HasExited.Should().BeFalse();
        log.Growth(row => row.Resident).Should().BeLessThan(SoakLog.Tolerance, "resident memory levels off");
        log.Growth(row => row.Heap).Should().BeLessThan(SoakLog.HeapTolerance, "the managed heap levels off");
    }
}
