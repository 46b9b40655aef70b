using OAuthServer.Protocol;
using OAuthServer.Stores.Grants;

namespace OAuthServer.Authorization;

/// <summary>
/// How an authorization request is answered, apart from what it requests. By a redirect, or by the poll of a device
/// (RFC 8628), with the same checks of what is requested and the same consent page.
/// </summary>
public abstract record Delivery
{
    private Delivery()
    {
    }

    /// <summary>The URL a browser is sent back to (OAuth 2.1 §4.1.2, RFC 9207), with a code that a PKCE verifier redeems.</summary>
    public sealed record Redirect : Delivery
    {
        /// <summary>Exactly as it was requested.</summary>
        public required string Uri { get; init; }

        /// <summary>The client's own spelling of it: for a loopback address, without the port of the day (RFC 8252 §7.3).</summary>
        public required string RegisteredUri { get; init; }

        /// <summary>Percent-encoded as it came; null when it did not.</summary>
        public required string? State { get; init; }

        /// <summary>Whether the browser posts the answer (OAuth 2.0 Form Post Response Mode §2); else it stands in the query.</summary>
        public bool IsPosted { get; init; }

        /// <summary>What the app calls itself.</summary>
        public string App { get; init; } = "";

        /// <summary>RFC 7636 §4.3, S256. Empty only where a problem is answered.</summary>
        public string CodeChallenge { get; init; } = "";

        public override string Name => RegisteredUri;

        public override string Host => RedirectUri.Host(Uri);

        public override bool LandsOnThisComputer =>
            !System.Uri.TryCreate(Uri, UriKind.Absolute, out var uri) || uri.Scheme is not ("http" or "https") || uri.IsLoopback;

        /// <summary>Whether a form may be posted there: only https and this computer keep it from others (RFC 9700 §2.6).</summary>
        public bool MayBePosted => System.Uri.TryCreate(Uri, UriKind.Absolute, out var uri)
            && (uri.Scheme == "https" || (uri.Scheme == "http" && uri.IsLoopback));

        /// <summary>The code, state if it came, and iss, each once.</summary>
        public ClientAnswer Code(string code, string issuer) => Answer("code=" + code, issuer);

        public override ClientAnswer Error(OAuthError error, string issuer) =>
            Answer($"error={error.Code}&error_description={System.Uri.EscapeDataString(error.Description)}", issuer);

        private ClientAnswer Answer(string outcome, string issuer) => new()
        {
            Uri = Uri,
            Parameters = $"{outcome}{(State is { } encoded ? "&state=" + encoded : "")}&iss={System.Uri.EscapeDataString(issuer)}",
            IsPosted = IsPosted,
            App = App,
        };
    }

    /// <summary>
    /// The device polls for its answer (RFC 8628 §3.4); the browser only reads that it may be closed. Always asked and never remembered
    /// (§5.4): whoever sent the code along would otherwise be let in.
    /// </summary>
    public sealed record Device : Delivery
    {
        /// <summary>What the page at the end reads of the answer.</summary>
        public const string Outcome = "outcome", Allowed = "allowed", Denied = "denied";

        /// <summary>Of the device's request.</summary>
        public required Guid Id { get; init; }

        /// <summary>When it was asked.</summary>
        public required DateTimeOffset RequestedAt { get; init; }

        /// <summary>From where it was asked.</summary>
        public required string Address { get; init; }

        public override string Name => "device";

        public override string Host => "";

        public override bool LandsOnThisComputer => false;

        public override bool MayBeRemembered => false;

        public static Device Of(DeviceRequestRow row) => new() { Id = row.Id, RequestedAt = row.CreatedAt, Address = row.Address };

        /// <summary>To the page that says so.</summary>
        public static ClientAnswer Allow(string issuer) => Done(Allowed, issuer);

        public override ClientAnswer Error(OAuthError error, string issuer) => Done(Denied, issuer);

        private static ClientAnswer Done(string outcome, string issuer) =>
            new() { Uri = issuer + Paths.DeviceDone, Parameters = $"{Outcome}={outcome}", IsPosted = false, App = "" };
    }

    /// <summary>Under what a consent for it is remembered.</summary>
    public abstract string Name { get; }

    /// <summary>What a person reads about where the answer goes.</summary>
    public abstract string Host { get; }

    /// <summary>Nobody else can be shown to own such an address: a loopback port or a private-use scheme (RFC 8252 §8.6).</summary>
    public abstract bool LandsOnThisComputer { get; }

    /// <summary>Whether somebody who allowed the same before need not be asked again.</summary>
    public virtual bool MayBeRemembered => !LandsOnThisComputer;

    /// <summary>What the client is told of a refusal.</summary>
    public abstract ClientAnswer Error(OAuthError error, string issuer);
}
