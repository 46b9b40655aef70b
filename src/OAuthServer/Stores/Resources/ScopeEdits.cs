using OAuthServer.Stores.Postgres;

namespace OAuthServer.Stores.Resources;

/// <summary>A scope with all that people read of it, as an administrator edits it.</summary>
public sealed record ScopeForm
{
    public required string Name { get; init; }
    public required string? Resource { get; init; }
    public required string Access { get; init; }
    public required bool Open { get; init; }
    public required bool Sensitive { get; init; }
    public required bool Optional { get; init; }

    /// <summary>Changes with every edit of the row or of its words.</summary>
    public required string Version { get; init; }
}

/// <summary>scopes with their words per locale, as administrators edit them.</summary>
public sealed class ScopeEdits(Database database)
{
    // Words are other rows: the row they belong to is locked by a statement of its own, so that the next one sees them as they stand.
    public const string LockSql = "select from scopes where name = @name for update";

    public const string FindSql = """
        select s.name, s.resource, s.access, s.open, s.sensitive, s.optional,
               md5(to_jsonb(s)::text || coalesce((select jsonb_object_agg(t.locale, t.text)::text
                   from scope_texts t where t.scope = s.name), '')) as version
          from scopes s where s.name = @name
        """;

    /// <summary>One scope, or null.</summary>
    public Task<ScopeForm?> FindAsync(string name, CancellationToken cancel) => database.FindAsync<ScopeForm>(
        FindSql, new { name }, cancel);

    public const string AddSql = """
        insert into scopes (name, resource, access, open, sensitive, optional)
            values (@Name, @Resource, @Access, @Open, @Sensitive, @Optional)
        on conflict do nothing
        """;

    public const string SaveSql = """
        update scopes s set resource = @Resource, access = @Access, open = @Open, sensitive = @Sensitive, optional = @Optional
         where s.name = @Name
           and md5(to_jsonb(s)::text || coalesce((select jsonb_object_agg(t.locale, t.text)::text
               from scope_texts t where t.scope = s.name), '')) = @Version
        """;

    public const string WordsSql = """
        with given as (
            select * from unnest(@locales::text[], @texts::text[]) as one (locale, text)
        ), gone as (
            delete from scope_texts t using given where t.scope = @name and t.locale = given.locale and given.text is null
        )
        insert into scope_texts (scope, locale, text) select @name, locale, text from given where text is not null
        on conflict (scope, locale) do update set text = excluded.text where scope_texts.text <> excluded.text
        """;

    /// <summary>A new scope and its words.</summary>
    public Task<EditResult<EditOutcome>> AddAsync(
        RowEdit<ScopeForm> form, IReadOnlyList<LocalizedText> words, Author author, CancellationToken cancel) =>
        Edit.ApplyAsync(database, author, form, async (edit, scope) =>
        {
            if (await edit.ExecuteAsync(AddSql, scope) == 0) return EditOutcome.Taken;
            await edit.ExecuteAsync(WordsSql, Texts(scope.Name, words));
            return EditOutcome.Done;
        }, cancel);

    /// <summary>Everything but its name, unless the row is another one than <see cref="ScopeForm.Version"/> says.</summary>
    public Task<EditResult<EditOutcome>> SaveAsync(
        RowEdit<ScopeForm> form, IReadOnlyList<LocalizedText> words, Author author, CancellationToken cancel) =>
        Edit.ApplyAsync(database, author, form, async (edit, scope) =>
        {
            await edit.ExecuteAsync(LockSql, new { name = scope.Name });
            if (await edit.ExecuteAsync(SaveSql, scope) == 1)
            {
                await edit.ExecuteAsync(WordsSql, Texts(scope.Name, words));
                return EditOutcome.Done;
            }

            return await edit.FindAsync<ScopeForm>(FindSql, new { name = scope.Name }) is null ? EditOutcome.Gone : EditOutcome.Stale;
        }, cancel);

    public const string GrantsSql = "select from grants where ended_at is null and expires_at > @now and scope @> array[@name::text]";
    public const string HoldersSql =
        "select client_id from clients where scopes @> array[@name::text] or default_scopes @> array[@name::text]";

    /// <summary>Who holds a scope.</summary>
    public Task<Usage> HoldersAsync(string name, DateTimeOffset now, CancellationToken cancel) =>
        database.UsageAsync(GrantsSql, HoldersSql, new { name, now = now.UtcDateTime }, cancel);

    public const string DeleteSql = """
        delete from scopes s
         where s.name = @name
           and md5(to_jsonb(s)::text || coalesce((select jsonb_object_agg(t.locale, t.text)::text
               from scope_texts t where t.scope = s.name), '')) = @version
        """;

    /// <summary>Removes the scope with its words; a trigger takes it from every client, or refuses.</summary>
    public Task<EditOutcome> DeleteAsync(string name, string version, Author author, CancellationToken cancel) =>
        Edit.ByAsync(database, author, async edit =>
        {
            await edit.ExecuteAsync(LockSql, new { name });
            if (await edit.ExecuteAsync(DeleteSql, new { name, version }) == 1) return EditOutcome.Done;
            return await edit.FindAsync<ScopeForm>(FindSql, new { name }) is null ? EditOutcome.Gone : EditOutcome.Stale;
        }, cancel);

    /// <summary>What an operator would type to delete it.</summary>
    public static string DeleteText(string name) => $"delete from scopes where name = {SqlText.Quote(name)};";

    private static object Texts(string name, IReadOnlyList<LocalizedText> words) =>
        new { name, locales = words.Select(one => one.Locale).ToArray(), texts = words.Select(one => one.Text).ToArray() };
}
