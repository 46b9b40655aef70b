using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using FluentAssertions;
using Microsoft.Extensions.Logging;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Journeys;

/// <summary>What an operator sees of a running server: figures, traces, log lines, the report at its start.</summary>
[Parallelizable(ParallelScope.All)]
public sealed partial class ObservabilityTest
{
    private const string Password = "a-password-that-nobody-may-read";

    [Test]
    public async Task A_real_Prometheus_reads_what_was_decided()
    {
        var port = TestServer.FreePort();
        await using var server = await ElsewhereAsync();
        await using var program = await ServeAsync(server, ("OAuth__MetricsListen", $"http://127.0.0.1:{port}"));
        await using var prometheus = await Prometheus.StartAsync(port);
        var (machine, client) = (await server.MachineAsync(), await server.PublicClientAsync());
        for (var i = 0; i < 3; i++) (await machine.CredentialsAsync()).Should().HaveIssuedTokens();
        var tokens = await client.TokensAsync(await server.UserAsync(), changes: ("scope", "notes:read offline_access"));
        (await client.RefreshAsync(tokens.RefreshToken!)).Should().HaveIssuedTokens();
        await server.ExecuteAsync("update grants set rotated_at = rotated_at - interval '1 hour'");
        (await client.RefreshAsync(tokens.RefreshToken!)).Should().BeRefusedWith("invalid_grant");

        await SeesAsync("oauth_tokens_total{grant_type=\"client_credentials\"}", 3);
        await SeesAsync("oauth_tokens_total{grant_type=\"refresh_token\"}", 1);
        await SeesAsync("oauth_refusals_total{event=\"token\",error=\"invalid_grant\"}", 1);
        await SeesAsync("oauth_replays_total", 1);
        await SeesAsync("oauth_edits_heard", 1);
        foreach (var query in Queries()) (await prometheus.AskAsync($"({query}) or vector(0)")).Should().NotBeNull(query);

        Task SeesAsync(string query, double expected) =>
            Eventually.BecomesTrueAsync(async () => await prometheus.AskAsync(query) >= expected);
    }

    [Test]
    public async Task Ten_thousand_random_errors_add_no_series()
    {
        var port = TestServer.FreePort();
        await using var server = await ElsewhereAsync();
        await using var program = await ServeAsync(server,
            ("OAuth__MetricsListen", $"http://127.0.0.1:{port}"), ("OAuth__RefusalsPerMinute", "1000000"));
        using var http = server.NewHttp();
        await RefuseAsync(http, 20);
        var before = await SeriesAsync(port);

        await Parallel.ForAsync(0, 8, async (_, _) => await RefuseAsync(http, 1250 / 4));

        (await SeriesAsync(port)).Except(before).Should().BeEmpty();
        before.Should().Contain(one => one.StartsWith("oauth_refusals_total", StringComparison.Ordinal));
    }

    [Test]
    public async Task Figures_are_at_an_address_of_their_own_and_nothing_else_is()
    {
        var port = TestServer.FreePort();
        await using var server = await ElsewhereAsync();
        await using var program = await ServeAsync(server, ("OAuth__MetricsListen", $"http://127.0.0.1:{port}"));
        using var figures = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}") };
        using var http = server.NewHttp();

        (await figures.GetAsync("/metrics")).StatusCode.Should().Be(HttpStatusCode.OK);
        (await figures.GetAsync("/admin")).StatusCode.Should().Be(HttpStatusCode.NotFound);
        (await figures.GetAsync(Paths.Jwks)).StatusCode.Should().Be(HttpStatusCode.NotFound);
        (await http.GetAsync("/metrics")).StatusCode.Should().Be(HttpStatusCode.NotFound);
    }

    [Test]
    public async Task A_port_for_figures_that_is_in_use_is_named()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        await using var server = await ElsewhereAsync();

        var refused = await FluentActions.Awaiting(() => ServeAsync(server,
            ("OAuth__MetricsListen", $"http://127.0.0.1:{((IPEndPoint)taken.LocalEndpoint).Port}"))).Should().ThrowAsync<Exception>();

        refused.Which.Message.Should().Contain("address already in use").And.Contain("Choose another port with OAuth__MetricsListen.");
    }

    [Test]
    public async Task A_collector_gets_figures_traces_and_log_lines_and_no_secret()
    {
        var received = new ConcurrentDictionary<string, string>();
        using var collector = new HttpListener();
        var port = TestServer.FreePort();
        collector.Prefixes.Add($"http://127.0.0.1:{port}/");
        collector.Start();
        _ = CollectAsync(collector, received);
        await using var server = await ElsewhereAsync();
        await using var program = await ServeAsync(server,
            ("ASPNETCORE_ENVIRONMENT", "Production"), ("OTEL_EXPORTER_OTLP_ENDPOINT", $"http://127.0.0.1:{port}"),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"),
            ("OTEL_METRIC_EXPORT_INTERVAL", "500"), ("OTEL_BSP_SCHEDULE_DELAY", "500"), ("OTEL_BLRP_SCHEDULE_DELAY", "500"));
        var (machine, client) = (await server.MachineAsync(), await server.PublicClientAsync());
        var token = (await machine.CredentialsAsync()).AccessToken!;
        var tokens = await client.TokensAsync(await server.UserAsync(), changes: ("scope", "notes:read offline_access"));

        await Eventually.BecomesTrueAsync(() => Task.FromResult(
            Has("/v1/metrics", "oauth.tokens") && Has("/v1/traces", "/token") && Has("/v1/logs", "Listening at")),
            because: "figures, traces and log lines arrive");

        string[] secrets =
            // A statement's text may name the column code_challenge; no URL or form with one may come.
            [Password, "Host=", Cast.Secret, token, tokens.AccessToken!, tokens.RefreshToken!, "code_challenge=", "code_verifier="];
        foreach (var secret in secrets)
            received.Values.Should().NotContain(body => body.Contains(secret, StringComparison.Ordinal), secret);

        bool Has(string path, string text) => received.TryGetValue(path, out var body) && body.Contains(text, StringComparison.Ordinal);
    }

    [Test]
    public async Task In_production_the_log_says_with_what_it_runs_and_keeps_secrets()
    {
        await using var server = await ElsewhereAsync();
        await using var program = await ServeAsync(server,
            ("ASPNETCORE_ENVIRONMENT", "Production"), ("OAuth__LogFormat", "json"), ("OAuth__TlsPassword", Password),
            ("OAuth__CodeSeconds", "45"), ("OAuth__Listen", server.Issuer));

        await Eventually.BecomesTrueAsync(() => Task.FromResult(program.Said.Contains("may alter its tables", StringComparison.Ordinal)));
        (await server.PostTokenAsync("grant_type=client_credentials")).Status.Should().NotBe(200);
        await program.StopAsync();

        var messages = program.Said.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => JsonDocument.Parse(line).RootElement.GetProperty("Message").GetString()!).ToArray();
        messages.Should().Contain($"Listening at {server.Issuer} as {server.Issuer}")
            .And.Contain("OAuth__CodeSeconds is 45").And.Contain("OAuth__KeyEncryptionKey is set").And.Contain("OAuth__TlsPassword is set")
            .And.Contain(message => message.StartsWith("The database is ", StringComparison.Ordinal))
            .And.Contain(message => message.StartsWith("The issuer is http", StringComparison.Ordinal));
        program.Said.Should().NotContain(Password).And.NotContain(server.Settings.KeyEncryptionKey);
    }

    [Test]
    public async Task In_json_each_line_has_the_id_of_its_request()
    {
        await using var server = await ElsewhereAsync();
        await using var program = await ServeAsync(server, ("ASPNETCORE_ENVIRONMENT", "Production"), ("OAuth__LogFormat", "json"));
        var machine = await server.MachineAsync();
        await server.ExecuteAsync("alter table audit_events rename to audit_events_away");

        var answer = await machine.CredentialsAsync();
        await server.ExecuteAsync("alter table audit_events_away rename to audit_events");

        answer.Status.Should().Be(503);
        await Eventually.BecomesTrueAsync(() => Task.FromResult(
            program.Said.Split('\n').Any(line => line.StartsWith('{') && line.Contains("\"RequestId\"", StringComparison.Ordinal)
                && line.Contains(answer.Header("Request-Id")!, StringComparison.Ordinal))));
    }

    [Test]
    public async Task Alerts_and_the_dashboard_are_sound()
    {
        using var promtool = System.Diagnostics.Process.Start(new System.Diagnostics.ProcessStartInfo(
            Tools.Need("promtool"), ["check", "rules", Path.Combine(TestDatabase.Root, "deploy/prometheus-alerts.yml")])
        { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var said = await promtool.StandardOutput.ReadToEndAsync() + await promtool.StandardError.ReadToEndAsync();
        await promtool.WaitForExitAsync();
        promtool.ExitCode.Should().Be(0, said);

        using var dashboard = JsonDocument.Parse(await File.ReadAllTextAsync(Dashboard));
        var panels = dashboard.RootElement.GetProperty("panels").EnumerateArray().ToArray();
        panels.Select(panel => panel.GetProperty("id").GetInt32()).Should().OnlyHaveUniqueItems();
        panels.Should().OnlyContain(panel => panel.GetProperty("title").GetString()!.Length > 0
            && panel.GetProperty("gridPos").GetProperty("w").GetInt32() <= 24
            && panel.GetProperty("datasource").GetProperty("uid").GetString() == "${source}");
    }

    private static string Dashboard => Path.Combine(TestDatabase.Root, "deploy/grafana-dashboard.json");

    // What the dashboard asks Prometheus, with its variables filled in.
    private static IEnumerable<string> Queries()
    {
        using var dashboard = JsonDocument.Parse(File.ReadAllText(Dashboard));
        return [.. dashboard.RootElement.GetProperty("panels").EnumerateArray()
            .SelectMany(panel => panel.GetProperty("targets").EnumerateArray())
            .Select(target => target.GetProperty("expr").GetString()!
                .Replace("$instance", ".*", StringComparison.Ordinal).Replace("$__rate_interval", "1m", StringComparison.Ordinal))];
    }

    private static async Task<TestServer> ElsewhereAsync() => TestServer.ExternalServer(new Settings
    {
        Issuer = $"http://localhost:{TestServer.FreePort()}",
        Database = $"{await TestDatabase.CloneAsync()};Password={Password}",
        KeyEncryptionKey = Convert.ToBase64String(new byte[32]),
        BcryptCost = 10,
    });

    private static Task<OAuthProgram> ServeAsync(TestServer server, params (string Name, string Value)[] more) =>
        OAuthProgram.ServeAsync(server, LogLevel.Information, more.ToDictionary(one => one.Name, one => one.Value));

    // Each time four refusals, in words nobody has used before.
    private static async Task RefuseAsync(HttpClient http, int times)
    {
        for (var i = 0; i < times; i++)
        {
            var any = Guid.NewGuid().ToString("N");
            await http.GetAsync($"/{any}");
            await http.GetAsync($"{Paths.Authorize}?client_id={any}&response_type={any}");
            using var grant = new FormUrlEncodedContent([new("grant_type", any), new("scope", any)]);
            await http.PostAsync(Paths.Token, grant);
            using var twice = new FormUrlEncodedContent([new(any, any), new("token", any), new("token", any)]);
            await http.PostAsync(Paths.Introspect, twice);
        }
    }

    // Names and labels, without values; of .NET's own only those of requests.
    private static async Task<HashSet<string>> SeriesAsync(int port)
    {
        using var figures = new HttpClient();
        var text = await figures.GetStringAsync($"http://127.0.0.1:{port}/metrics");
        return [.. Series().Matches(text).Select(one => one.Groups[1].Value)
            .Where(one => one.StartsWith("oauth_", StringComparison.Ordinal) || one.StartsWith("http_", StringComparison.Ordinal))];
    }

    private static async Task CollectAsync(HttpListener collector, ConcurrentDictionary<string, string> received)
    {
        try
        {
            while (true)
            {
                var context = await collector.GetContextAsync();
                using var body = new MemoryStream();
                await context.Request.InputStream.CopyToAsync(body);
                received.AddOrUpdate(context.Request.Url!.AbsolutePath, _ => Encoding.UTF8.GetString(body.ToArray()),
                    (_, before) => before + Encoding.UTF8.GetString(body.ToArray()));
                context.Response.Close();
            }
        }
        catch (Exception fault) when (fault is HttpListenerException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    [GeneratedRegex(@"^([a-z_]+(?:\{[^}]*\})?) ", RegexOptions.Multiline)]
    private static partial Regex Series();
}
