using System.Globalization;

namespace OAuthServer.Bench;

/// <summary>The arguments of `run`.</summary>
internal sealed record BenchOptions
{
    public const string HelpText = """
        make bench [ARGS='…']: what the server achieves as a share of what this machine allows, measured in turns

          --only NAME      only this workload, or several: --only refresh,code
          --rounds N       rounds that interleave server and limits (5; 1 to 99)
          --seconds N      seconds of each measurement (4; 1 to 60)
          --peers          also measure two other servers in the same rounds: OpenIddict and node oidc-provider (test/Bench/peers)
          --json           the last line is {"workloads":[{"name","median","limit","ratio","target"}]}
          --help           this

        Workloads: client_credentials, client_credentials_64, code, refresh, introspection, metadata, jwks, authorize, cold_start, memory,
        wrong_secrets (200 a second beside client_credentials), two_instances (on one database, against one), proofs (client_credentials by
        key against by secret, refresh with DPoP against without, each by ES256 and RS256; the kit's p99 with DPoP).
        All of them in at least five rounds write docs/performance.md and docs/performance.svg; a narrower run writes no file.
        With --peers, the workloads that all servers have (client_credentials, code, refresh, introspection) write docs/performance-peers.md
        in at least five rounds. A peer that cannot be built or started is named, with the reason, and the run goes on without it.
        An answer that is no success fails the run. A missed target is said, and does not.

        make bench ARGS='--grown …': the same server on a database with 1,000,000 clients, 200,000 people, 5,000,000 live grants and
        10,000,000 audit rows, measured in turns with one on an empty database; how long pages take; clean-up of expired grants.

          --scale S        so many times these rows (1; 0.1 to 1): 0.1 for a trial
          --rounds N, --seconds N, --json as above
          --seed-only      seed and stop
          --anew           seed, also when there is a seeded folder that fits

        Seeding takes about fifteen minutes and 10 GB at scale 1. What was seeded stays in .local/bench/grown, and the next run of the same
        scale takes it, for a week; one that was cut short is deleted and seeded anew. rm -r frees the space. At scale 1 and in three
        rounds or more it writes docs/performance-grown.md.
        """;

    public IReadOnlyList<string> Only { get; init; } = Workload.Names;
    public int Rounds { get; init; } = 5;
    public int Seconds { get; init; } = 4;
    public bool WithPeers { get; init; }
    public bool Json { get; init; }
    public bool Help { get; init; }

    /// <summary>The folder of the published server.</summary>
    public string Server { get; init; } = "";

    /// <summary>Enough to be written down.</summary>
    public bool IsWhole => Only.Count == Workload.Names.Count && Rounds >= 5;

    /// <summary>Enough to be written down of the peers.</summary>
    public bool ComparesWhole => WithPeers && Peers.Workloads.All(Has) && Rounds >= 5;

    public bool Has(string name) => Only.Contains(name);

    /// <summary>The options, or what is wrong with them.</summary>
    public static (BenchOptions? Options, string? Problem) Read(IReadOnlyList<string> args)
    {
        var options = new BenchOptions();
        for (var at = 0; at < args.Count; at++)
        {
            var name = args[at];
            if (name is "--json") options = options with { Json = true };
            else if (name is "--peers") options = options with { WithPeers = true };
            else if (name is "--help" or "-h") options = options with { Help = true };
            else if (name is not ("--only" or "--rounds" or "--seconds" or "--server")) return (null, $"unknown argument '{name}'");
            else if (++at == args.Count) return (null, $"{name} lacks its value");
            else if (options.With(name, args[at]) is not { } next) return (null, $"{name} cannot be '{args[at]}'");
            else options = next;
        }

        return options.WithPeers && !Peers.Workloads.Any(options.Has)
            ? (null, $"--peers has nothing to compare: only {string.Join(", ", Peers.Workloads)} are every server's")
            : (options, null);
    }

    private BenchOptions? With(string name, string value) => name switch
    {
        "--server" => this with { Server = value },
        "--rounds" => Number(value, 99) is { } rounds ? this with { Rounds = rounds } : null,
        "--seconds" => Number(value, 60) is { } seconds ? this with { Seconds = seconds } : null,
        _ => value.Split(',') is var names && names.All(Workload.Names.Contains) ? this with { Only = [.. names.Distinct()] } : null,
    };

    /// <summary>A number from one on, or null.</summary>
    public static int? Number(string value, int most) =>
        int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= 1 && number <= most
            ? number
            : null;
}
