using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using NUnit.Framework;
using OAuthServer.Protocol;

namespace OAuthServer.Test.Support;

/// <summary>One server and database for all tests of a fixture; tests bring their own clients and people.</summary>
[Parallelizable(ParallelScope.Fixtures)]
public abstract class ServerFixture
{
    private const string RowsOfAnotherMoment =
        "select event || ' ' || coalesce(detail, reason, '') from audit_events where request_time(request_id) <> at";

    protected TestServer Server { get; private set; } = null!;

    /// <summary>Settings of this fixture's server.</summary>
    protected virtual Settings Change(Settings settings) => settings;

    /// <summary>Services this fixture's server has other than it would.</summary>
    protected virtual void Register(IServiceCollection services)
    {
    }

    [OneTimeSetUp]
    public async Task StartServerAsync() => Server = await TestServer.StartAsync(Change, services: Register);

    [OneTimeTearDown]
    public async Task StopServerAsync()
    {
        if (Server is null) return;
        var elsewhere = await Server.QueryAsync<string>(RowsOfAnotherMoment);
        await Server.DisposeAsync();
        elsewhere.Should().BeEmpty("every row a request writes is of the millisecond its id carries: that is where it is looked for");
    }
}
