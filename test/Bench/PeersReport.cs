using System.Globalization;
using System.Text;

namespace OAuthServer.Bench;

/// <summary>Prints how the server compares with its peers, and writes it down when the comparison was whole.</summary>
internal static class PeersReport
{
    public const string Page = "docs/performance-peers.md";

    public static async Task WriteAsync(Measurements results, Peers peers, CancellationToken cancel)
    {
        if (!results.Options.WithPeers) return;
        var rows = peers.Rows(results);
        var text = Text(results, peers, rows);
        Console.WriteLine(text);
        if (results.Options.ComparesWhole && rows.Count > 0)
        {
            await File.WriteAllTextAsync(Page, text, cancel);
            Console.WriteLine($"bench: wrote {Page}");
        }
        else Console.WriteLine($"bench: {Page} stays as it is: that takes {string.Join(", ", Peers.Workloads)} and at least five rounds");
    }

    private static string Text(Measurements results, Peers peers, IReadOnlyList<Row> rows)
    {
        var options = results.Options;
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"""
            # Beside other servers

            Written by `make bench ARGS=--peers`: OpenIddict 7.8 and node oidc-provider 9, set as their documentation advises for production
            ([how, and why](../test/Bench/peers/README.md)), under the load of [performance.md](performance.md), on the same PostgreSQL.
            {Environment.ProcessorCount} cores, {Report.Processor()}, {DateTime.UtcNow:yyyy-MM-dd}.

            Middle, least and most of {options.Rounds} rounds of {options.Seconds} s each. In every round each server gets the
            same workload, one after the other. "Times" is the server's rate as a multiple of the peer's within the round. "Times by CPU"
            is what a request costs the peer, PostgreSQL and the generator together, as a multiple of what it costs here; it decides where
            the peer's rate wandered by more than 25 %.


            """);
        text.AppendLine($"Warm-up: {string.Join(", ", peers.WarmUps.DefaultIfEmpty("none"))}.");
        text.AppendLine(CultureInfo.InvariantCulture,
            $"Other work took {results.Others.Median:P0} of the machine's CPU ({results.Others.Min:P0} to {results.Others.Max:P0}).");
        if (rows.Count > 0) text.AppendLine(Row.Verdict(rows));
        foreach (var (title, reason) in peers.NotMeasured) text.AppendLine($"\nNot measured: {title}. {reason}");
        if (rows.Count == 0) return text.ToString();
        text.AppendLine();
        Report.Table(text, ["what", "this server", "peer", "times", "times by CPU", "target", ""],
            rows.Select(row => row.Cells));
        text.AppendLine("""

            ## What a request does

            - **This server** compares a client's secret with the keyed hash it remembers since the slow hash was verified, and writes an
              audit row for every token. A code is redeemed, and a refresh token rotated, by one guarded update of one row. Introspection
              reads the database every time.
            - **OpenIddict** verifies the secret by PBKDF2 at every request, and writes a row for every token, access tokens included. It
              keeps no audit log. Introspection reads the token's row.
            - **oidc-provider** compares the secret as it stands in its configuration. A machine's token leaves no row; a code and a refresh
              token do. It keeps no audit log. It introspects opaque tokens only, so that load asks about one.

            ## What a request costs

            """);
        Report.Table(text, Report.CostHead, results.Chosen.Where(workload => Peers.Workloads.Contains(workload.Name))
            .SelectMany(workload => peers.Measured(workload.Name).Prepend((workload.Name, results.Of(workload.Name))))
            .Select(Report.Cost));
        return text.ToString();
    }
}
