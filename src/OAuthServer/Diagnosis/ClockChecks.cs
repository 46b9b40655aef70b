namespace OAuthServer.Diagnosis;

/// <summary>The server's clock by its Date header (RFC 9110 §6.6.1), which has seconds and no fractions.</summary>
internal static class ClockChecks
{
    private static readonly TimeSpan Little = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Much = TimeSpan.FromSeconds(60);

    public static Finding Run(RemoteAnswer answer)
    {
        const string Check = "clock.date";
        if (answer.Headers?.Date is not { } date)
            return Finding.Skipped(Check, "the server sends no Date, so its clock cannot be seen", "Send a Date header (RFC 9110 §6.6.1)");
        var ahead = date.AddSeconds(0.5) - answer.At;
        var seen = $"{ahead.Duration().TotalSeconds:0} s {(ahead > TimeSpan.Zero ? "ahead of" : "behind")} this computer's";
        const string Remedy = "Set both clocks by NTP (timedatectl status): tokens seem expired, or not valid yet";
        return ahead.Duration() > Much ? Finding.Fail(Check, $"the server's clock is {seen}", Remedy)
            : Finding.Advise(Check, ahead.Duration() <= Little, "the clocks agree", $"the server's clock is {seen}", Remedy);
    }
}
