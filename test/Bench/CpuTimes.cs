namespace OAuthServer.Bench;

/// <summary>What everything that is measured has spent, in seconds.</summary>
internal sealed record CpuTimes
{
    public required double Server { get; init; }
    public required double Postgres { get; init; }

    /// <summary>wrk or pgbench, once it has ended.</summary>
    public required double Generator { get; init; }

    /// <summary>The share of the machine's CPU that somebody else took; of a difference only.</summary>
    public double Others { get; private init; }

    private (double Busy, double Possible) Machine { get; init; }

    /// <param name="server">A process, counted with its children, as some servers are several; null: none.</param>
    /// <param name="postmaster">The run's PostgreSQL.</param>
    public static CpuTimes Now(int? server, int postmaster) => new()
    {
        Server = server is { } process ? Cpu.OfFamily(process) : 0,
        Postgres = Cpu.OfFamily(postmaster),
        Generator = Cpu.OfEndedChildren(),
        Machine = Cpu.OfMachine(),
    };

    public CpuTimes Since(CpuTimes before)
    {
        var (server, postgres, generator) = (Server - before.Server, Postgres - before.Postgres, Generator - before.Generator);
        var others = Machine.Busy - before.Machine.Busy - server - postgres - generator;
        return new()
        {
            Server = server,
            Postgres = postgres,
            Generator = generator,
            Others = Math.Max(0, others / (Machine.Possible - before.Machine.Possible)),
        };
    }
}
