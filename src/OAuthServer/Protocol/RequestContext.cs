namespace OAuthServer.Protocol;

/// <summary>What every decision wants to know about the request it is made for.</summary>
public sealed record RequestContext
{
    /// <summary>The Request-Id header of the answer: finds the private reason of a refusal.</summary>
    public required string RequestId { get; init; }

    /// <summary>The peer's address; behind trusted proxies, the one they name. IPv6 as it came.</summary>
    public required string Address { get; init; }
}
