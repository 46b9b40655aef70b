using FluentAssertions;
using OAuthServer.Clients;
using OAuthServer.Stores.Clients;

namespace OAuthServer.Test.Support;

/// <summary>What happens by itself, soon. A busy machine takes its time; where a second is what is promised, a test says so.</summary>
public static class Eventually
{
    public static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Asks again and again until it is so. A question asked ten seconds after the edit, unless said otherwise, must not find it
    /// undone.
    /// </summary>
    public static async Task BecomesTrueAsync(Func<Task<bool>> question, TimeSpan? within = null, string because = "")
    {
        var began = TimeProvider.System.GetTimestamp();
        while (true)
        {
            var asked = TimeProvider.System.GetElapsedTime(began);
            if (await question()) return;
            asked.Should().BeLessThan(within ?? Soon, because);
            await Task.Delay(10);
        }
    }

    /// <summary>Waits until the server has heard of an edit of resources, scopes or their words.</summary>
    public static Task HearsAsync(this TestServer server, Func<ResourceDirectory.Snapshot, bool> edit) =>
        BecomesTrueAsync(async () => edit(await server.Get<ResourceDirectory>().ReadAsync(CancellationToken.None)));

    /// <summary>Waits until the server has heard of an edit of a client.</summary>
    public static Task HearsOfAsync(this TestServer server, TestClient client, Func<ClientRow, bool> edit) =>
        BecomesTrueAsync(async () => await server.Get<ClientDirectory>().FindAsync(client.Id, CancellationToken.None) is { Row: var row }
            && edit(row));

    /// <summary>Waits until a statement of a test reached its pg_sleep: what stands before it is done and not yet committed.</summary>
    public static Task SleepsAsync(this TestServer server) => BecomesTrueAsync(
        () => server.ScalarAsync<bool>(
            "select exists (select from pg_stat_activity where datname = current_database() and wait_event = 'PgSleep')"));
}
