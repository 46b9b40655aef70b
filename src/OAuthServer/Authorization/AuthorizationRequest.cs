using OAuthServer.Clients;
using OAuthServer.Protocol;
using OAuthServer.Stores.Users;

namespace OAuthServer.Authorization;

/// <summary>
/// What is requested (OAuth 2.1 §4.1.1): by which client, for which scope and resources, of which person; and, apart from it, how it
/// is answered. Client and <see cref="Delivery"/> hold. When something else is wrong, <see cref="Problem"/> says what, and only what
/// a problem's answer needs is filled.
/// </summary>
public sealed record AuthorizationRequest
{
    public required Client Client { get; init; }

    /// <summary>How it is answered.</summary>
    public required Delivery Delivery { get; init; }

    /// <summary>Values we know of prompt (OpenID Connect Core §3.1.2.1).</summary>
    public required IReadOnlyList<string> Prompt { get; init; }

    /// <summary>Whom the client expects; a suggestion, to be shown and never believed.</summary>
    public required string? LoginHint { get; init; }

    /// <summary>The person the client's id_token_hint is about: nobody else gets a code; null: anybody.</summary>
    public Guid? ExpectedSubject { get; init; }

    /// <summary>OpenID Connect Core §3.1.2.1: the languages the client prefers for our pages, or null.</summary>
    public required string? UiLocales { get; init; }

    /// <summary>Seconds since the last sign-in that are still good enough; null for any.</summary>
    public int? MaxAge { get; init; }

    /// <summary>OpenID Connect Core §3.1.2.1: whether acr_values prefers two factors to one.</summary>
    public bool WantsSecondFactor { get; init; }

    /// <summary>What may be granted, offline_access included when the client may have refresh tokens.</summary>
    public string[] Scope { get; init; } = [];

    /// <summary>Whether the client requested offline_access by name.</summary>
    public bool OfflineRequested { get; init; }

    /// <summary>OpenID Connect Core §3.1.2.1: comes back in the id_token as it came; null when it did not.</summary>
    public string? Nonce { get; init; }

    /// <summary>RFC 9449 §10: the key that the code, and all that comes of it, is bound to; null: that of the redemption.</summary>
    public string? Jkt { get; init; }

    /// <summary>Whether it named a resource.</summary>
    public bool ResourceNamed { get; init; }

    /// <summary>What APIs would be told of the person: the resource, a blank, the claim.</summary>
    public string[] Disclosed { get; init; } = [];

    /// <summary>Agents that would act elsewhere with what is allowed (RFC 8693).</summary>
    public IReadOnlyList<OnwardOffer> Onward { get; init; } = [];

    /// <summary>What the person reads that is neither scope nor resource: what APIs are told, and who else acts.</summary>
    public IEnumerable<string> Shown => Disclosed.Concat(Onward.Select(offer => offer.Rule.Line));

    /// <summary>RFC 8707, in their registered spelling; never empty.</summary>
    public string[] Resources { get; init; } = [];

    /// <summary>Whether it came by a browser although its client has to push it.</summary>
    public bool MustBePushed { get; init; }

    /// <summary>Under what it was pushed (<see cref="PushedRequests"/>), until it is stored for a browser; else null.</summary>
    public byte[]? PushedUnder { get; init; }

    /// <summary>What is wrong with it, or null.</summary>
    public OAuthError? Problem { get; init; }

    /// <summary>Set once it is stored and waits for a person.</summary>
    public PendingRequest? PendingRequest { get; init; }

    /// <summary>Whether an id_token is requested.</summary>
    public bool HasOpenId => Scope.Contains(Protocol.Scope.OpenId);

    /// <summary>Whether this is the person the client means, or may be.</summary>
    public bool Expects(SessionRow session) => ExpectedSubject is null || ExpectedSubject == session.Subject;

    /// <summary>prompt=none: no page may be shown.</summary>
    public bool IsSilent => Prompt.Contains("none");
}

/// <summary>The name under which a stored request is found again, by the one browser that began it.</summary>
public sealed record PendingRequest
{
    /// <summary>256 random bits; in URLs and forms, worth nothing without the browser's cookie.</summary>
    public required string Id { get; init; }

    /// <summary>SHA-256 of the browser's cookie.</summary>
    public required byte[] Browser { get; init; }

    /// <summary>A sign-in from then on answers prompt=login and max_age.</summary>
    public required DateTimeOffset StoredAt { get; init; }

    /// <summary>Where the app's privacy policy is, as it stated itself; null: it stated nothing.</summary>
    public string? PolicyUri { get; init; }

    /// <summary>Where its terms are, as it stated itself; null: it stated nothing.</summary>
    public string? TosUri { get; init; }
}
