using System.Text.Json.Serialization;
using OAuthServer.Stores.Postgres;

namespace OAuthServer.Stores.Grants;

/// <summary>A row of exchange_rules: who may exchange whose tokens, and for what (RFC 8693).</summary>
public sealed record ExchangeRuleRow
{
    public required Guid Id { get; init; }

    /// <summary>The client that exchanges.</summary>
    public required string Actor { get; init; }

    /// <summary>What people call it.</summary>
    public required string ActorName { get; init; }

    /// <summary>Whether it may get tokens at all.</summary>
    public required bool ActorEnabled { get; init; }

    /// <summary>Whose tokens; empty: those of any client but the actor.</summary>
    public required string[] SubjectClients { get; init; }
    public required string FromResource { get; init; }
    public required string Resource { get; init; }
    public required string[] Scopes { get; init; }

    /// <summary>Its tokens do not name the actor.</summary>
    public required bool Impersonate { get; init; }
    public required bool Enabled { get; init; }
    public required string? Note { get; init; }

    /// <summary>Changes with every edit of the row.</summary>
    [JsonIgnore]
    public string Version { get; init; } = "";

    /// <summary>Whether a token that was issued to this client may be exchanged.</summary>
    public bool Takes(string client) => SubjectClients.Length == 0 ? client != Actor : SubjectClients.Contains(client);
}

/// <summary>exchange_rules, as the running server reads them.</summary>
public sealed class ExchangeRuleStore(Database database)
{
    private const string Columns = """
        select r.id, r.actor, c.name as actor_name, c.enabled as actor_enabled, r.subject_clients, r.from_resource, r.resource, r.scopes,
               r.impersonate, r.enabled, r.note, md5(to_jsonb(r)::text) as version
          from exchange_rules r join clients c on c.client_id = r.actor

        """;

    public const string ListSql = Columns + "order by r.actor, r.from_resource, r.resource, r.id";

    /// <summary>All of them, disabled ones too.</summary>
    public Task<List<ExchangeRuleRow>> ListAsync(CancellationToken cancel) => database.ListAsync<ExchangeRuleRow>(ListSql, null, cancel);

    public const string FindSql = Columns + "where r.id = @id";

    /// <summary>One of them as it stands now, or null.</summary>
    public Task<ExchangeRuleRow?> FindAsync(Guid id, CancellationToken cancel) =>
        database.FindAsync<ExchangeRuleRow>(FindSql, new { id }, cancel);
}
