using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Stores.Clients;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Stores;

/// <summary>Whoever reads in one round trip with others is not harmed by what they ask for.</summary>
[Behaviour(25), Parallelizable(ParallelScope.All)]
public sealed class SharedReadTest : ServerFixture
{
    [Test]
    public async Task Clients_read_at_the_same_moment_each_get_their_own_row_also_beside_one_that_cannot_be_read()
    {
        await using var server = await TestServer.StartAsync();
        var store = server.Get<ClientStore>();
        var good = new List<string>();
        for (var i = 0; i < 8; i++) good.Add((await server.PublicClientAsync()).Id);
        var bad = (await server.PublicClientAsync()).Id;
        await server.ExecuteAsync("alter table clients disable trigger user; alter table clients drop constraint clients_scopes_plain");
        await server.ExecuteAsync("update clients set scopes = '{{a,b},{c,d}}' where client_id = @bad", new { bad });

        // The first goes alone, so the rest wait for it and go together.
        string[] ids = [good[0], "unknown", "no\0place", bad, .. good];
        var reads = ids.Select(id => (Id: id, Read: store.FindAsync(id, CancellationToken.None))).ToList();

        foreach (var (id, read) in reads)
        {
            var reading = FluentActions.Awaiting(() => read);
            if (id == bad) await reading.Should().ThrowAsync<Exception>();
            else (await read)?.Client.ClientId.Should().Be(id);
        }

        foreach (var (id, read) in reads.Where(one => one.Id != bad)) ((await read) is not null).Should().Be(good.Contains(id), id);
    }
}
