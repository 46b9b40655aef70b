using System.Globalization;
using System.Text.RegularExpressions;

namespace OAuthServer.Bench;

/// <summary>What wrk saw. A request that takes two steps counts once both are done.</summary>
internal sealed partial record Wrk(long Requests, double Seconds, double P99)
{
    public double PerSecond => Requests / Seconds;

    /// <summary>Runs wrk; answers other than 2xx and 3xx, and broken connections, are errors.</summary>
    /// <param name="name">For the message.</param>
    /// <param name="script">A file; null: a plain GET.</param>
    public static async Task<Wrk> RunAsync(
        string name, int connections, int seconds, string? script, string host, Uri url, IReadOnlyDictionary<string, string> environment,
        CancellationToken cancel)
    {
        var output = await Child.RunAsync("wrk",
            [
                "-t1", $"-c{connections}", $"-d{seconds}s", "--latency", "--timeout", "10s", "-H", $"Host: {host}",
                .. script is null ? [] : (string[])["-s", script], url.ToString(),
            ], environment, cancel);
        if (output.Contains("Non-2xx", StringComparison.Ordinal) || output.Contains("Socket errors", StringComparison.Ordinal)
            || output.Contains("astray", StringComparison.Ordinal))
            throw new BenchException($"{name} was not answered as it should be:\n{output}");
        var total = Total().Match(output);
        var counted = Counted().Match(output) is { Success: true } own ? own : total;
        return new(long.Parse(counted.Groups[1].Value, CultureInfo.InvariantCulture), Time(total.Groups[2].Value, 1),
            Time(P99Line().Match(output).Groups[1].Value, 1000));
    }

    // 4.00s, 1.02m, 12.34ms, 870.00us, in seconds times the factor.
    private static double Time(string text, double factor)
    {
        var unit = text.TrimStart("0123456789.".ToCharArray());
        var value = double.Parse(text[..^unit.Length], CultureInfo.InvariantCulture);
        return factor * value * unit switch { "us" => 1e-6, "ms" => 1e-3, "s" => 1, "m" => 60, _ => throw new FormatException(text) };
    }

    [GeneratedRegex(@"(\d+) requests in ([\d.]+\w+),")]
    private static partial Regex Total();

    [GeneratedRegex(@"^counted (\d+)$", RegexOptions.Multiline)]
    private static partial Regex Counted();

    [GeneratedRegex(@"^\s+99%\s+([\d.]+\w+)", RegexOptions.Multiline)]
    private static partial Regex P99Line();
}
