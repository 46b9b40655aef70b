using OAuthServer.Clients;
using OAuthServer.Protocol;

namespace OAuthServer.Authorization;

/// <summary>
/// An authorization request (OAuth 2.1 §4.1.1) whose client and redirect URI hold. When something else is wrong with it,
/// <see cref="Problem"/> says what, and only what a problem's answer needs is filled.
/// </summary>
public sealed record AuthorizationRequest
{
    public required Client Client { get; init; }

    /// <summary>Where the answer goes, exactly as it was asked for.</summary>
    public required string RedirectUri { get; init; }

    /// <summary>The client's own spelling of it: for a loopback address, without the port of the day (RFC 8252 §7.3).</summary>
    public required string RegisteredUri { get; init; }

    /// <summary>Percent-encoded as it came; null when it did not.</summary>
    public required string? State { get; init; }

    /// <summary>Values we know of prompt (OpenID Connect Core §3.1.2.1).</summary>
    public required IReadOnlyList<string> Prompt { get; init; }

    /// <summary>Whom the client expects; a suggestion, to be shown and never believed.</summary>
    public required string? LoginHint { get; init; }

    /// <summary>OpenID Connect Core §3.1.2.1: the languages the client would like our pages to speak, or null.</summary>
    public required string? UiLocales { get; init; }

    /// <summary>Seconds since the last sign-in that are still good enough; null for any.</summary>
    public int? MaxAge { get; init; }

    /// <summary>RFC 7636 §4.3, S256.</summary>
    public string CodeChallenge { get; init; } = "";

    /// <summary>What may be granted, offline_access included when the client may have refresh tokens.</summary>
    public string[] Scope { get; init; } = [];

    /// <summary>Whether the client requested offline_access by name.</summary>
    public bool OfflineRequested { get; init; }

    /// <summary>RFC 8707, in their registered spelling; never empty.</summary>
    public string[] Resources { get; init; } = [];

    /// <summary>What is wrong with it, or null.</summary>
    public OAuthError? Problem { get; init; }

    /// <summary>Set once it is stored and waits for a person.</summary>
    public PendingRequest? PendingRequest { get; init; }

    /// <summary>prompt=none: nobody may be asked anything.</summary>
    public bool IsSilent => Prompt.Contains("none");

    /// <summary>Nobody else can be shown to own such an address: a loopback port or a private-use scheme (RFC 8252 §8.6).</summary>
    public bool LandsOnThisComputer =>
        !Uri.TryCreate(RedirectUri, UriKind.Absolute, out var uri) || uri.Scheme is not ("http" or "https") || uri.IsLoopback;
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
}
