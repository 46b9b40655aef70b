using Npgsql;

namespace OAuthServer.Stores.Postgres;

/// <summary>Rows that come from files and from the server itself rather than from an operator's hands.</summary>
public sealed class Seeds(Database database)
{
    /// <summary>Whether this is the cluster <c>make run</c> makes: user oauth, database oauth, on a unix socket.</summary>
    public bool IsPrivate =>
        new NpgsqlConnectionStringBuilder(database.ConnectionString) is { Host: ['/', ..], Username: "oauth", Database: "oauth" };

    public const string EmptySql = "select not exists (select from clients) and not exists (select from users)";

    /// <summary>Whether nobody is in it yet: no clients, no users.</summary>
    public Task<bool> IsEmptyAsync(CancellationToken cancel) => database.FindAsync<bool>(EmptySql, null, cancel);

    public const string HasSql = """
        select (select count(*) from clients where client_id = any (@clients)) = cardinality(@clients)
           and (select count(*) from users where username = any (@users)) = cardinality(@users)
        """;

    /// <summary>Whether all of these are there.</summary>
    public Task<bool> HasAsync(string[] clients, string[] users, CancellationToken cancel) => database.FindAsync<bool>(
        HasSql, new { clients, users }, cancel);

    // A file may hold secrets as they are, inside crypt(…), and PostgreSQL's log repeats a statement that failed. Superusers may say no.
    public const string UnloggedSql =
        "select set_config('log_min_error_statement', 'panic', true) from pg_roles where rolname = current_user and rolsuper";

    /// <summary>Runs a whole file of SQL in one transaction, as the schema's owner.</summary>
    public Task RunAsync(string script, Author author, CancellationToken cancel) =>
        Edit.ByAsync(database, author, async edit =>
        {
            await edit.ExecuteAsync(UnloggedSql, null);
            return await edit.ExecuteAsync(script, null);
        }, cancel);

    public const string OwnResourceSql = """
        with resource as (
            insert into resources (uri, name)
            select @issuer, @name where not exists (select from resources where resource_fold(uri) = resource_fold(@issuer))
            on conflict do nothing
        ), scope as (
            insert into scopes (name, resource, access, open, sensitive)
            values (@scope, coalesce((select uri from resources where resource_fold(uri) = resource_fold(@issuer)), @issuer),
                'read', false, true)
            on conflict (name) do update set resource = excluded.resource where scopes.resource is distinct from excluded.resource
        )
        insert into scope_texts (scope, locale, text) values (@scope, 'en', @text) on conflict do nothing
        """;

    /// <summary>
    /// A protected resource and its one scope, with English words. Rows that are there stay as they are, except that the scope
    /// follows the issuer when that has moved.
    /// </summary>
    public Task AddResourceAsync(string issuer, string name, string scope, string text, Author author, CancellationToken cancel) =>
        Edit.ByAsync(database, author, OwnResourceSql, new { issuer, name, scope, text }, cancel);
}
