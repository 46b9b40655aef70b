using System.Text;
using OAuthServer.Grants;
using OAuthServer.Limits;
using OAuthServer.Protocol;
using OAuthServer.Stores.Federation;

namespace OAuthServer.Federation;

/// <summary>Why somebody is sent to a provider.</summary>
public enum FederationPurpose
{
    SignIn,

    /// <summary>To link the identity there to who is signed in here.</summary>
    Link,

    /// <summary>To prove that it is still the person who is signed in.</summary>
    Reauth,
}

/// <summary>Somebody about to be sent to a provider.</summary>
public sealed record Departure
{
    /// <summary>SHA-256 of the browser's cookie.</summary>
    public required byte[] Browser { get; init; }

    /// <summary>SHA-256 of the session's id; null: nobody is signed in.</summary>
    public required byte[]? Session { get; init; }
    public required FederationPurpose Purpose { get; init; }

    /// <summary>The id of the authorization request that waits; null: none.</summary>
    public string? PendingRequest { get; init; }

    /// <summary>The key of the page of ours that waits; null: none.</summary>
    public string? Page { get; init; }

    /// <summary>SHA-256 of the link of an invitation that this browser opened; null: none.</summary>
    public byte[]? Invitation { get; init; }

    /// <summary>Whether the provider is to ask for the password again.</summary>
    public bool Anew { get; init; }

    /// <summary>Whether this server asks in its place afterwards, so that the provider is not told to.</summary>
    public bool AsksHere { get; init; }

    /// <summary>How many seconds ago they may have signed in there; null: it does not matter.</summary>
    public int? MaxAge { get; init; }

    /// <summary>Whether they are to choose among their accounts there.</summary>
    public bool Choose { get; init; }
    public string? LoginHint { get; init; }
    public string? UiLocales { get; init; }
}

/// <summary>Somebody who has come back, in the browser that was sent and in time. It cannot be done twice.</summary>
public sealed record Return
{
    public required FederationPurpose Purpose { get; init; }
    public required byte[]? Session { get; init; }
    public required string Nonce { get; init; }
    public required string Verifier { get; init; }
    public required string? PendingRequest { get; init; }
    public required string? Page { get; init; }
    public required DateTimeOffset? AuthAfter { get; init; }
    public required byte[]? Invitation { get; init; }
}

/// <summary>
/// The way to a provider and back: state, nonce and PKCE of their own for each, tied to the browser. The database holds hashes, and what
/// only the state opens.
/// </summary>
public sealed class FederationRequests(FederationRequestStore store, Settings settings, TimeProvider time) : IDisposable
{
    private static readonly TimeSpan Life = TimeSpan.FromMinutes(10);

    private static readonly (FederationPurpose Purpose, string Name)[] Purposes =
        [(FederationPurpose.SignIn, "sign-in"), (FederationPurpose.Link, "link"), (FederationPurpose.Reauth, "reauth")];

    private readonly AddressLimit starts = new(settings.FederationStartsPerMinute, "company sign-ins");
    private readonly AddressLimit returns = new(settings.FederationReturnsPerMinute, "returns from companies");

    /// <summary>The purpose a form names; null: none.</summary>
    public static FederationPurpose? PurposeOf(string name) =>
        Purposes.Where(one => one.Name == name).Select(one => (FederationPurpose?)one.Purpose).FirstOrDefault();

    /// <summary>What forms and the database call it.</summary>
    public static string NameOf(FederationPurpose purpose) => Array.Find(Purposes, one => one.Purpose == purpose).Name;

    /// <summary>Where a provider sends people back to: its own, so that no other's answer ends there (RFC 9700 §4.4.2).</summary>
    public static string RedirectUri(Settings settings, string provider) =>
        $"{settings.Issuer}{Paths.Federation}/{provider}{Paths.FederationCallback}";

    /// <summary>The refusal of one who comes back too often, or null.</summary>
    public OAuthError? ReturnRefusal(string address) => returns.Refusal(address);

    /// <summary>Keeps the way back; where to send the browser.</summary>
    public async Task<Result<string>> BeginAsync(Upstream upstream, Departure departure, string address)
    {
        if (starts.Refusal(address) is { } tooMany) return tooMany;
        var (now, row) = (time.GetUtcNow(), upstream.Provider.Row);
        var (state, nonce, verifier) = (OpaqueToken.Mint(), OpaqueToken.Mint(), OpaqueToken.Mint());
        var maxAge = departure.Anew ? 0 : departure.MaxAge;
        await store.AddAsync(new NewFederationRequest
        {
            StateHash = OpaqueToken.Hash(state),
            BrowserHash = departure.Browser,
            SessionHash = departure.Session,
            Provider = row.Id,
            Purpose = NameOf(departure.Purpose),
            Nonce = nonce,
            Sealed = OpaqueToken.Seal(state, $"{verifier} {departure.PendingRequest}"),
            Page = departure.Page,
            AuthAfter = maxAge is { } seconds ? now.AddSeconds(-seconds) : null,
            Invitation = departure.Invitation,
            CreatedAt = now,
            ExpiresAt = now + Life,
        });

        var query = new StringBuilder();
        Add("response_type", "code");
        Add("client_id", row.ClientId);
        Add("redirect_uri", RedirectUri(settings, row.Id));
        Add("scope", Scope.Join(row.Scopes));
        Add("state", state);
        Add("nonce", nonce);
        Add("code_challenge", Pkce.Challenge(verifier));
        Add("code_challenge_method", "S256");
        Add("prompt", departure is { Anew: true, AsksHere: false } ? "login" : departure.Choose ? "select_account" : null);
        Add("max_age", departure.AsksHere ? null : maxAge?.ToString(System.Globalization.CultureInfo.InvariantCulture));
        Add("login_hint", departure.LoginHint);
        Add("ui_locales", departure.UiLocales);
        foreach (var (name, value) in upstream.Provider.ExtraParams) Add(name, value);
        return Protocol.RedirectUri.With(upstream.Metadata.AuthorizationEndpoint.AbsoluteUri, query.ToString());

        void Add(string name, string? value)
        {
            if (value is { Length: > 0 }) query.Append(query.Length > 0 ? "&"
                : "").Append(name).Append('=').Append(Uri.EscapeDataString(value));
        }
    }

    /// <summary>Spends the way back, at once; null: none of this browser and provider, spent, or too late. Nothing is spent then.</summary>
    public async Task<Return?> SpendAsync(string? state, byte[]? browser, string provider)
    {
        if (state is null || browser is null
            || await store.SpendAsync(OpaqueToken.Hash(state), browser, provider, time.GetUtcNow()) is not { } row
            || OpaqueToken.TryUnseal(state, row.Sealed)?.Split(' ') is not [var verifier, var pending]) return null;
        return new Return
        {
            Purpose = PurposeOf(row.Purpose)!.Value,
            Session = row.SessionHash,
            Nonce = row.Nonce,
            Verifier = verifier,
            PendingRequest = pending.Length > 0 ? pending : null,
            Page = row.Page,
            AuthAfter = row.AuthAfter,
            Invitation = row.Invitation,
        };
    }

    public void Dispose()
    {
        starts.Dispose();
        returns.Dispose();
    }
}
