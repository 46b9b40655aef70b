using System.Diagnostics;
using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec;

/// <summary>A code exchange is quick at fifty a second. Alone: other tests on the same cores would be measured, too.</summary>
[Behaviour(37), NonParallelizable]
public sealed class LatencyTest : ServerFixture
{
    private const int PerSecond = 50;

    [Test, Rfc(6749, "4.1.3")]
    public async Task Fifty_code_exchanges_a_second_are_answered_promptly()
    {
        // A machine that runs tests has other things to do.
        var promptly = TimeSpan.FromMilliseconds(250);
        var best = await MeasureAsync(3);
        for (var again = 0; again < 2 && best >= promptly; again++) best = await MeasureAsync(3);

        best.Should().BeLessThan(promptly, "the best of three");
    }

    [Test, Category("Long"), Rfc(6749, "4.1.3")]
    public async Task Of_fifty_code_exchanges_a_second_ninety_nine_in_a_hundred_take_less_than_fifty_milliseconds() =>
        (await MeasureAsync(40)).Should().BeLessThan(TimeSpan.FromMilliseconds(50));

    /// <summary>Sends on the beat, whether or not the one before was answered; the time under which 99 of 100 stay.</summary>
    private async Task<TimeSpan> MeasureAsync(int seconds)
    {
        var (client, alice) = (await Server.PublicClientAsync(), await Server.UserAsync());
        foreach (var code in await CodesAsync(client, alice, 50)) await client.RedeemAsync(code);
        var codes = await CodesAsync(client, alice, PerSecond * seconds);
        var began = Stopwatch.GetTimestamp();

        var took = await Task.WhenAll(codes.Select(async (code, index) =>
        {
            var wait = TimeSpan.FromSeconds((double)index / PerSecond) - Stopwatch.GetElapsedTime(began);
            if (wait > TimeSpan.Zero) await Task.Delay(wait);
            var sent = Stopwatch.GetTimestamp();
            (await client.RedeemAsync(code)).Should().HaveIssuedTokens();
            return Stopwatch.GetElapsedTime(sent);
        }));

        var order = took.Order().ToList();
        var p99 = order[(int)(order.Count * 0.99) - 1];
        await TestContext.Out.WriteLineAsync(
            $"{order.Count} exchanges at {PerSecond}/s: p50 {order[order.Count / 2].TotalMilliseconds:0.0} ms, "
                + $"p99 {p99.TotalMilliseconds:0.0} ms, longest {order[^1].TotalMilliseconds:0.0} ms");
        return p99;
    }

    private async Task<List<Code>> CodesAsync(TestClient client, Person person, int count)
    {
        var codes = new List<Code>(count);
        // One by one, so that no queue is left when the clock starts.
        while (codes.Count < count) codes.Add(await Server.GrantAsync(client, person, codeLife: TimeSpan.FromMinutes(10)));
        return codes;
    }
}
