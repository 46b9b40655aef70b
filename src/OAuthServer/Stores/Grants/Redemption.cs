using OAuthServer.Stores.UsedProofs;

namespace OAuthServer.Stores.Grants;

/// <summary>One attempt to redeem a code.</summary>
public sealed record Redemption
{
    /// <summary>The kinds of grant that begin with a code.</summary>
    public const string Code = "code", DeviceCode = "device";

    /// <summary>The kind of grant it is a code of: an authorization code is no device code, nor the other way round.</summary>
    public required string Kind { get; init; }
    public required PresentedGrant Grant { get; init; }
    public required byte[] Hash { get; init; }
    public required string ClientId { get; init; }

    /// <summary>Null when the client did not repeat it.</summary>
    public required string? RedirectUri { get; init; }

    /// <summary>S256 of the verifier that came; null: a device code has none.</summary>
    public required string? Challenge { get; init; }

    /// <summary>The access token it would bring; null: none can be issued, and the code is not spent.</summary>
    public required TokenFacts? Token { get; init; }

    /// <summary>Hash of the refresh token to store; null when this client gets none.</summary>
    public required byte[]? RefreshHash { get; init; }
    public required byte[]? FamilyHash { get; init; }
    public required DateTimeOffset RefreshIdleUntil { get; init; }

    /// <summary>What works once and goes with the code; a proof used before leaves the code as it is.</summary>
    public Proofs Proofs { get; init; } = Proofs.None;

    /// <summary>How the client proved itself, as far as every refresh must do the same: private_key_jwt. Null: otherwise.</summary>
    public string? ProvenBy { get; init; }

    /// <summary>The key that was shown (RFC 9449 §6.1); null: none. One that the grant is bound to already must be this one.</summary>
    public string? Jkt { get; init; }

    /// <summary>What the audit row says beside scope and resource: a blank and words; empty: nothing.</summary>
    public string Note { get; init; } = "";
    public required DateTimeOffset Now { get; init; }
    public required string RequestId { get; init; }
    public required string Address { get; init; }
}

/// <summary>The code as it stood when the statement held its lock, and what was done.</summary>
public sealed record RedeemedCode
{
    public string ClientId { get; init; } = "";
    public string Kind { get; init; } = "";
    public string? RedirectUri { get; init; }
    public bool ChallengeFits { get; init; }

    /// <summary>False: too many wrong verifiers have ended the code.</summary>
    public bool VerifiersLeft { get; init; }
    /// <summary>False: the grant is bound to another key than the one shown, or none was.</summary>
    public bool KeyFits { get; init; }
    public DateTimeOffset CodeExpiresAt { get; init; }
    public DateTimeOffset ExpiresAt { get; init; }
    public string? EndedReason { get; init; }
    public bool WasRedeemed { get; init; }

    /// <summary>This attempt won: the code is spent, the refresh token stored, the audit row written.</summary>
    public required bool Redeemed { get; init; }

    /// <summary>This attempt was a valid replay: the grant is ended and the audit row written.</summary>
    public required bool Replayed { get; init; }

    /// <summary>The proof that was used before; the code is as it was.</summary>
    public UsedBefore UsedBefore { get; init; }
}
