using System.Globalization;

namespace OAuthServer.Bench;

/// <summary>One figure with its target.</summary>
internal sealed record Row
{
    public required string Name { get; init; }
    public required string Title { get; init; }

    /// <summary>Requests a second, microseconds, bytes, milliseconds or MB.</summary>
    public required Spread Value { get; init; }
    public required string Unit { get; init; }

    /// <summary>What it is compared with, in the same unit; null: the target is a figure of its own.</summary>
    public Spread? Limit { get; init; }

    /// <summary>What the limit is called.</summary>
    public string LimitName { get; init; } = "";

    /// <summary>Value ÷ limit, round by round.</summary>
    public Spread? Ratio { get; init; }

    /// <summary>CPU of the limit's request ÷ CPU of this one.</summary>
    public Spread? ByCpu { get; init; }
    public required double Target { get; init; }

    /// <summary>The target is the least, else the most.</summary>
    public bool IsLeast { get; init; }

    /// <summary>The limit itself wandered, so that CPU decides.</summary>
    public bool CpuDecides => ByCpu is not null && Limit!.Wander > Measurements.MostWander;

    /// <summary>What is held against the target.</summary>
    public double Decisive => (CpuDecides ? ByCpu : Ratio ?? Value)!.Median;

    public bool IsMet => IsLeast ? Decisive >= Target : Decisive <= Target;

    public string ValueText => $"{Figure(Value.Median)} {Unit} ({Figure(Value.Min)} to {Figure(Value.Max)})";
    public string LimitText => Limit is null ? "" : $"{LimitName} {Figure(Limit.Median)}";
    public string RatioText => Text(Ratio);
    public string ByCpuText => Text(ByCpu) + (CpuDecides ? " decides" : "");
    public string TargetText => (IsLeast ? "≥ " : "≤ ") + (Limit is null ? $"{Figure(Target)} {Unit}" : Share(Target));
    public string VerdictText => IsMet ? "met" : "MISSED";

    /// <summary>All of it, as a report shows it.</summary>
    public string[] Cells => [Title, ValueText, LimitText, RatioText, ByCpuText, TargetText, VerdictText];

    /// <summary>Which of them missed their targets, in a sentence.</summary>
    public static string Verdict(IEnumerable<Row> rows) =>
        rows.Where(row => !row.IsMet).Select(row => row.Name).ToList() is { Count: > 0 } missed
            ? $"Missed: {string.Join(", ", missed)}."
            : "Every target is met.";

    private static string Text(Spread? spread) =>
        spread is null ? "" : $"{Share(spread.Median)} ({Share(spread.Min)} to {Share(spread.Max)})";

    private static string Share(double share) => share.ToString("0.00", CultureInfo.InvariantCulture);

    private static string Figure(double value) => value.ToString(value < 10 ? "0.0" : "0", CultureInfo.InvariantCulture);
}
