using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using OAuthServer.ResourceServer;

namespace OAuthServer.Bench;

/// <summary>
/// What DPoP costs at an API that the kit protects: how long 99 of 100 requests take with a proof, and without, in turns. The proof is made
/// before the clock starts.
/// </summary>
internal sealed class KitCost(PublishedServer published, ProofSupply proofs, int seconds) : IAsyncDisposable
{
    private const string Resource = "http://localhost:9000/mcp";
    private const string Path = "/mcp/cost";
    private const double MostMilliseconds = 1;
    private static readonly TimeSpan Warm = TimeSpan.FromSeconds(4);

    private readonly List<double> bearer = [], dpop = [];
    private readonly int port = PublishedServer.FreePort();
    private HttpClient? http;
    private WebApplication? api;

    /// <summary>Starts the API, and sends it requests until it is warm.</summary>
    public async Task StartAsync(CancellationToken cancel)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls($"http://localhost:{port}");
        builder.Services.AddOAuthResource($"http://{published.Host}", Resource, options => options.FollowRevocations = false);
        api = builder.Build();
        api.MapGet(Path, () => "here").RequireScope("notes:read");
        await api.StartAsync(cancel);
        http = new HttpClient { BaseAddress = new Uri($"http://localhost:{port}") };
        await SendAsync(Warm, cancel);
    }

    /// <summary>One round.</summary>
    public async Task MeasureAsync(CancellationToken cancel)
    {
        var (plain, proven) = await SendAsync(TimeSpan.FromSeconds(seconds), cancel);
        bearer.Add(plain);
        dpop.Add(proven);
        Bench.Say(string.Create(CultureInfo.InvariantCulture, $"  the kit: p99 {proven:0.00} ms with DPoP, {plain:0.00} ms without"));
    }

    public IEnumerable<Row> Rows()
    {
        if (dpop.Count == 0) yield break;
        yield return new()
        {
            Name = "kit_dpop",
            Title = "the kit: p99 with DPoP over Bearer",
            Unit = "ms",
            Value = Spread.Of(dpop.Zip(bearer, (with, without) => with - without)),
            Target = MostMilliseconds,
        };
    }

    public async ValueTask DisposeAsync()
    {
        http?.Dispose();
        if (api is not null) await api.DisposeAsync();
    }

    // Milliseconds under which 99 of 100 stay: one request after the other, of either kind in turn.
    private async Task<(double Bearer, double Dpop)> SendAsync(TimeSpan most, CancellationToken cancel)
    {
        var (token, bound) = (await TokenAsync(null, cancel), await TokenAsync(proofs.ForToken("ES256"), cancel));
        var (plain, proven) = (new List<double>(), new List<double>());
        for (var began = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(began) < most;)
        {
            plain.Add(await TimeAsync(new AuthenticationHeaderValue("Bearer", token), null, cancel));
            var proof = proofs.ForResource("ES256", "GET", "http://localhost:9000" + Path, bound);
            proven.Add(await TimeAsync(new AuthenticationHeaderValue("DPoP", bound), proof, cancel));
        }

        return (P99(plain), P99(proven));
    }

    private async Task<double> TimeAsync(AuthenticationHeaderValue authorization, string? proof, CancellationToken cancel)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, Path) { Headers = { Authorization = authorization } };
        if (proof is not null) request.Headers.Add("DPoP", proof);
        var sent = Stopwatch.GetTimestamp();
        using var answer = await http!.SendAsync(request, cancel);
        var took = Stopwatch.GetElapsedTime(sent).TotalMilliseconds;
        return answer.IsSuccessStatusCode ? took : throw new BenchException($"the kit answered {(int)answer.StatusCode}");
    }

    private async Task<string> TokenAsync(string? proof, CancellationToken cancel)
    {
        using var client = new HttpClient { BaseAddress = new Uri($"http://{published.Host}") };
        client.DefaultRequestHeaders.Authorization =
            new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.ASCII.GetBytes("nightly-etl:nightly-etl-secret")));
        if (proof is not null) client.DefaultRequestHeaders.Add("DPoP", proof);
        using var form = new FormUrlEncodedContent([new("grant_type", "client_credentials")]);
        using var answer = await client.PostAsync(new Uri("/token", UriKind.Relative), form, cancel);
        using var json = JsonDocument.Parse(await answer.EnsureSuccessStatusCode().Content.ReadAsByteArrayAsync(cancel));
        return json.RootElement.GetProperty("access_token").GetString()!;
    }

    private static double P99(List<double> times)
    {
        times.Sort();
        return times[(int)(times.Count * 0.99)];
    }
}
