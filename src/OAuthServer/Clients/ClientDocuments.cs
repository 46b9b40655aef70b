using OAuthServer.Audit;
using OAuthServer.Fetch;
using OAuthServer.Limits;
using OAuthServer.Protocol;
using OAuthServer.Stores.Audit;
using OAuthServer.Stores.Clients;

namespace OAuthServer.Clients;

/// <summary>
/// Clients that are known by the URL of a document about them (OAuth client id metadata document). The last good one is a row of
/// clients; /authorize refreshes it when stale, everything else uses the row. An operator's row under the same id wins.
/// </summary>
public sealed class ClientDocuments(
    ClientDirectory clients, ClientDocumentStore store, Fetcher fetcher, AuditLog audit, Capabilities capabilities,
    Settings settings, TimeProvider time) : IDisposable
{
    /// <summary>Bounds on what HTTP caching headers say.</summary>
    public static readonly TimeSpan LeastFresh = TimeSpan.FromMinutes(5), MostFresh = TimeSpan.FromHours(24);

    /// <summary>How long a document that cannot be refreshed still serves /authorize.</summary>
    public static readonly TimeSpan StaleIfError = TimeSpan.FromHours(24);

    private readonly SingleFlight<Result<Client>> flights = new();
    private readonly NewClientLimit newClients = new(settings, "new client id documents");

    /// <summary>
    /// The client of an authorization request: from the database, or from its document when there is none or it is stale.
    /// Refusals are for a page, never for a redirect; those of a document name its host and nothing else.
    /// </summary>
    /// <param name="address">Who asks: so many documents that nobody has presented before are fetched for one address, and in all.</param>
    public async Task<Result<Client>> ResolveAsync(string id, string address, CancellationToken cancel)
    {
        if (id.Any(character => character is <= ' ' or > '~')) return Unknown("characters no client id has");
        var known = await clients.FindAsync(id, cancel);
        if (known is { Row.Origin: not "document" }) return known;
        if (!settings.ClientDocuments || !ClientDocumentUrl.IsUrl(id)) return Unknown(Named(id));
        if (ClientDocumentUrl.Problem(id) is { } problem) return problem;

        if (known is not null && Serves(known, await store.FindAsync(id, cancel), time.GetUtcNow())) return known;
        return await flights.JoinAsync(id, async () => known is null && newClients.Refusal(address) is { } tooMany ? tooMany
            : await RefreshAsync(id), cancel);
    }

    public void Dispose() => newClients.Dispose();

    // A row that an operator has disabled is not fetched again either: the checks that follow refuse it.
    private static bool Serves(Client known, ClientDocumentRow? stored, DateTimeOffset now) =>
        known.IsVouchedFor || (stored is not { GoneAt: not null } && (!known.Row.Enabled || stored?.FreshUntil > now));

    // Looks again first: the flight before may have landed between our look and our start.
    private async Task<Result<Client>> RefreshAsync(string id)
    {
        var now = time.GetUtcNow();
        var known = await clients.ReadAsync(id, CancellationToken.None);
        var stored = known is null ? null : await store.FindAsync(id, CancellationToken.None);
        if (known is not null && Serves(known, stored, now)) return known;

        if ((await fetcher.FetchAsync(new Uri(id), known is null ? null : stored?.FetchedAt ?? now)).Refused(out var error, out var fetched))
            return await FallBackAsync(error, id, known, stored, now);
        if (fetched.IsGone) return await GoneAsync(id, known, now);
        if (ClientDocument.Read(id, fetched.Body, capabilities, settings).Refused(out error, out var document))
            return await FallBackAsync(error, id, known, stored, now);

        var fresh = fetched.FreshFor ?? LeastFresh;
        var freshUntil = now + (fresh < LeastFresh ? LeastFresh : fresh > MostFresh ? MostFresh : fresh);
        if (stored is not { GoneAt: null } || !await store.StillAsync(id, document.BodyHash, now, freshUntil))
            await store.MaintainAsync(new NewClientDocument
            {
                ClientId = id,
                Name = document.Name,
                RedirectUris = document.RedirectUris,
                GrantTypes = document.GrantTypes,
                DpopRequired = document.DpopRequired,
                TosUri = document.TosUri,
                PolicyUri = document.PolicyUri,
                OpenId = document.OpenId,
                AuthMethod = document.AuthMethod,
                Keys = document.Keys,
                PublicToo = document.PublicToo,
                ParRequired = document.ParRequired,
                BodyHash = document.BodyHash,
                TrustHash = document.TrustHash,
                FreshUntil = freshUntil,
            }, now);
        return await clients.ReadAsync(id, CancellationToken.None) is { } client ? client : Unknown(Named(id));
    }

    // A failure is nobody's word: the last good document serves on, for a while.
    private async Task<Result<Client>> FallBackAsync(
        OAuthError error, string id, Client? known, ClientDocumentRow? stored, DateTimeOffset now)
    {
        error = Shown(error, id);
        if (known is null || stored is not { GoneAt: null } || stored.FreshUntil + StaleIfError <= now) return error;
        if (error.Audited) await audit.WriteAsync(new AuditRow
        {
            At = now,
            RequestId = $"document-{Guid.CreateVersion7(now):N}",
            Event = AuditEvents.ClientDocument,
            Outcome = "refused",
            ClientId = id,
            Error = error.Code,
            Rule = error.Rule,
            Reason = error.Reason,
            Expected = error.Expected,
            Got = error.Got,
            Detail = $"the document of {stored.FetchedAt:u} still serves",
        });
        return known;
    }

    // 404 and 410 are the owner's word: the client has ended.
    private async Task<OAuthError> GoneAsync(string id, Client? known, DateTimeOffset now)
    {
        if (known is not null) await store.EndAsync(id, now);
        return Shown(OAuthError.InvalidClient("client id document: gone", "CIMD §5", "200", "404 or 410"), id);
    }

    // One sentence for every cause: whether a port answers, and how, is nobody's business.
    private static OAuthError Shown(OAuthError error, string id) =>
        error.Status is 429 or 503 ? error
        : error with
        {
            Code = "invalid_client",
            Status = 400,
            Description = $"The document that describes this app at {ClientDocumentUrl.Host(id)} could not be used"
        };

    // The URL of a document is no secret, and its owner has to find what is wrong with it.
    private static string Named(string id) => id.StartsWith("https://", StringComparison.Ordinal) ? id : Presented.Unknown(id);

    private static OAuthError Unknown(string got) =>
        OAuthError.InvalidClient("unknown client", "OAuth 2.1 §4.1.2.1", "a registered client", got)
            with
        { Status = 400, Description = "This app is not registered here" };
}
