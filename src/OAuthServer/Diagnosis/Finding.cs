namespace OAuthServer.Diagnosis;

/// <summary>How a check came out.</summary>
internal enum Verdict
{
    /// <summary>As it must be.</summary>
    Pass,

    /// <summary>It works, but a standard recommends otherwise, or some clients will stumble.</summary>
    Warn,

    /// <summary>Clients break on it, or it is insecure.</summary>
    Fail,

    /// <summary>It could not be examined, or does not apply.</summary>
    Skipped,
}

/// <summary>What a check found, and what to do about it.</summary>
internal sealed record Finding
{
    private Finding(string check, Verdict verdict, string reason, string? remedy) =>
        (Check, Verdict, Reason, Remedy) = (check, verdict, reason, remedy);

    /// <summary>Its name, such as keys.private: the family, a dot, what is examined. Scripts may rely on it.</summary>
    public string Check { get; }

    public Verdict Verdict { get; }

    /// <summary>What was seen.</summary>
    public string Reason { get; }

    /// <summary>What to do next; null when nothing is to be done.</summary>
    public string? Remedy { get; }

    public static Finding Pass(string check, string reason) => new(check, Verdict.Pass, reason, null);

    public static Finding Warn(string check, string reason, string remedy) => new(check, Verdict.Warn, reason, remedy);

    public static Finding Fail(string check, string reason, string remedy) => new(check, Verdict.Fail, reason, remedy);

    public static Finding Skipped(string check, string reason, string? remedy = null) => new(check, Verdict.Skipped, reason, remedy);

    /// <summary>Passes where <paramref name="holds"/>, and fails otherwise.</summary>
    public static Finding Demand(string check, bool holds, string good, string bad, string remedy) =>
        holds ? Pass(check, good) : Fail(check, bad, remedy);

    /// <summary>Passes where <paramref name="holds"/>, and warns otherwise.</summary>
    public static Finding Advise(string check, bool holds, string good, string bad, string remedy) =>
        holds ? Pass(check, good) : Warn(check, bad, remedy);
}
