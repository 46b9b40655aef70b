using OAuthServer.Stores.UsedProofs;

namespace OAuthServer.Stores.Grants;

/// <summary>One attempt to exchange a token (RFC 8693 §2.1): what was presented, who acts, what it would get.</summary>
public sealed record Exchange
{
    public required ExchangeRuleRow Rule { get; init; }

    /// <summary>jti of the token that was presented.</summary>
    public required string SubjectJti { get; init; }

    /// <summary>Whom it is about: a person's subject, or a machine's client id.</summary>
    public required string Subject { get; init; }

    /// <summary>The client it was issued to, and when.</summary>
    public required string Holder { get; init; }
    public required DateTimeOffset HeldSince { get; init; }

    /// <summary>Null: a machine's own access.</summary>
    public required Guid? Grant { get; init; }

    /// <summary>The delegations it stands on, the first step first.</summary>
    public required IReadOnlyList<Guid> Via { get; init; }

    /// <summary>The delegation the new token would stand on, too; made by this attempt if there is none.</summary>
    public required Guid Edge { get; init; }

    /// <summary>Whether that one is believed to be there.</summary>
    public required bool IsKnown { get; init; }
    public required TokenFacts Token { get; init; }

    /// <summary>What the request proves once: an assertion is spent in any case, the proof of a key where the rows allow it.</summary>
    public required Proofs Proofs { get; init; }

    /// <summary>What the audit log says of the client's assertion.</summary>
    public required string Note { get; init; }
    public required DateTimeOffset Now { get; init; }
    public required string RequestId { get; init; }
    public required string Address { get; init; }
}

/// <summary>What the rows said, and what was done.</summary>
public sealed record ExchangedToken
{
    /// <summary>This attempt won: the delegation is on record, and the audit row written.</summary>
    public required bool Exchanged { get; init; }
    /// <summary>Neither revoked, nor was its client disabled.</summary>
    public required bool TokenLives { get; init; }
    public required bool GrantLives { get; init; }

    /// <summary>No delegation it stands on has ended.</summary>
    public required bool ChainLives { get; init; }

    /// <summary>The person is enabled, or the machine.</summary>
    public required bool SubjectLives { get; init; }

    /// <summary>The rule is as it was read.</summary>
    public required bool RuleHolds { get; init; }

    /// <summary>What was allowed at the target; null: nothing.</summary>
    public required string[]? Allowed { get; init; }

    /// <summary>The delegation that is on record for this step; null: none that lives or was cut.</summary>
    public required Guid? Known { get; init; }

    /// <summary>Whether that one was cut.</summary>
    public required bool IsCut { get; init; }

    /// <summary>Nothing but the delegation's own row speaks against it: the proof of a key is spent.</summary>
    public required bool Decidable { get; init; }

    /// <summary>Which proof was used before.</summary>
    public required UsedBefore UsedBefore { get; init; }

    /// <summary>Whether the statement did nothing at all, because <see cref="Exchange.Edge"/> ended while it ran.</summary>
    public bool IsBehind { get; init; }
}
