using OAuthServer.Stores.Postgres;

namespace OAuthServer.Stores.Trust;

/// <summary>What would end with an issuer or a rule.</summary>
public sealed record TrustReach
{
    /// <summary>Live grants of people that stand on it.</summary>
    public required int Grants { get; init; }
    public required int People { get; init; }

    /// <summary>Enabled rules.</summary>
    public required int Rules { get; init; }

    /// <summary>Clients that get tokens by it.</summary>
    public required int Clients { get; init; }

    /// <summary>Identities of its issuer.</summary>
    public required int Identities { get; init; }
}

/// <summary>Somebody a company spoke for whom nobody here is linked to.</summary>
public sealed record WaitingSubject
{
    public required string Issuer { get; init; }
    public required string Tenant { get; init; }
    public required string Sub { get; init; }
    public required string? ClientId { get; init; }
    public required DateTimeOffset LastAt { get; init; }
    public required int Times { get; init; }
}

/// <summary>trusted_issuers and assertion_rules, as operators edit them. The tables' triggers are the rules.</summary>
public sealed class TrustEdits(Database database)
{
    public const string AddSql = """
        insert into trusted_issuers (issuer, kind, name, jwks, jwks_uri, audience, algs, max_age_seconds, single_use, clients,
                                     create_people, must_name, enabled, note)
        values (@Issuer, @Kind, @Name, @Jwks::jsonb, @JwksUri, @Audience, @Algs, nullif(@MaxAgeSeconds, 0), @SingleUse, @Clients,
                @CreatePeople, @MustName, @Enabled, @Note)
        on conflict (issuer) do nothing
        """;

    /// <summary>A new issuer; 0 seconds stand for the usual ones of its kind.</summary>
    public Task<EditResult<EditOutcome>> AddAsync(RowEdit<IssuerRow> form, Author author, CancellationToken cancel) =>
        Edit.ApplyAsync(database, author, form, async (edit, row) =>
            await edit.ExecuteAsync(AddSql, row) == 1 ? EditOutcome.Done : EditOutcome.Taken, cancel);

    public const string IssuerSql = """
        select issuer, kind, name, jwks::text as jwks, jwks_uri, audience, algs, max_age_seconds, single_use, clients, create_people,
               must_name, enabled, note, md5(to_jsonb(i)::text) as version
          from trusted_issuers i where issuer = @issuer
        """;

    /// <summary>An issuer as it stands now, to be edited; null: there is none.</summary>
    public Task<IssuerRow?> IssuerAsync(string issuer, CancellationToken cancel) =>
        database.FindAsync<IssuerRow>(IssuerSql, new { issuer }, cancel);

    public const string SaveSql = """
        update trusted_issuers i
           set kind = @Kind, name = @Name, jwks = @Jwks::jsonb, jwks_uri = @JwksUri, audience = @Audience, algs = @Algs,
               max_age_seconds = nullif(@MaxAgeSeconds, 0), single_use = @SingleUse, clients = @Clients, create_people = @CreatePeople,
               must_name = @MustName, note = @Note
         where issuer = @Issuer and md5(to_jsonb(i)::text) = @Version
        """;

    /// <summary>
    /// All but its name in assertions and its state, unless the row is another one than <see cref="IssuerRow.Version"/> says; 0 seconds
    /// stand for the usual ones of its kind.
    /// </summary>
    public Task<EditResult<EditOutcome>> SaveAsync(RowEdit<IssuerRow> form, Author author, CancellationToken cancel) =>
        Edit.ApplyAsync(database, author, form, async (edit, row) =>
            await edit.ExecuteAsync(SaveSql, row) == 1 ? EditOutcome.Done
            : await edit.FindAsync<IssuerRow>(IssuerSql, new { row.Issuer }) is null ? EditOutcome.Gone : EditOutcome.Stale, cancel);

    public const string DeleteSql = "delete from trusted_issuers where issuer = @issuer";

    /// <summary>Deletes it with its rules; identities stay. False: there is no such issuer.</summary>
    public async Task<bool> DeleteAsync(string issuer, Author author, CancellationToken cancel) =>
        await Edit.ByAsync(database, author, DeleteSql, new { issuer }, cancel) == 1;

    public const string RuleSql = """
        select r.id, r.issuer, r.client_id, r.claims::text as claims, r.resources, r.scopes, r.enabled, r.note, g.id as grant_id,
               md5(to_jsonb(r)::text) as version
          from assertion_rules r
          left join grants g on g.fingerprint = workload_fingerprint(r.id) and g.ended_at is null
         where r.id = @id
        """;

    /// <summary>A rule as it stands now, to be edited; null: there is none.</summary>
    public Task<RuleRow?> RuleAsync(long id, CancellationToken cancel) => database.FindAsync<RuleRow>(RuleSql, new { id }, cancel);

    public const string AddRuleSql = """
        insert into assertion_rules (issuer, client_id, claims, resources, scopes, enabled, note)
        values (@Issuer, @ClientId, @Claims::jsonb, @Resources, @Scopes, @Enabled, @Note)
        """;

    /// <summary>A new rule.</summary>
    public Task<EditResult<EditOutcome>> AddRuleAsync(RowEdit<RuleRow> form, Author author, CancellationToken cancel) =>
        Edit.ApplyAsync(database, author, form, async (edit, row) =>
            await edit.ExecuteAsync(AddRuleSql, row) == 1 ? EditOutcome.Done : EditOutcome.Gone, cancel);

    public const string SaveRuleSql = """
        update assertion_rules r
           set issuer = @Issuer, client_id = @ClientId, claims = @Claims::jsonb, resources = @Resources, scopes = @Scopes,
               enabled = @Enabled, note = @Note
         where id = @Id and md5(to_jsonb(r)::text) = @Version
        """;

    /// <summary>All of a rule, unless the row is another one than <see cref="RuleRow.Version"/> says.</summary>
    public Task<EditResult<EditOutcome>> SaveRuleAsync(RowEdit<RuleRow> form, Author author, CancellationToken cancel) =>
        Edit.ApplyAsync(database, author, form, async (edit, row) =>
            await edit.ExecuteAsync(SaveRuleSql, row) == 1 ? EditOutcome.Done
            : await edit.FindAsync<RuleRow>(RuleSql, new { row.Id }) is null ? EditOutcome.Gone : EditOutcome.Stale, cancel);

    public const string DeleteRuleSql = "delete from assertion_rules where id = @id";

    /// <summary>Deletes a rule. False: there is no such rule.</summary>
    public async Task<bool> DeleteRuleAsync(long id, Author author, CancellationToken cancel) =>
        await Edit.ByAsync(database, author, DeleteRuleSql, new { id }, cancel) == 1;

    public const string EnableSql = "update trusted_issuers set enabled = @enabled where issuer = @issuer";

    /// <summary>Its state. False: there is no such issuer.</summary>
    public async Task<bool> EnableAsync(string issuer, bool enabled, Author author, CancellationToken cancel) =>
        await Edit.ByAsync(database, author, EnableSql, new { issuer, enabled }, cancel) == 1;

    public const string EnableRuleSql = "update assertion_rules set enabled = @enabled where id = @id";

    /// <summary>A rule's state. False: there is no such rule.</summary>
    public async Task<bool> EnableRuleAsync(long id, bool enabled, Author author, CancellationToken cancel) =>
        await Edit.ByAsync(database, author, EnableRuleSql, new { id, enabled }, cancel) == 1;

    public const string ReachSql = """
        select (select count(*) from grants where issuer = i.issuer and kind = 'id-jag' and ended_at is null and expires_at > @now)::int
                   as grants,
               (select count(distinct subject) from grants
                 where issuer = i.issuer and kind = 'id-jag' and ended_at is null and expires_at > @now)::int as people,
               (select count(*) from assertion_rules where issuer = i.issuer and enabled)::int as rules,
               (select count(distinct client_id) from grants where issuer = i.issuer and ended_at is null and expires_at > @now)::int
                   as clients,
               (select count(*) from identities where issuer = i.issuer)::int as identities
          from trusted_issuers i where i.issuer = @issuer
        """;

    /// <summary>What would end with an issuer; null: there is none.</summary>
    public Task<TrustReach?> ReachAsync(string issuer, DateTimeOffset now, CancellationToken cancel) =>
        database.FindAsync<TrustReach>(ReachSql, new { issuer, now = now.UtcDateTime }, cancel);

    /// <summary>How a refusal of somebody unlinked begins in the audit log.</summary>
    public const string Unlinked = "nobody here is linked to this subject";

    public const string WaitingSql = $"""
        with refused as (
            select got, client_id, at from audit_events
             where event = 'token' and outcome = 'refused' and reason = '{Unlinked}' and at > @since order by at desc limit 1000
        ), read as (
            select substring(got from '^issuer=(\S+) ') as issuer, coalesce(substring(got from ' tenant=(\S+) sub='), '') as tenant,
                   substring(got from ' sub=(.+)$') as sub, client_id, at from refused
        )
        select issuer, tenant, sub, max(client_id) as client_id, max(at) as last_at, count(*)::int as times from read
         where sub is not null and exists (select from trusted_issuers t where t.issuer = read.issuer and t.kind = 'people')
           and not exists (select from identities i where i.issuer = read.issuer and i.tenant = read.tenant and i.sub = read.sub)
         group by issuer, tenant, sub order by last_at desc limit 50
        """;

    /// <summary>Subjects that were refused since then because nobody here is linked to them, the last first; at most 50.</summary>
    public Task<List<WaitingSubject>> WaitingAsync(DateTimeOffset since, CancellationToken cancel) =>
        database.ListAsync<WaitingSubject>(WaitingSql, new { since = since.UtcDateTime }, cancel);

    /// <summary>What an operator would type to change the state of an issuer.</summary>
    public static string EnableText(string issuer, bool enabled) =>
        $"update trusted_issuers set enabled = {(enabled ? "true" : "false")} where issuer = {SqlText.Quote(issuer)};";

    /// <summary>The same of a rule.</summary>
    public static string EnableRuleText(long id, bool enabled) =>
        $"update assertion_rules set enabled = {(enabled ? "true" : "false")} where id = {id};";

    /// <summary>What an operator would type to delete an issuer.</summary>
    public static string DeleteText(string issuer) => $"delete from trusted_issuers where issuer = {SqlText.Quote(issuer)};";

    /// <summary>The same of a rule.</summary>
    public static string DeleteRuleText(long id) => $"delete from assertion_rules where id = {id};";
}
