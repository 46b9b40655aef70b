using OAuthServer.Stores.Postgres;

namespace OAuthServer.Stores.Users;

/// <summary>All that is kept about a person, as they may have it: no hash, no secret, and of nobody else.</summary>
public sealed class OwnDataStore(Database database)
{
    /// <summary>Of the audit log the newest so many.</summary>
    public const int MostEvents = 10_000;

    public const string ExportSql = """
        with audit as (
            insert into audit_events (at, request_id, event, outcome, subject, address, detail)
            select @now, @request, 'account', 'ok', subject::text, @address, 'exported' from users where subject = @subject
        )
        select jsonb_build_object(
            'exported_at', to_jsonb(@now::timestamptz),
            'account', to_jsonb(u) - '{password_hash,passkey_handle}'::text[]
                || jsonb_build_object('has_password', u.password_hash is not null),
            'company_accounts', (select coalesce(jsonb_agg(to_jsonb(i) - '{subject,created_by}'::text[] order by i.created_at), '[]')
                from identities i where i.subject = u.subject),
            'passkeys', (select coalesce(jsonb_agg(jsonb_build_object('name', k.name, 'created_at', k.created_at,
                    'last_used_at', k.last_used_at) order by k.created_at), '[]') from passkeys k where k.subject = u.subject),
            'authenticator_app', (select jsonb_build_object('created_at', t.created_at) from totp t where t.subject = u.subject),
            'recovery_codes_left', (select count(*) from recovery_codes c where c.subject = u.subject),
            'wrong_codes', (select to_jsonb(c) - '{subject}'::text[] from code_attempts c where c.subject = u.subject),
            'sign_ins_waiting_for_a_code', (select count(*) from pending_sign_ins p where p.subject = u.subject),
            'roles_in_apps', (select coalesce(jsonb_agg(to_jsonb(r) - '{subject}'::text[] order by r.client_id, r.role), '[]')
                from client_roles r where r.subject = u.subject),
            'sessions', (select coalesce(jsonb_agg(to_jsonb(s) - '{id_hash,subject}'::text[] order by s.authenticated_at), '[]')
                from sessions s where s.subject = u.subject),
            'apps_told_of_sign_out', (select coalesce(jsonb_agg(to_jsonb(c) - '{subject}'::text[] order by c.client_id), '[]')
                from session_clients c where c.subject = u.subject),
            'sign_outs_told', (select coalesce(jsonb_agg(to_jsonb(d) - '{subject}'::text[] order by d.queued_at), '[]')
                from logout_deliveries d where d.subject = u.subject),
            'grants', (select coalesce(jsonb_agg(to_jsonb(g) - '{subject,fingerprint,code_challenge,code_hash,wrong_verifiers,family_hash,
                refresh_hash,previous_hash,successor_sealed,nonce}'::text[] order by g.created_at), '[]')
                from grants g where g.subject = u.subject),
            'consents', (select coalesce(jsonb_agg(to_jsonb(c) - '{subject,key}'::text[] order by c.given_at), '[]')
                from consents c where c.subject = u.subject),
            'links', (select coalesce(jsonb_agg(to_jsonb(l) - '{subject,person,token_hash}'::text[] order by l.created_at), '[]')
                from account_links l where l.subject = u.subject),
            'mail', (select coalesce(jsonb_agg(to_jsonb(m) - '{subject,sealed}'::text[] order by m.queued_at), '[]')
                from mail_outbox m where m.subject = u.subject),
            'events', (select coalesce(jsonb_agg(jsonb_build_object('at', a.at, 'event', a.event, 'outcome', a.outcome, 'client_id',
                    a.client_id, 'grant_id', a.grant_id, 'error', a.error, 'address',
                    case when a.actor is null or a.actor in ('user:' || u.subject, 'user:' || u.username, 'admin:' || u.username)
                           or a.actor like 'link:%'
                         then a.address end) order by a.at), '[]')
                from (select * from audit_events
                       where subject = u.subject::text and subject is distinct from client_id order by at desc limit @most) as a)
            )::text
          from users u where u.subject = @subject
        """;

    /// <summary>The person's own rows as a JSON object, and an audit row that says it was taken.</summary>
    public Task<string?> ExportAsync(Guid subject, string request, string address, DateTimeOffset now) => database.FindAsync<string>(
        ExportSql, new { subject, request, address, now = now.UtcDateTime, most = MostEvents }, CancellationToken.None);
}
