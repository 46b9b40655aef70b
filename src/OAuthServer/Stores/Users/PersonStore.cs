using System.Text.Json;
using Npgsql;
using NpgsqlTypes;
using OAuthServer.Stores.Postgres;

namespace OAuthServer.Stores.Users;

/// <summary>What apps may be told of a person, as it stands now. Null: not known.</summary>
public sealed record PersonRow
{
    public required Guid Subject { get; init; }
    public required string Username { get; init; }
    public required string? Name { get; init; }
    public required string? GivenName { get; init; }
    public required string? FamilyName { get; init; }
    public required string? Locale { get; init; }
    public required DateTimeOffset? UpdatedAt { get; init; }
    public required string? Email { get; init; }
    public required bool EmailVerified { get; init; }
    public required string[] Groups { get; init; }

    /// <summary>users.claims: an object.</summary>
    public required JsonElement Claims { get; init; }

    /// <summary>In the app that asks.</summary>
    public required string[] Roles { get; init; }
}

/// <summary>users and client_roles, as apps are told of them.</summary>
public sealed class PersonStore(Database database)
{
    private readonly SharedRead<(Guid Subject, string Client), PersonRow> described = new("person", database, FindSql, keys =>
    {
        keys.Add("subject", NpgsqlDbType.Uuid, one => one.Subject);
        keys.AddText("client", one => one.Client);
    }, Read);

    public const string FindSql = """
        select requested.place::int, u.subject, u.username, u.name, u.given_name, u.family_name, u.locale, u.updated_at, u.email,
               u.email_verified_at is not null, u.groups, u.claims::text,
               array(select r.role from client_roles r where r.client_id = requested.client and r.subject = u.subject order by r.role)
          from unnest(@subject::uuid[], @client::text[]) with ordinality as requested (subject, client, place)
          join users u on u.subject = requested.subject and u.enabled
        """;

    /// <summary>The person as this client may see them; null when disabled or gone.</summary>
    public Task<PersonRow?> FindAsync(Guid subject, string client) => described.FindAsync((subject, client));

    /// <summary>One read for all who wait at the same moment.</summary>
    public Task RunAsync(CancellationToken cancel) => described.RunAsync(cancel);

    private static PersonRow Read(NpgsqlDataReader row)
    {
        using var claims = JsonDocument.Parse(row.GetString(11));
        return new PersonRow
        {
            Subject = row.GetGuid(1),
            Username = row.GetString(2),
            Name = Text(3),
            GivenName = Text(4),
            FamilyName = Text(5),
            Locale = Text(6),
            UpdatedAt = row.IsDBNull(7) ? null : new DateTimeOffset(row.GetDateTime(7)),
            Email = Text(8),
            EmailVerified = row.GetBoolean(9),
            Groups = row.GetFieldValue<string[]>(10),
            Claims = claims.RootElement.Clone(),
            Roles = row.GetFieldValue<string[]>(12),
        };

        string? Text(int column) => row.IsDBNull(column) ? null : row.GetString(column);
    }
}
