using OAuthServer.Stores.Postgres;

namespace OAuthServer.Stores.Grants;

/// <summary>A rule that is about to be made or changed.</summary>
public sealed record ExchangeRuleForm
{
    public required Guid Id { get; init; }
    public required string Actor { get; init; }
    public required string[] SubjectClients { get; init; }
    public required string FromResource { get; init; }
    public required string Resource { get; init; }
    public required string[] Scopes { get; init; }
    public required bool Impersonate { get; init; }
    public required string? Note { get; init; }

    /// <summary>Of the row it was made from; empty: it is a new one.</summary>
    public string Version { get; init; } = "";

    /// <summary>A rule as it stands.</summary>
    public static ExchangeRuleForm Of(ExchangeRuleRow row) => new()
    {
        Id = row.Id,
        Actor = row.Actor,
        SubjectClients = row.SubjectClients,
        FromResource = row.FromResource,
        Resource = row.Resource,
        Scopes = row.Scopes,
        Impersonate = row.Impersonate,
        Note = row.Note,
        Version = row.Version,
    };
}

/// <summary>What would end with a rule.</summary>
public sealed record ExchangeRuleReach
{
    /// <summary>Live delegations that stand on it, with those below them.</summary>
    public required int Delegations { get; init; }

    /// <summary>Whose they are.</summary>
    public required int People { get; init; }

    /// <summary>Live grants in which it was allowed.</summary>
    public required int Grants { get; init; }
}

/// <summary>exchange_rules, as operators edit them. The table's triggers are the rules.</summary>
public sealed class ExchangeRuleEdits(Database database)
{
    public const string AddSql = """
        insert into exchange_rules (id, actor, subject_clients, from_resource, resource, scopes, impersonate, note)
        values (@Id, @Actor, @SubjectClients, @FromResource, @Resource, @Scopes, @Impersonate, @Note)
        """;

    /// <summary>A new one, with every reason why it cannot be.</summary>
    public Task<EditResult<EditOutcome>> AddAsync(RowEdit<ExchangeRuleForm> form, Author author, CancellationToken cancel) =>
        Edit.ApplyAsync(database, author, form, async (edit, row) =>
        {
            await edit.ExecuteAsync(AddSql, row);
            return EditOutcome.Done;
        }, cancel);

    public const string SaveSql = """
        update exchange_rules r
           set actor = @Actor, subject_clients = @SubjectClients, from_resource = @FromResource, resource = @Resource, scopes = @Scopes,
               impersonate = @Impersonate, note = @Note
         where id = @Id and md5(to_jsonb(r)::text) = @Version
        """;

    /// <summary>
    /// All but its state, unless the row is another one than <see cref="ExchangeRuleForm.Version"/> says. What people allowed stays as it
    /// is: the table's trigger refuses another actor or resource.
    /// </summary>
    public Task<EditResult<EditOutcome>> SaveAsync(RowEdit<ExchangeRuleForm> form, Author author, CancellationToken cancel) =>
        Edit.ApplyAsync(database, author, form, async (edit, row) =>
            await edit.ExecuteAsync(SaveSql, row) == 1 ? EditOutcome.Done
            : await edit.FindAsync<ExchangeRuleRow>(ExchangeRuleStore.FindSql, new { row.Id }) is null ? EditOutcome.Gone
            : EditOutcome.Stale, cancel);

    public const string EnableSql = "update exchange_rules set enabled = @enabled where id = @id";

    /// <summary>Its state; disabling it ends what stands on it. False: there is no such rule.</summary>
    public async Task<bool> EnableAsync(Guid id, bool enabled, Author author, CancellationToken cancel) =>
        await Edit.ByAsync(database, author, EnableSql, new { id, enabled }, cancel) == 1;

    public const string ReachSql = """
        with recursive standing as (
            select id, grant_id from delegations where rule_id = @id and ended_at is null
            union
            select d.id, d.grant_id from delegations d join standing s on d.parent = s.id where d.ended_at is null
        )
        select (select count(*) from standing)::int as delegations,
               (select count(distinct g.subject) from standing s join grants g on g.id = s.grant_id)::int as people,
               (select count(*) from grants
                 where ended_at is null and expires_at > @now and onward @> jsonb_build_array(jsonb_build_object('rule', @id::text)))::int
                   as grants
          from exchange_rules where id = @id
        """;

    /// <summary>What would end with it; null: there is no such rule.</summary>
    public Task<ExchangeRuleReach?> ReachAsync(Guid id, DateTimeOffset now, CancellationToken cancel) =>
        database.FindAsync<ExchangeRuleReach>(ReachSql, new { id, now = now.UtcDateTime }, cancel);

    /// <summary>What an operator would type to disable it.</summary>
    public static string DisableText(Guid id) => $"update exchange_rules set enabled = false where id = {SqlText.Quote(id)};";
}
