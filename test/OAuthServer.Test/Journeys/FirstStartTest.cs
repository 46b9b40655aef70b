using FluentAssertions;
using Microsoft.Extensions.Logging;
using Npgsql;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Journeys;

/// <summary>The program with a database that has nothing in it yet, as <c>make run</c> starts it.</summary>
[Parallelizable]
public sealed class FirstStartTest
{
    [Test, Behaviour(30)]
    public async Task Polling_readyz_until_it_is_ready_logs_no_failure()
    {
        await using var server = TestServer.ExternalServer(new Settings
        {
            Issuer = $"http://localhost:{TestServer.FreePort()}",
            Database = await EmptyDatabaseAsync(),
            KeyEncryptionKey = Convert.ToBase64String(new byte[32]),
        });

        // It polls many times a second.
        await using var program = await OAuthProgram.ServeAsync(server, LogLevel.Information);

        program.Said.Should().NotContainAny("fail:", "crit:", "warn:", "Unhandled");
    }

    private static async Task<string> EmptyDatabaseAsync()
    {
        var clone = await TestDatabase.CloneAsync();
        var empty = new NpgsqlConnectionStringBuilder(clone) { Database = $"empty_{Guid.NewGuid():N}" };
        await TestDatabase.ExecuteAsync(clone, $"create database {empty.Database}");
        return empty.ConnectionString;
    }
}
