using OAuthServer.Stores.Grants;

namespace OAuthServer.Authorization;

/// <summary>What a person allows, and how they said so.</summary>
public sealed record Allowance
{
    public required PostedDecision Decision { get; init; }

    /// <summary>What the person left ticked: a part of the request's scope.</summary>
    public required IReadOnlyCollection<string> Scope { get; init; }

    /// <summary>What agents may do with it elsewhere: a part of what was offered.</summary>
    public required IReadOnlyCollection<OnwardRule> Onward { get; init; }

    /// <summary>For how long.</summary>
    public required GrantDuration GrantDuration { get; init; }

    /// <summary>What was allowed last time, and is now asked about again; null: never asked before.</summary>
    public required RememberedConsent? Remembered { get; init; }
}
