namespace OAuthServer.Protocol;

/// <summary>The request a decision is made for.</summary>
public sealed record RequestContext
{
    /// <summary>The Request-Id header of the answer: finds the private reason of a refusal.</summary>
    public required string RequestId { get; init; }

    /// <summary>
    /// When it came, to the millisecond its id carries. It is the one time of all that the request decides and writes: its rows in
    /// the audit log are found by it.
    /// </summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>The peer's address; behind trusted proxies, the one they name. IPv6 as it came.</summary>
    public required string Address { get; init; }
}
