using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace OAuthServer.Test.Support;

/// <summary>A real Prometheus that reads one server's figures every second, where it is installed.</summary>
public sealed class Prometheus : IAsyncDisposable
{
    private readonly Process process;
    private readonly string folder;
    private readonly HttpClient http;

    private Prometheus(Process process, string folder, int port)
    {
        (this.process, this.folder) = (process, folder);
        http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}") };
    }

    /// <summary>Starts it; skips the test where there is none.</summary>
    /// <param name="target">The port of the figures, on loopback.</param>
    public static async Task<Prometheus> StartAsync(int target)
    {
        var (program, port) = (Tools.Need("prometheus"), TestServer.FreePort());
        var folder = Directory.CreateTempSubdirectory("oauth-prometheus-").FullName;
        var settings = Path.Combine(folder, "prometheus.yml");
        await File.WriteAllTextAsync(settings, $$"""
            global: { scrape_interval: 1s }
            scrape_configs:
              - job_name: oauth-server
                static_configs: [{ targets: ["127.0.0.1:{{target}}"] }]
            """);
        var start = new ProcessStartInfo(program,
            [
                $"--config.file={settings}", $"--storage.tsdb.path={folder}/data", $"--web.listen-address=127.0.0.1:{port}",
                "--log.level=error",
            ])
        { RedirectStandardError = true };
        var process = Process.Start(start)!;
        process.ErrorDataReceived += (_, _) => { };
        process.BeginErrorReadLine();
        var started = new Prometheus(process, folder, port);
        await Eventually.BecomesTrueAsync(async () => await started.AskAsync("up") == 1);
        return started;
    }

    /// <summary>The sum of what a query answers; null: no series, and no answer yet.</summary>
    public async Task<double?> AskAsync(string query)
    {
        try
        {
            using var answer = JsonDocument.Parse(
                await http.GetStringAsync($"/api/v1/query?query={Uri.EscapeDataString(query)}"));
            var series = answer.RootElement.GetProperty("data").GetProperty("result").EnumerateArray().ToArray();
            return series.Length == 0 ? null : series.Sum(one =>
                double.Parse(one.GetProperty("value")[1].GetString()!, CultureInfo.InvariantCulture));
        }
        catch (HttpRequestException fault) when (fault.StatusCode is null or System.Net.HttpStatusCode.ServiceUnavailable)
        {
            return null;
        }
    }

    public async ValueTask DisposeAsync()
    {
        http.Dispose();
        process.Kill();
        await process.WaitForExitAsync();
        process.Dispose();
        Directory.Delete(folder, recursive: true);
    }
}
