using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace OAuthServer.Protocol;

/// <summary>
/// What this server measures about itself, under one name: whoever listens to the meter or the source <see cref="Name"/> gets it. Labels
/// are constants of this program, never what somebody sent, so that no request adds a series.
/// </summary>
public static class Telemetry
{
    public const string Name = "OAuthServer";

    /// <summary>Steps within a request that take time of their own.</summary>
    public static readonly ActivitySource Steps = new(Name);

    /// <summary>A meter for the instruments of one object, to be disposed of with it.</summary>
    public static Meter NewMeter() => new(Name);

    /// <summary>The bounds of a histogram of seconds, from a tenth of a millisecond to ten seconds.</summary>
    public static InstrumentAdvice<double> Seconds { get; } = new()
    {
        HistogramBucketBoundaries = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    };
}
