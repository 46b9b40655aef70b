namespace OAuthServer.Protocol;

/// <summary>What devices are told when they poll (RFC 8628 §3.5). All 400: a device that is told to wait is in no trouble.</summary>
public static class DeviceErrors
{
    /// <summary>The code of what waits for a person: no refusal, and in no log.</summary>
    internal const string Pending = "authorization_pending";

    /// <summary>The code of what comes too often.</summary>
    internal const string TooOften = "slow_down";

    private const string Rule = "RFC 8628 §3.5";

    /// <summary>Nobody has decided yet.</summary>
    public static OAuthError AuthorizationPending() =>
        new()
        {
            Code = "authorization_pending",
            Description = "Nobody has entered the code and decided yet",
            Rule = Rule,
            Reason = "the device's request waits for a person"
        };

    /// <summary>A poll came too early.</summary>
    /// <param name="seconds">Least seconds between two polls from now on.</param>
    public static OAuthError SlowDown(int seconds) =>
        new()
        {
            Code = "slow_down",
            Description = "Poll less often",
            Rule = Rule,
            Reason = "the device polled before its interval was over, which is 5 seconds longer now, 60 at most",
            Expected = $"a poll {seconds} s after the last one that was in time",
            Got = "an earlier poll"
        };

    /// <summary>A person said no.</summary>
    public static OAuthError Denied() => OAuthError.AccessDenied("the person pressed Deny") with { Rule = Rule };

    /// <summary>Nobody decided in time, or the device did not poll in time.</summary>
    public static OAuthError Expired(DateTimeOffset end, DateTimeOffset now) =>
        new()
        {
            Code = "expired_token",
            Description = "The device code has expired",
            Rule = Rule,
            Reason = "the device code has expired",
            Expected = $"polled before {end:u}",
            Got = $"{now:u}"
        };
}
