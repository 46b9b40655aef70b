using OAuthServer.Stores.UsedProofs;

namespace OAuthServer.Stores.Grants;

/// <summary>One attempt to exchange a refresh token.</summary>
public sealed record Rotation
{
    public required PresentedGrant Grant { get; init; }
    public required byte[] Hash { get; init; }

    /// <summary>Hash of the presented family; null: issued before there were families, and known by old_tokens.</summary>
    public required byte[]? FamilyHash { get; init; }

    /// <summary>The presented generation; null as above.</summary>
    public required int? Generation { get; init; }
    public required string ClientId { get; init; }

    /// <summary>The access token it would bring; null: none can be issued, and nothing is exchanged.</summary>
    public required TokenFacts? Token { get; init; }
    public required byte[] SuccessorHash { get; init; }

    /// <summary>Hash of the successor's family; the presented one, if that has any.</summary>
    public required byte[] SuccessorFamilyHash { get; init; }

    /// <summary>The successor, readable only with the token that is presented.</summary>
    public required byte[] SuccessorSealed { get; init; }
    public required DateTimeOffset IdleUntil { get; init; }

    /// <summary>A token first used after this may be retried; null: no retry window.</summary>
    public required DateTimeOffset? RetrySince { get; init; }

    /// <summary>Whether a replay ends the grant: always for public clients.</summary>
    public required bool ReplayEndsGrant { get; init; }

    /// <summary>What works once and goes with the token; a proof used before leaves the token as it is.</summary>
    public Proofs Proofs { get; init; } = Proofs.None;

    /// <summary>How the client proved itself, as in <see cref="Redemption.ProvenBy"/>.</summary>
    public string? ProvenBy { get; init; }

    /// <summary>The key that was shown; null: none.</summary>
    public string? Jkt { get; init; }

    /// <summary>Whether that must be the key of the redemption: of a public client (RFC 9449 §5).</summary>
    public bool KeyStays { get; init; } = true;

    /// <summary>What the audit row says beside scope and resource: a blank and words; empty: nothing.</summary>
    public string Note { get; init; } = "";
    public required DateTimeOffset Now { get; init; }
    public required string RequestId { get; init; }
    public required string Address { get; init; }
}

/// <summary>The grant as it stood when the statement held its lock, and what was done.</summary>
public sealed record RotatedToken
{
    public string ClientId { get; init; } = "";
    public DateTimeOffset? IdleUntil { get; init; }
    public DateTimeOffset ExpiresAt { get; init; }
    public byte[]? SuccessorSealed { get; init; }
    public string? EndedReason { get; init; }

    /// <summary>Of the newest token, the one just made included.</summary>
    public required int Generation { get; init; }

    /// <summary>False: redeemed with a proof by key, which this attempt lacks (row 44).</summary>
    public bool ProofFits { get; init; } = true;

    /// <summary>False: bound to another key than the one shown, or none was.</summary>
    public bool KeyFits { get; init; } = true;

    /// <summary>It was the newest token.</summary>
    public bool Live { get; init; }

    /// <summary>It was the token before the newest, and inside the retry window.</summary>
    public bool Again { get; init; }

    /// <summary>This attempt won: the successor is stored, the audit row written.</summary>
    public bool Rotated { get; init; }

    /// <summary>Inside the retry window, successor unused: the same successor may be handed out again. Audited.</summary>
    public bool Retried { get; init; }

    /// <summary>A superseded token came back. Audited; the grant is ended where the rotation asked for it.</summary>
    public bool Replayed { get; init; }

    /// <summary>The proof that was used before; the token is as it was.</summary>
    public UsedBefore UsedBefore { get; init; }
}
