using System.Diagnostics;
using System.Globalization;
using FluentAssertions;
using Microsoft.Extensions.Logging;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec;

/// <summary>
/// What a flood of registrations does to everybody else: p99 of /token and /authorize, with and without it in turns of two seconds,
/// so that whatever else the machine does falls on both alike. The flood: 200 a second from sixteen addresses; a client with a
/// secret costs a slow hash (0.1 s) when it is let in. The server has its limits as they come, but for authorization requests, all of
/// one address here, and is a process of its own, so is the flood, which gives way to both: whoever floods a server computes elsewhere.
/// Neither begins cold: a program that has just started compiles what it is asked for the first time, a registration as well as a token.
/// </summary>
[Behaviour(17, 24), NonParallelizable]
public sealed class RegistrationFloodTest
{
    private const int Turns = 20;
    private const int WarmTurns = 3;
    private const int PerSecond = 200;
    private static readonly TimeSpan Turn = TimeSpan.FromSeconds(2);

    [TestCase("none"), TestCase("client_secret_basic"), Category("Long")]
    public async Task Token_and_authorize_stay_as_fast_as_they_were(string method)
    {
        await using var server = TestServer.ExternalServer(new Settings
        {
            Issuer = $"http://localhost:{TestServer.FreePort()}",
            Database = await TestDatabase.CloneAsync(),
            KeyEncryptionKey = Convert.ToBase64String(new byte[32]),
            // Of one address, which here stands for everybody who is not flooding.
            AuthorizationsPerMinute = 1_000_000,
        });
        await using var program = await OAuthProgram.ServeAsync(server, LogLevel.Warning);
        using var flood = new Flood(server, method);
        var machine = await server.MachineAsync();
        var client = await server.PublicClientAsync();
        using var http = server.NewHttp();
        var authorize =
            $"{Paths.Authorize}?response_type=code&client_id={client.Id}&redirect_uri={Uri.EscapeDataString(client.Redirect)}"
            + $"&code_challenge={new string('a', 43)}&code_challenge_method=S256";
        async Task<int> TokenAsync() => (await machine.CredentialsAsync()).Status;
        async Task<int> AuthorizeAsync() => (int)(await http.GetAsync(authorize)).StatusCode;

        List<double> tokens = [], tokensInFlood = [], pages = [], pagesInFlood = [];
        for (var turn = 0; turn < WarmTurns; turn++) await TurnAsync([], [], [], []);
        for (var turn = 0; turn < Turns; turn++) await TurnAsync(tokens, pages, tokensInFlood, pagesInFlood);

        var (token, page) = (P99(tokensInFlood) / P99(tokens), P99(pagesInFlood) / P99(pages));
        await TestContext.Out.WriteLineAsync($"""
            /token      p99 {P99(tokens):F1} ms, in the flood {P99(tokensInFlood):F1} ms: {token:F2}
            /authorize  p99 {P99(pages):F1} ms, in the flood {P99(pagesInFlood):F1} ms: {page:F2}
            requests: {tokens.Count}, {tokensInFlood.Count}, {pages.Count} and {pagesInFlood.Count}
            registrations: {flood.Count(201)} let in, {flood.Count(429)} refused by a limit, {flood.Count(503)} by the hash queue
            """);
        flood.Statuses.Should().BeSubsetOf([201, 429, 503]);
        flood.Statuses.Sum(flood.Count).Should().Be((int)((WarmTurns + Turns) * PerSecond * Turn.TotalSeconds), "else it was no flood");
        token.Should().BeLessThanOrEqualTo(1.25);
        page.Should().BeLessThanOrEqualTo(1.25);

        async Task TurnAsync(List<double> token, List<double> page, List<double> tokenInFlood, List<double> pageInFlood)
        {
            await BothAsync(token, page);
            var answered = flood.BeginAsync(Turn);
            await BothAsync(tokenInFlood, pageInFlood);
            await answered;
        }

        async Task BothAsync(List<double> token, List<double> page)
        {
            var (first, second) = (MeasureAsync(TokenAsync, 200), MeasureAsync(AuthorizeAsync, 303));
            token.AddRange(await first);
            page.AddRange(await second);
        }
    }

    /// <summary>Milliseconds of one turn's requests, a hundred a second at most, one after the other.</summary>
    private static async Task<List<double>> MeasureAsync(Func<Task<int>> request, int expected)
    {
        var took = new List<double>();
        using var tick = new PeriodicTimer(TimeSpan.FromMilliseconds(10));
        for (var end = Stopwatch.StartNew(); end.Elapsed < Turn && await tick.WaitForNextTickAsync();)
        {
            var start = Stopwatch.GetTimestamp();
            (await request()).Should().Be(expected);
            took.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
        }

        return took;
    }

    private static double P99(List<double> took) => took.Order().ElementAt((int)(took.Count * 0.99));

    /// <summary>The process that floods (test/Bench/Flood.cs), and how its registrations were answered.</summary>
    private sealed class Flood : IDisposable
    {
        private readonly Dictionary<int, int> counts = [];
        private readonly Process process;

        public Flood(TestServer server, string method)
        {
            var built = AppContext.BaseDirectory.Contains($"{Path.DirectorySeparatorChar}Release{Path.DirectorySeparatorChar}") ? "Release"
                : "Debug";
            process = Process.Start(new ProcessStartInfo("nice",
                ["-n", "19", "dotnet", Path.Combine(TestDatabase.Root, $"test/Bench/bin/{built}/net10.0/OAuthServer.Bench.dll"), "flood",
                    server.Issuer, server.Settings.IssuerAuthority, method])
            {
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
            })!;
        }

        public IEnumerable<int> Statuses => counts.Keys;

        public int Count(int status) => counts.GetValueOrDefault(status);

        /// <summary>Floods for so long; completes once all is answered.</summary>
        public async Task BeginAsync(TimeSpan length)
        {
            await process.StandardInput.WriteLineAsync(length.TotalMilliseconds.ToString(CultureInfo.InvariantCulture));
            await process.StandardInput.FlushAsync();
            var line = await process.StandardOutput.ReadLineAsync() ?? throw new InvalidOperationException("the flood dried up");
            foreach (var pair in line.Split(' ').Select(pair => pair.Split(':').Select(int.Parse).ToArray()))
                counts[pair[0]] = Count(pair[0]) + pair[1];
        }

        public void Dispose()
        {
            if (!process.HasExited) process.Kill();
            process.Dispose();
        }
    }
}
