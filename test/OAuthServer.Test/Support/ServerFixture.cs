using NUnit.Framework;
using OAuthServer.Protocol;

namespace OAuthServer.Test.Support;

/// <summary>One server and database for all tests of a fixture; tests bring their own clients and people.</summary>
[Parallelizable(ParallelScope.Fixtures)]
public abstract class ServerFixture
{
    protected TestServer Server { get; private set; } = null!;

    /// <summary>Settings of this fixture's server.</summary>
    protected virtual Settings Change(Settings settings) => settings;

    [OneTimeSetUp]
    public async Task StartServerAsync() => Server = await TestServer.StartAsync(Change);

    [OneTimeTearDown]
    public async Task StopServerAsync()
    {
        if (Server is not null) await Server.DisposeAsync();
    }
}
