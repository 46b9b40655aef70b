using System.Globalization;

namespace OAuthServer.Bench;

/// <summary>The arguments of `run --grown`.</summary>
internal sealed record GrownOptions
{
    /// <summary>So many times the rows of a whole run.</summary>
    public double Scale { get; init; } = 1;
    public int Rounds { get; init; } = 3;
    public int Seconds { get; init; } = 4;
    public bool Json { get; init; }
    public bool SeedOnly { get; init; }
    public bool Anew { get; init; }

    /// <summary>The folder of the published server.</summary>
    public string Server { get; init; } = "";

    public long Clients => Of(1_000_000);
    public long People => Of(200_000);
    public long Grants => Of(5_000_000);
    public long Audit => Of(10_000_000);

    /// <summary>Enough to be written down.</summary>
    public bool IsWhole => Scale >= 1 && Rounds >= 3;

    /// <summary>The options, or what is wrong with them.</summary>
    public static (GrownOptions? Options, string? Problem) Read(IReadOnlyList<string> args)
    {
        var options = new GrownOptions();
        for (var at = 0; at < args.Count; at++)
        {
            var (name, value) = (args[at], at + 1 < args.Count ? args[at + 1] : "");
            switch (name)
            {
                case "--grown": break;
                case "--json": options = options with { Json = true }; break;
                case "--seed-only": options = options with { SeedOnly = true }; break;
                case "--anew": options = options with { Anew = true }; break;
                case "--server": options = options with { Server = value }; at++; break;
                case "--rounds" when BenchOptions.Number(value, 60) is { } rounds:
                    options = options with { Rounds = rounds };
                    at++;
                    break;
                case "--seconds" when BenchOptions.Number(value, 60) is { } seconds:
                    options = options with { Seconds = seconds };
                    at++;
                    break;
                case "--scale" when double.TryParse(value, CultureInfo.InvariantCulture, out var scale) && scale is >= 0.1 and <= 1:
                    options = options with { Scale = scale };
                    at++;
                    break;
                default: return (null, $"--grown cannot be with '{name}', or not with '{value}'");
            }
        }

        return (options, null);
    }

    // A multiple of what the world's numbers go round in.
    private long Of(long whole) => (long)(whole * Scale / 1000) * 1000;
}
