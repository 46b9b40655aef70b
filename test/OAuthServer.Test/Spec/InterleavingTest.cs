using CsCheck;
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

    private static readonly Gen<Move> Moves = Gen.Select(Gen.Bool, Gen.Bool, (thief, late) => new Move(thief, late));

    private static readonly Gen<Game> Games = Gen.Select(Moves.Array[2, 7], Gen.Bool, (moves, thiefFirst) => new Game(moves, thiefFirst));

    [Test, Rfc(9700, "4.14.2"), Case("REFRESH-006")]
    public Task A_thief_never_keeps_access_beside_the_owner() => PlayAsync(80);

    [Test, Category("Long"), Rfc(9700, "4.14.2"), Case("REFRESH-006")]
    public Task A_thief_never_keeps_access_beside_the_owner_in_a_thousand_games() => PlayAsync(1000);

    private async Task PlayAsync(int games)
    {
        var (client, alice) = (await Server.PublicClientAsync(), await Server.UserAsync());

        // One after the other: the clock is everybody's.
        await Games.SampleAsync(async game =>
        {
            var stolen = (await Server.TokensAsync(client, alice)).RefreshToken!;
            string[] holds = [stolen, stolen];
            foreach (var move in game.Moves)
            {
                if (move.Late) Server.Clock.Travel(TimeSpan.FromSeconds(11));
                var reply = await client.RefreshAsync(holds[move.Who]);
                reply.Status.Should().BeOneOf(200, 400);
                if (reply.Status == 200) holds[move.Who] = reply.RefreshToken!;
            }

            // Both once more, each after the window: whoever comes second is caught, and with them everything.
            foreach (var who in game.ThiefFirst ? [1, 0, 1] : new[] { 0, 1, 0 })
            {
                Server.Clock.Travel(TimeSpan.FromSeconds(11));
                if (await client.RefreshAsync(holds[who]) is { Status: 200 } reply) holds[who] = reply.RefreshToken!;
            }

            foreach (var held in holds) (await client.RefreshAsync(held)).Status.Should().Be(400);
        }, iter: games, threads: 1, print: game =>
            $"{string.Join(' ', game.Moves.Select(move => $"{move}"))}, {(game.ThiefFirst ? "thief" : "owner")} first");
    }

    private sealed record Move(bool Thief, bool Late)
    {
        public int Who => Thief ? 1 : 0;

        public override string ToString() => (Late ? "… " : "") + (Thief ? "thief" : "owner");
    }

    private sealed record Game(Move[] Moves, bool ThiefFirst);
}
