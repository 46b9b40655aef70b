using System.Collections.Concurrent;
using System.Diagnostics;
using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec;

/// <summary>
/// What a flood of registrations does to everybody else: p99 of /token and /authorize, with and without it in turns of two seconds,
/// so that whatever else the machine does falls on both alike. The flood: 200 a second from sixteen addresses; a client with a
/// secret costs a slow hash (0.05 s) when it is let in.
/// </summary>
[Behaviour(17, 24), NonParallelizable]
public sealed class RegistrationFloodTest : ServerFixture
{
    private const int Turns = 10;
    private static readonly TimeSpan Turn = TimeSpan.FromSeconds(2);

    // Limits as they come.
    protected override Settings Change(Settings settings) =>
        settings with { RegistrationsPerMinute = new Settings().RegistrationsPerMinute, RegistrationsPerMinuteInAll = new Settings().RegistrationsPerMinuteInAll };

    [TestCase("none"), TestCase("client_secret_basic"), Category("Long")]
    public async Task Token_and_authorize_stay_as_fast_as_they_were(string method)
    {
        var registrations = new ConcurrentBag<int>();
        var machine = await Server.MachineAsync();
        var client = await Server.PublicClientAsync();
        using var http = Server.NewHttp();
        var authorize = $"{Paths.Authorize}?response_type=code&client_id={client.Id}&redirect_uri={Uri.EscapeDataString(client.Redirect)}&code_challenge={new string('a', 43)}&code_challenge_method=S256";
        async Task<int> TokenAsync() => (await machine.CredentialsAsync()).Status;
        async Task<int> AuthorizeAsync() => (int)(await http.GetAsync(authorize)).StatusCode;

        await MeasureAsync(Turn, TokenAsync, 200);
        await MeasureAsync(Turn, AuthorizeAsync, 303);
        List<double> tokens = [], tokensInFlood = [], pages = [], pagesInFlood = [];
        for (var turn = 0; turn < Turns; turn++)
        {
            await BothAsync(tokens, pages);
            using var stop = new CancellationTokenSource();
            var flood = FloodAsync(method, registrations, stop.Token);
            await BothAsync(tokensInFlood, pagesInFlood);
            await stop.CancelAsync();
            await flood;
        }

        var (token, page) = (P99(tokensInFlood) / P99(tokens), P99(pagesInFlood) / P99(pages));
        await TestContext.Out.WriteLineAsync($"""
            /token      p99 {P99(tokens):F1} ms, in the flood {P99(tokensInFlood):F1} ms: {token:F2} ({tokens.Count} and {tokensInFlood.Count} requests)
            /authorize  p99 {P99(pages):F1} ms, in the flood {P99(pagesInFlood):F1} ms: {page:F2} ({pages.Count} and {pagesInFlood.Count} requests)
            registrations: {registrations.Count(status => status == 201)} let in, {registrations.Count(status => status == 429)} refused by a limit, {registrations.Count(status => status == 503)} by the hash queue
            """);
        registrations.Distinct().Should().BeSubsetOf([201, 429, 503]);
        registrations.Count(status => status == 429).Should().BeGreaterThan(1000, "else it was no flood");
        token.Should().BeLessThanOrEqualTo(1.25);
        page.Should().BeLessThanOrEqualTo(1.25);

        async Task BothAsync(List<double> token, List<double> page)
        {
            var (first, second) = (MeasureAsync(Turn, TokenAsync, 200), MeasureAsync(Turn, AuthorizeAsync, 303));
            token.AddRange(await first);
            page.AddRange(await second);
        }
    }

    /// <summary>Milliseconds of requests, a hundred a second at most, one after the other.</summary>
    private static async Task<List<double>> MeasureAsync(TimeSpan length, Func<Task<int>> request, int expected)
    {
        var took = new List<double>();
        using var tick = new PeriodicTimer(TimeSpan.FromMilliseconds(10));
        for (var end = Stopwatch.StartNew(); end.Elapsed < length && await tick.WaitForNextTickAsync();)
        {
            var start = Stopwatch.GetTimestamp();
            (await request()).Should().Be(expected);
            took.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
        }

        return took;
    }

    private Task FloodAsync(string method, ConcurrentBag<int> registrations, CancellationToken stop) => Task.WhenAll(Enumerable.Range(2, 16).Select(async last =>
    {
        using var http = Server.NewHttpFrom($"127.0.0.{last}");
        var body = $$"""{"redirect_uris":["https://flood.example/cb"],"token_endpoint_auth_method":"{{method}}"}""";
        using var tick = new PeriodicTimer(TimeSpan.FromMilliseconds(80));
        while (!stop.IsCancellationRequested)
        {
            registrations.Add((await http.ReplyAsync(HttpMethod.Post, Paths.Register, Requests.Form(body, "application/json"))).Status);
            await tick.WaitForNextTickAsync(CancellationToken.None);
        }
    }));

    private static double P99(List<double> took) => took.Order().ElementAt((int)(took.Count * 0.99));
}
