using OAuthServer.Stores.Postgres;

namespace OAuthServer.Stores.Resources;

/// <summary>A resource with all that people read of it, as an administrator edits it.</summary>
public sealed record ResourceForm
{
    public required string Uri { get; init; }
    public required string Name { get; init; }
    public required bool Enabled { get; init; }

    /// <summary>What its tokens tell of the person.</summary>
    public string[] Claims { get; init; } = [];

    /// <summary>Changes with every edit of the row or of its names.</summary>
    public required string Version { get; init; }
}

/// <summary>A client whose row names a resource: it may get tokens for it or, a resource server, introspect them.</summary>
public sealed record HoldingClient
{
    public required string ClientId { get; init; }
    public required string Kind { get; init; }
    public required string Name { get; init; }
    public required string Origin { get; init; }
    public required bool Enabled { get; init; }
    public required DateTimeOffset? LastUsedAt { get; init; }

    /// <summary>Those of its scopes that belong to the resource, or to all.</summary>
    public required string[] Scopes { get; init; }
}

/// <summary>resources with their names per locale, as administrators edit them.</summary>
public sealed class ResourceEdits(Database database)
{
    // Words are other rows: the row they belong to is locked by a statement of its own, so that the next one sees them as they stand.
    public const string LockSql = "select from resources where uri = @uri for update";

    public const string FindSql = """
        select r.uri, r.name, r.enabled, r.claims,
               md5(to_jsonb(r)::text || coalesce((select jsonb_object_agg(t.locale, t.name)::text
                   from resource_texts t where t.uri = r.uri), '')) as version
          from resources r where r.uri = @uri
        """;

    /// <summary>One resource, or null.</summary>
    public Task<ResourceForm?> FindAsync(string uri, CancellationToken cancel) => database.FindAsync<ResourceForm>(
        FindSql, new { uri }, cancel);

    public const string AddSql = "insert into resources (uri, name, claims) values (@Uri, @Name, @Claims) on conflict do nothing";

    public const string SaveSql = """
        update resources r set name = @Name, enabled = @Enabled, claims = @Claims
         where r.uri = @Uri
           and md5(to_jsonb(r)::text || coalesce((select jsonb_object_agg(t.locale, t.name)::text
               from resource_texts t where t.uri = r.uri), '')) = @Version
        """;

    public const string NamesSql = """
        with given as (
            select * from unnest(@locales::text[], @texts::text[]) as one (locale, text)
        ), gone as (
            delete from resource_texts t using given where t.uri = @uri and t.locale = given.locale and given.text is null
        )
        insert into resource_texts (uri, locale, name) select @uri, locale, text from given where text is not null
        on conflict (uri, locale) do update set name = excluded.name where resource_texts.name <> excluded.name
        """;

    /// <summary>A new resource and its names.</summary>
    public Task<EditResult<EditOutcome>> AddAsync(
        RowEdit<ResourceForm> form, IReadOnlyList<LocalizedText> names, Author author, CancellationToken cancel) =>
        Edit.ApplyAsync(database, author, form, async (edit, resource) =>
        {
            if (await edit.ExecuteAsync(AddSql, resource) == 0) return EditOutcome.Taken;
            await edit.ExecuteAsync(NamesSql, Texts(resource.Uri, names));
            return EditOutcome.Done;
        }, cancel);

    /// <summary>Name and names per locale, unless the row is another one than <see cref="ResourceForm.Version"/> says.</summary>
    public Task<EditResult<EditOutcome>> SaveAsync(
        RowEdit<ResourceForm> form, IReadOnlyList<LocalizedText> names, Author author, CancellationToken cancel) =>
        Edit.ApplyAsync(database, author, form, async (edit, resource) =>
        {
            var outcome = await SaveAsync(edit, resource);
            if (outcome == EditOutcome.Done) await edit.ExecuteAsync(NamesSql, Texts(resource.Uri, names));
            return outcome;
        }, cancel);

    /// <summary>Its state, unless the row is another one than <see cref="ResourceForm.Version"/> says.</summary>
    public Task<EditOutcome> EnableAsync(ResourceForm resource, Author author, CancellationToken cancel) =>
        Edit.ByAsync(database, author, edit => SaveAsync(edit, resource), cancel);

    private static async Task<EditOutcome> SaveAsync(Edit edit, ResourceForm resource)
    {
        await edit.ExecuteAsync(LockSql, new { uri = resource.Uri });
        if (await edit.ExecuteAsync(SaveSql, resource) == 1) return EditOutcome.Done;
        return await edit.FindAsync<ResourceForm>(FindSql, new { uri = resource.Uri }) is null ? EditOutcome.Gone : EditOutcome.Stale;
    }

    public const string GrantsSql =
        "select from grants where ended_at is null and expires_at > @now and resources @> array[@uri::text]";
    public const string HoldersSql = "select client_id from clients where resources @> array[@uri::text] or default_resource = @uri";

    /// <summary>Who holds a resource.</summary>
    public Task<Usage> HoldersAsync(string uri, DateTimeOffset now, CancellationToken cancel) =>
        database.UsageAsync(GrantsSql, HoldersSql, new { uri, now = now.UtcDateTime }, cancel);

    private const string Holding = """
        select c.client_id, c.kind, c.name, c.origin, c.enabled, c.last_used_at,
               array(select s.name from scopes s where s.name = any (c.scopes) and (s.resource = @uri or s.resource is null)
                      order by s.name) as scopes
          from clients c join held on held.client_id = c.client_id order by c.client_id
        """;

    // Of few, all are found by the index, then sorted; many are met soon in the order of their ids.
    public const string FewHoldersSql = "with held as materialized (select client_id from (" + HoldersSql
        + " offset 0) as few where client_id > coalesce(@after, '') order by client_id limit @limit) " + Holding;
    public const string ManyHoldersSql = "with held as materialized (select client_id from clients "
        + "where (resources @> array[@uri::text] or default_resource = @uri) and client_id > coalesce(@after, '') "
        + "order by client_id limit @limit) " + Holding;

    /// <summary>Clients whose rows name a resource, by id.</summary>
    /// <param name="holders">As <see cref="HoldersAsync"/> counted them.</param>
    /// <param name="after">The last id of the page before; null: the first page.</param>
    public Task<List<HoldingClient>> HoldingAsync(string uri, Figure holders, string? after, int limit, CancellationToken cancel) =>
        database.ListAsync<HoldingClient>(holders.Exactness == Exactness.Exact ? FewHoldersSql : ManyHoldersSql,
            new { uri, after, limit }, cancel);

    /// <summary>What an operator would type to disable it.</summary>
    public static string DisableText(string uri) => $"update resources set enabled = false where uri = {SqlText.Quote(uri)};";

    private static object Texts(string uri, IReadOnlyList<LocalizedText> names) =>
        new { uri, locales = names.Select(one => one.Locale).ToArray(), texts = names.Select(one => one.Text).ToArray() };
}
