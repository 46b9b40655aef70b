namespace OAuthServer.Bench;

/// <summary>One measurement: what a second saw, and what one request cost.</summary>
internal sealed record Sample
{
    public required double PerSecond { get; init; }

    /// <summary>CPU microseconds per request.</summary>
    public required double Server { get; init; }
    public required double Postgres { get; init; }
    public required double Generator { get; init; }

    /// <summary>Milliseconds; 0: not measured.</summary>
    public double P99 { get; init; }

    /// <summary>Bytes per request that the server allocated; 0: not measured.</summary>
    public double Allocated { get; init; }

    /// <summary>The share of the machine's CPU that went to none of these; 0: not measured.</summary>
    public double Others { get; init; }

    public double Total => Server + Postgres + Generator;

    /// <summary>A share of each for every request.</summary>
    /// <param name="allocated">Bytes in all; 0: not measured.</param>
    public static Sample Of(Wrk seen, CpuTimes spent, long allocated)
    {
        var factor = 1e6 / seen.Requests;
        return new()
        {
            PerSecond = seen.PerSecond,
            P99 = seen.P99,
            Server = spent.Server * factor,
            Postgres = spent.Postgres * factor,
            Generator = spent.Generator * factor,
            Others = spent.Others,
            // The runtime's count has been seen to fall by a gigabyte, as its number of heaps adapts: such a reading is none.
            Allocated = Math.Max(0, (double)allocated / seen.Requests),
        };
    }

    /// <summary>What is left when each request must pay both on the same cores.</summary>
    public static Sample Both(Sample first, Sample second) => new()
    {
        PerSecond = 1 / (1 / first.PerSecond + 1 / second.PerSecond),
        Server = first.Server + second.Server,
        Postgres = first.Postgres + second.Postgres,
        Generator = first.Generator + second.Generator,
    };
}

/// <summary>The middle of the rounds, with the least and the most.</summary>
internal sealed record Spread(double Median, double Min, double Max)
{
    /// <summary>How far the rounds lie apart, as a share of the middle.</summary>
    public double Wander => (Max - Min) / Median;

    public static Spread Of(IEnumerable<double> values)
    {
        var sorted = values.Order().ToList();
        var middle = sorted.Count / 2;
        return new(sorted.Count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2, sorted[0], sorted[^1]);
    }
}
