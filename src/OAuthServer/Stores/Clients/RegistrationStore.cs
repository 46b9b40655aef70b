using OAuthServer.Protocol;
using OAuthServer.Stores.Postgres;

namespace OAuthServer.Stores.Clients;

/// <summary>
/// registrations: clients that registered themselves. Every statement writes its own audit row; the edit triggers keep still for
/// them. None takes a lock a token waits for.
/// </summary>
public sealed class RegistrationStore(Database database)
{
    /// <summary>RFC 7591 §3: spends the invitation, makes the client, its secret and its registration, or does none of it.</summary>
    public const string AddSql = """
        with invited as (
            update initial_access_tokens set uses_left = uses_left - 1
             where hash = @InvitationHash and uses_left > 0 and expires_at > @now and kind in ('any', @Kind)
            returning id
        ), allowed as (
            select (select id from invited) as invitation where @InvitationHash::bytea is null or exists (select from invited)
        ), client as (
            insert into clients (client_id, kind, name, origin, redirect_uris, scopes, grant_types, auth_method, created_at, dpop_required,
                id_token_alg, default_max_age, par_required, post_logout_redirect_uris, backchannel_logout_uri,
                jwks, jwks_uri, assertion_alg)
            select @ClientId, @Kind, coalesce(@Name, @ClientId), 'self-registered',
                @RedirectUris, @Allowance, @GrantTypes, @AuthMethod, @now, @DpopRequired,
                coalesce(@IdTokenAlg, 'RS256'), @DefaultMaxAge, @ParRequired, @PostLogoutRedirectUris, @BackchannelLogoutUri,
                @Jwks::jsonb, @JwksUri, @Alg from allowed
            returning *
        ), secret as (
            insert into client_secrets (client_id, hash, label, not_before)
            select client_id, @SecretHash, 'registration', @now from client where @SecretHash::text is not null
        ), registration as (
            insert into registrations (client_id, token_hash, scope, client_uri,
                logo_uri, tos_uri, policy_uri, issued_at, seen_at, invited_by)
            select client_id, @TokenHash, @Scope, @ClientUri, @LogoUri, @TosUri, @PolicyUri, @now, @now, invitation from client, allowed
            returning *
        ), audit as (
            insert into audit_events (at, request_id, event, outcome, client_id, address, detail)
            select @now, @request, 'registration', 'ok', client_id, @address,
                   'registered ' || kind || ' ' || auth_method || ' scope=' || array_to_string(@Scope::text[], ' ')
                   || ' redirect_uris=' || array_to_string(redirect_uris, ' ')
                   || coalesce(' invitation=' || invitation, '')
              from client, allowed
        )
        select c.client_id, c.kind, c.name, c.redirect_uris, c.grant_types, c.auth_method,
               r.scope, r.client_uri, r.logo_uri, r.tos_uri, r.policy_uri, r.issued_at, c.dpop_required, c.par_required,
               c.id_token_alg, c.default_max_age, c.post_logout_redirect_uris, c.backchannel_logout_uri, c.jwks, c.jwks_uri,
               c.assertion_alg
          from client c, registration r
        """;

    /// <summary>The registration; null when the invitation was not good for it.</summary>
    public Task<RegistrationRow?> AddAsync(NewRegistration item, RequestContext request)
    {
        var described = item.Described;
        return database.FindAsync<RegistrationRow>(AddSql, new
        {
            item.ClientId,
            item.Kind,
            item.Allowance,
            item.SecretHash,
            item.TokenHash,
            item.InvitationHash,
            described.Name,
            described.RedirectUris,
            described.GrantTypes,
            described.AuthMethod,
            described.DpopRequired,
            described.Scope,
            described.ClientUri,
            described.LogoUri,
            described.TosUri,
            described.PolicyUri,
            described.OpenId.IdTokenAlg,
            described.OpenId.DefaultMaxAge,
            described.OpenId.PostLogoutRedirectUris,
            described.OpenId.BackchannelLogoutUri,
            described.Keys.Jwks,
            described.Keys.JwksUri,
            described.Keys.Alg,
            described.ParRequired,
            request = request.RequestId,
            request.Address,
            now = request.At.UtcDateTime,
        }, CancellationToken.None);
    }

    // Whose registration this is: never an operator's row, nor one an operator took over or disabled.
    private const string Mine = """
        from registrations r join clients c on c.client_id = r.client_id
         where r.client_id = @client and r.token_hash = @token and r.deleted_at is null and c.origin = 'self-registered' and c.enabled
        """;

    private const string Columns = """
        c.client_id, c.kind, c.name, c.redirect_uris, c.grant_types, c.auth_method,
        r.scope, r.client_uri, r.logo_uri, r.tos_uri, r.policy_uri, r.issued_at, c.dpop_required, c.par_required,
        c.id_token_alg, c.default_max_age, c.post_logout_redirect_uris, c.backchannel_logout_uri, c.jwks, c.jwks_uri, c.assertion_alg
        """;

    public const string FindSql = $"select {Columns} {Mine}";

    /// <summary>The registration this token belongs to, or null.</summary>
    public Task<RegistrationRow?> FindAsync(string client, byte[] token, CancellationToken cancel) =>
        database.FindAsync<RegistrationRow>(FindSql, new { client, token }, cancel);

    public const string ReadSql = $"""
        with mine as (
            select {Columns} {Mine} for no key update of r
        ), seen as (
            update registrations set seen_at = @now from mine where registrations.client_id = mine.client_id
        ), audit as (
            insert into audit_events (at, request_id, event, outcome, client_id, address, detail)
            select @now, @request, 'registration', 'ok', client_id, @address, 'read' from mine
        )
        select * from mine
        """;

    /// <summary>RFC 7592 §2.1: the same, shown to its client, which counts as use.</summary>
    public Task<RegistrationRow?> ReadAsync(string client, byte[] token, RequestContext request) =>
        database.FindAsync<RegistrationRow>(ReadSql,
            new { client, token, request = request.RequestId, request.Address, now = request.At.UtcDateTime }, CancellationToken.None);

    /// <summary>
    /// RFC 7592 §2.2. Closed scopes are an operator's gift and stay; kind, secret or none, and what an operator set stay, too.
    /// </summary>
    public const string UpdateSql = $"""
        with mine as (
            select c.client_id {Mine} and c.kind = @Kind
               and exists (select from auth_methods was join auth_methods wanted using (needs_secret, needs_keys)
                            where was.name = c.auth_method and wanted.name = @AuthMethod)
               for no key update of c, r
        ), c as (
            update clients set name = coalesce(@Name, clients.client_id),
                   redirect_uris = @RedirectUris, grant_types = @GrantTypes, auth_method = @AuthMethod, dpop_required = @DpopRequired,
                   id_token_alg = coalesce(@IdTokenAlg, 'RS256'), default_max_age = @DefaultMaxAge, par_required = @ParRequired,
                   post_logout_redirect_uris = @PostLogoutRedirectUris, backchannel_logout_uri = @BackchannelLogoutUri,
                   jwks = @Jwks::jsonb, jwks_uri = @JwksUri, assertion_alg = @Alg,
                   scopes = array(select unnest(@Allowance::text[]) union
                                  select s.name from scopes s where s.name = any (clients.scopes) and not s.open),
                   default_scopes = array(select unnest(default_scopes) intersect
                                          (select unnest(@Allowance::text[]) union
                                           select s.name from scopes s where s.name = any (clients.scopes) and not s.open))
              from mine where clients.client_id = mine.client_id
            returning clients.*
        ), r as (
            update registrations set scope = @Scope, client_uri = @ClientUri,
                   logo_uri = @LogoUri, tos_uri = @TosUri, policy_uri = @PolicyUri, seen_at = @now
              from mine where registrations.client_id = mine.client_id
            returning registrations.*
        ), audit as (
            insert into audit_events (at, request_id, event, outcome, client_id, address, detail)
            select @now, @request, 'registration', 'ok', client_id, @address,
                   'updated scope=' || array_to_string(@Scope::text[], ' ') || ' redirect_uris=' || array_to_string(redirect_uris, ' ')
              from c
        )
        select {Columns} from c, r
        """;

    /// <summary>The registration as it is now; null when it is not this token's, or would become another kind of client.</summary>
    public Task<RegistrationRow?> UpdateAsync(RegistrationUpdate update, RequestContext request) =>
        database.FindAsync<RegistrationRow>(UpdateSql, new
        {
            client = update.ClientId,
            token = update.TokenHash,
            update.Kind,
            update.Allowance,
            update.Described.Name,
            update.Described.RedirectUris,
            update.Described.GrantTypes,
            update.Described.AuthMethod,
            update.Described.DpopRequired,
            update.Described.Scope,
            update.Described.ClientUri,
            update.Described.LogoUri,
            update.Described.TosUri,
            update.Described.PolicyUri,
            update.Described.OpenId.IdTokenAlg,
            update.Described.OpenId.DefaultMaxAge,
            update.Described.OpenId.PostLogoutRedirectUris,
            update.Described.OpenId.BackchannelLogoutUri,
            update.Described.Keys.Jwks,
            update.Described.Keys.JwksUri,
            update.Described.Keys.Alg,
            update.Described.ParRequired,
            request = request.RequestId,
            request.Address,
            now = request.At.UtcDateTime,
        }, CancellationToken.None);

    /// <summary>
    /// RFC 7592 §2.3. The row stays disabled until the last access token has expired, so that resource servers hear of it.
    /// </summary>
    public const string DeleteSql = $"""
        with gone as (
            select c.client_id {Mine} for no key update of c, r
        ), marked as (
            update registrations set deleted_at = @now, seen_at = @now from gone where registrations.client_id = gone.client_id
        ), disabled as (
            update clients set enabled = false, note = 'deleted by the client itself' from gone where clients.client_id = gone.client_id
        ), secrets as (
            update client_secrets set revoked_at = @now from gone where client_secrets.client_id = gone.client_id and revoked_at is null
        ), ended as (
            update grants set ended_at = @now, ended_reason = 'client_deleted'
              from gone where grants.client_id = gone.client_id and ended_at is null
        ), audit as (
            insert into audit_events (at, request_id, event, outcome, client_id, address, detail)
            select @now, @request, 'registration', 'ok', client_id, @address, 'deleted: the client, its grants and their tokens' from gone
        )
        select exists (select from gone)
        """;

    /// <summary>True when it was this token's, and now is over.</summary>
    public Task<bool> DeleteAsync(string client, byte[] token, RequestContext request) =>
        database.FindAsync<bool>(DeleteSql,
            new { client, token, request = request.RequestId, request.Address, now = request.At.UtcDateTime }, CancellationToken.None);
}
