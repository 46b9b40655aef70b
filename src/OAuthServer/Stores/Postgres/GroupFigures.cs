using System.Diagnostics;
using System.Diagnostics.Metrics;
using OAuthServer.Protocol;

namespace OAuthServer.Stores.Postgres;

/// <summary>How many writes or questions went to PostgreSQL together, and how long that took.</summary>
internal static class GroupFigures
{
    private static readonly Meter Meter = Telemetry.NewMeter();

    private static readonly Histogram<int> Size = Meter.CreateHistogram("oauth.group.size",
        description: "Writes or questions that went to PostgreSQL as one statement.",
        advice: new InstrumentAdvice<int> { HistogramBucketBoundaries = [1, 2, 4, 8, 16, 32, 64, 128, 256] });

    private static readonly Histogram<double> Duration = Meter.CreateHistogram("oauth.group.duration", "s",
        "How long such a statement took, its commit included.", advice: Telemetry.Seconds);

    /// <summary>Counts from here to the end of what it answers.</summary>
    public static Step Begin(string statement, int size) => new(statement, size);

    /// <summary>One statement under way.</summary>
    public readonly struct Step : IDisposable
    {
        private readonly string statement;
        private readonly long began;
        private readonly Activity? activity;

        internal Step(string statement, int size)
        {
            this.statement = statement;
            activity = Telemetry.Steps.HasListeners() ? Telemetry.Steps.StartActivity(statement) : null;
            activity?.SetTag("oauth.group.size", size);
            if (Size.Enabled) Size.Record(size, new KeyValuePair<string, object?>("statement", statement));
            began = Duration.Enabled ? TimeProvider.System.GetTimestamp() : 0;
        }

        public void Dispose()
        {
            activity?.Dispose();
            if (began == 0) return;
            var took = TimeProvider.System.GetElapsedTime(began).TotalSeconds;
            Duration.Record(took, new KeyValuePair<string, object?>("statement", statement));
        }
    }
}
