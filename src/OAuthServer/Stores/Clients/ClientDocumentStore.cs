using OAuthServer.Protocol;
using OAuthServer.Stores.Postgres;

namespace OAuthServer.Stores.Clients;

/// <summary>A row of client_documents: when a document was fetched and how long it is fresh.</summary>
public sealed record ClientDocumentRow
{
    public required string ClientId { get; init; }
    public required DateTimeOffset FetchedAt { get; init; }
    public required DateTimeOffset FreshUntil { get; init; }
    public required DateTimeOffset? GoneAt { get; init; }
}

/// <summary>A good document, about to become the client's row.</summary>
public sealed record NewClientDocument
{
    public required string ClientId { get; init; }
    public required string Name { get; init; }
    public required string[] RedirectUris { get; init; }
    public required string[] GrantTypes { get; init; }
    public required string? TosUri { get; init; }
    public required string? PolicyUri { get; init; }

    /// <summary>It gets tokens with a DPoP proof only (RFC 9449).</summary>
    public bool DpopRequired { get; init; }
    public required OpenIdSettings OpenId { get; init; }
    public string AuthMethod { get; init; } = Protocol.AuthMethod.NoneName;
    public KeySettings Keys { get; init; } = KeySettings.None;
    public bool PublicToo { get; init; }

    /// <summary>It pushes every authorization request (RFC 9126).</summary>
    public bool ParRequired { get; init; }
    public required byte[] BodyHash { get; init; }

    /// <summary>When it differs from the one before, what people allowed is to be asked again.</summary>
    public required byte[] TrustHash { get; init; }
    public required DateTimeOffset FreshUntil { get; init; }
}

/// <summary>client_documents: the last good document of each client that is known by a URL.</summary>
public sealed class ClientDocumentStore(Database database)
{
    public const string FindSql = "select client_id, fetched_at, fresh_until, gone_at from client_documents where client_id = @client";

    /// <summary>When it was fetched, or null when it never was.</summary>
    public Task<ClientDocumentRow?> FindAsync(string client, CancellationToken cancel) => database.FindAsync<ClientDocumentRow>(
        FindSql, new { client }, cancel);

    public const string StillSql = """
        update client_documents set fetched_at = @now, fresh_until = @fresh
         where client_id = @client and body_hash = @hash and gone_at is null and fetched_at <= @now
        """;

    /// <summary>Notes that the document is still the same. False: it is another one.</summary>
    public async Task<bool> StillAsync(string client, byte[] hash, DateTimeOffset now, DateTimeOffset fresh) =>
        await database.ExecuteAsync(StillSql, new { client, hash, now = now.UtcDateTime, fresh = fresh.UtcDateTime },
            CancellationToken.None) == 1;

    /// <summary>
    /// Makes or changes the client, wakes one that was gone, and forgets remembered consents when what they rested on has changed.
    /// An operator's row stays as it is, and a document fetched earlier never replaces one fetched later.
    /// </summary>
    public const string KeepSql = """
        with before as (
            select trust_hash, gone_at, fetched_at from client_documents where client_id = @ClientId for update
        ), kept as (
            insert into clients (client_id, kind, name, origin, redirect_uris, grant_types, auth_method, dpop_required,
                id_token_alg, default_max_age, post_logout_redirect_uris, backchannel_logout_uri, jwks, jwks_uri, assertion_alg, public_too,
                par_required)
            select @ClientId, 'user-facing', @Name, 'document', @RedirectUris, @GrantTypes, @AuthMethod, @DpopRequired,
                coalesce(@IdTokenAlg, 'RS256'), @DefaultMaxAge, @PostLogoutRedirectUris, @BackchannelLogoutUri,
                @Jwks::jsonb, @JwksUri, @Alg, @PublicToo, @ParRequired
             where not exists (select from before where fetched_at > @now)
            on conflict (client_id) do update
               set name = excluded.name, redirect_uris = excluded.redirect_uris, grant_types = excluded.grant_types,
                   auth_method = excluded.auth_method, dpop_required = excluded.dpop_required,
                   jwks = excluded.jwks, jwks_uri = excluded.jwks_uri,
                   assertion_alg = excluded.assertion_alg, public_too = excluded.public_too,
                   id_token_alg = excluded.id_token_alg, default_max_age = excluded.default_max_age,
                   par_required = excluded.par_required,
                   post_logout_redirect_uris = excluded.post_logout_redirect_uris,
                   backchannel_logout_uri = excluded.backchannel_logout_uri,
                   enabled = clients.enabled or exists (select from before where gone_at is not null)
             where clients.origin = 'document'
            returning client_id
        ), document as (
            insert into client_documents (client_id, fetched_at, fresh_until, body_hash, trust_hash, tos_uri, policy_uri)
            select client_id, @now, @FreshUntil, @BodyHash, @TrustHash, @TosUri, @PolicyUri from kept
            on conflict (client_id) do update
               set fetched_at = excluded.fetched_at, fresh_until = excluded.fresh_until, body_hash = excluded.body_hash,
                   trust_hash = excluded.trust_hash, tos_uri = excluded.tos_uri, policy_uri = excluded.policy_uri, gone_at = null
        ), forgotten as (
            delete from consents using kept
             where consents.client_id = kept.client_id and exists (select from before where trust_hash <> @TrustHash)
        )
        select exists (select from kept)
        """;

    /// <summary>True when the client's row now says what the document says.</summary>
    public Task<bool> MaintainAsync(NewClientDocument document, DateTimeOffset now) =>
        database.FindAsync<bool>(KeepSql, new
        {
            document.ClientId,
            document.Name,
            document.RedirectUris,
            document.GrantTypes,
            document.DpopRequired,
            document.TosUri,
            document.PolicyUri,
            document.OpenId.IdTokenAlg,
            document.OpenId.DefaultMaxAge,
            document.OpenId.PostLogoutRedirectUris,
            document.OpenId.BackchannelLogoutUri,
            document.AuthMethod,
            document.Keys.Jwks,
            document.Keys.JwksUri,
            document.Keys.Alg,
            document.PublicToo,
            document.ParRequired,
            document.BodyHash,
            document.TrustHash,
            FreshUntil = document.FreshUntil.UtcDateTime,
            now = now.UtcDateTime,
        }, CancellationToken.None);

    /// <summary>Its owner took the document away: the client is disabled, its grants end, consents are forgotten, once.</summary>
    public const string EndSql = """
        with gone as (
            update client_documents set gone_at = @now where client_id = @client and gone_at is null returning client_id
        ), disabled as (
            update clients set enabled = false from gone where clients.client_id = gone.client_id and clients.origin = 'document'
            returning clients.client_id
        ), ended as (
            update grants set ended_at = @now, ended_reason = 'document_gone' from disabled
             where grants.client_id = disabled.client_id and grants.ended_at is null
            returning grants.id
        ), forgotten as (
            delete from consents using disabled where consents.client_id = disabled.client_id
        ), audit as (
            insert into audit_events (at, request_id, event, outcome, client_id, detail)
            select @now, @request, 'revocation', 'ok', client_id, 
                   'client id document gone: disabled, grants ended: ' || (select count(*) from ended)
              from disabled
        )
        select count(*)::int from ended
        """;

    /// <summary>How many grants it ended.</summary>
    public Task<int> EndAsync(string client, DateTimeOffset now)
    {
        var request = TimedId.NewRequestId(now);
        return database.FindAsync<int>(EndSql, new { client, request, now = TimedId.TimeOf(request)!.Value.UtcDateTime },
            CancellationToken.None);
    }

    // A row that an operator disabled is a ban, and stays. All are looked at in turn, as registrations are.
    public const string SweepSql = """
        with next as materialized (
            select client_id from client_documents where client_id > @after order by client_id limit 500
        ), gone as materialized (
            select c.client_id from next join clients c using (client_id) join client_documents d using (client_id)
             where c.origin = 'document' and (c.enabled or d.gone_at is not null)
               and d.fetched_at < @now::timestamptz - case when c.last_used_at is null then interval '1 day' else interval '30 days' end
               and not exists (select from grants g where g.client_id = c.client_id)
               for update of c, d skip locked
        ), swept as (
            delete from clients using gone where clients.client_id = gone.client_id
        )
        select max(client_id) from next
        """;

    /// <summary>
    /// Looks at the next ones and removes clients that nobody uses; their documents bring them back. Returns the last one looked at,
    /// null when there was none.
    /// </summary>
    /// <param name="after">The last one that was looked at; empty: begin with the first.</param>
    public Task<string?> SweepAsync(string after, DateTimeOffset now, CancellationToken cancel) => database.FindAsync<string>(
        SweepSql, new { after, now = now.UtcDateTime }, cancel);
}
