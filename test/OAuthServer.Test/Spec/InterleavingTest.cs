using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec;

/// <summary>
/// Owner and thief hold the same refresh token of a public client. In every order in which both go on refreshing, neither is
/// left with a working token once they have met outside the window.
/// </summary>
[Behaviour(8)]
public sealed class InterleavingTest : ServerFixture
{
    protected override Settings Change(Settings settings) => settings with { RetryWindowSeconds = 10 };

    [Test, Rfc(9700, "4.14.2"), Case("REFRESH-006")]
    public async Task A_thief_never_keeps_access_beside_the_owner([Values(1, 2, 3, 4, 5, 6, 7, 8)] int seed) => await PlayAsync(seed, 10);

    [Test, Category("Long"), Rfc(9700, "4.14.2"), Case("REFRESH-006")]
    public async Task A_thief_never_keeps_access_beside_the_owner_in_a_thousand_games() => await PlayAsync(99, 1000);

    private async Task PlayAsync(int seed, int games)
    {
#pragma warning disable CA5394 // A game that can be played again.
        var random = new Random(seed);
        var (client, alice) = (await Server.PublicClientAsync(), await Server.UserAsync());
        for (var game = 0; game < games; game++)
        {
            var stolen = (await Server.TokensAsync(client, alice)).RefreshToken!;
            string[] holds = [stolen, stolen];
            var history = "";
            for (var move = 0; move < random.Next(2, 8); move++)
            {
                var who = random.Next(2);
                if (random.Next(2) == 0)
                {
                    Server.Clock.Travel(TimeSpan.FromSeconds(11));
                    history += "…";
                }

                var reply = await client.RefreshAsync(holds[who]);
                history += $"{(who == 0 ? "owner" : "thief")} {reply.Status} ";
                reply.Status.Should().BeOneOf(200, 400);
                if (reply.Status == 200) holds[who] = reply.RefreshToken!;
            }

            // Both once more, each after the window: whoever comes second is caught, and with them everything.
            foreach (var who in random.Next(2) == 0 ? [0, 1, 0] : new[] { 1, 0, 1 })
            {
                Server.Clock.Travel(TimeSpan.FromSeconds(11));
                if (await client.RefreshAsync(holds[who]) is { Status: 200 } reply) holds[who] = reply.RefreshToken!;
            }
#pragma warning restore CA5394

            foreach (var held in holds) (await client.RefreshAsync(held)).Status.Should().Be(400, "game {0} of seed {1}: {2}", game, seed, history);
        }
    }
}
