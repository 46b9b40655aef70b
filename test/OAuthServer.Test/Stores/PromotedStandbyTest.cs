using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Stores.Postgres;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Stores;

/// <summary>A standby takes the primary's place, and what the primary had not sent yet never was.</summary>
[Behaviour(23), NonParallelizable]
public sealed class PromotedStandbyTest
{
    [Test]
    public async Task A_reader_of_the_feed_that_saw_more_than_the_standby_got_begins_anew_and_misses_nothing()
    {
        await using var replica = await OwnReplica.StartAsync();
        await using (var database = new OAuthServer.Stores.Postgres.Database(replica.Primary)) await new Migrations(database)
            .ApplyAsync(CancellationToken.None);
        await TestDatabase.ExecuteAsync(replica.Primary, "create extension if not exists pgcrypto");
        await TestDatabase.ExecuteAsync(replica.Primary, Cast.Sql);
        await using var before = await TestServer.StartAsync(database: replica.Primary);
        var (api, app, alice) = (await before.ResourceServerAsync(), await before.PublicClientAsync(), await before.UserAsync());
        var tokens = await before.TokensAsync(app, alice);
        await replica.CatchUpAsync();
        // From here on the standby gets nothing, and the reader has seen these transactions.
        await replica.DisconnectAsync();
        for (var i = 0; i < 30; i++) await before.ExecuteAsync("select pg_current_xact_id()");
        var reader = new FeedReader(before, api);
        await reader.GetAsync();

        await replica.PromoteAsync();
        await using var after = await TestServer.StartAsync(
            settings => settings with { Issuer = before.Issuer, Listen = $"http://localhost:{TestServer.FreePort()}" }, replica.Standby);
        (await app.At(after).RevokeAsync(tokens.RefreshToken!)).Status.Should().Be(200);
        // As many as were lost, so that the cursor looks like one of the past.
        for (var i = 0; i < 60; i++) await after.ExecuteAsync("select pg_current_xact_id()");
        var next = new FeedReader(after, api.At(after)) { Cursor = reader.Cursor };

        (await next.GetAsync()).Should().BeRefusedWith("invalid_request");
        next.Cursor = null;
        (await next.ReadAsync()).Should().Contain($"grant {Granted.GrantId(tokens.RefreshToken!)}");
        (await next.GetAsync()).Status.Should().Be(200);
    }
}
