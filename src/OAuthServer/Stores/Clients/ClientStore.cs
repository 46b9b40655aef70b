using Dapper;
using NpgsqlTypes;
using OAuthServer.Protocol;
using OAuthServer.Stores.Postgres;

namespace OAuthServer.Stores.Clients;

/// <summary>A row of clients.</summary>
public sealed record ClientRow
{
    public required string ClientId { get; init; }
    public required string Kind { get; init; }
    public required string Name { get; init; }
    public required string Origin { get; init; }
    public required bool Enabled { get; init; }
    public required string[] RedirectUris { get; init; }
    public required string[] Scopes { get; init; }
    public required string[] DefaultScopes { get; init; }
    public required string[] Resources { get; init; }
    public required string? DefaultResource { get; init; }
    public required string[] GrantTypes { get; init; }
    public required string AuthMethod { get; init; }
    public required int AccessTokenSeconds { get; init; }
    public required int RefreshTokenSeconds { get; init; }
    public required int RefreshIdleSeconds { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public required DateTimeOffset? LastUsedAt { get; init; }
    public required string? Note { get; init; }

    /// <summary>It gets tokens with a DPoP proof only (RFC 9449).</summary>
    public bool DpopRequired { get; init; }

    /// <summary>What signs its id_tokens: RS256 or ES256.</summary>
    public string IdTokenAlg { get; init; } = "RS256";

    /// <summary>False: claims about the person come from userinfo only.</summary>
    public bool IdTokenClaims { get; init; } = true;

    /// <summary>Seconds since the last sign-in that are good enough when its request has no max_age; null: any.</summary>
    public int? DefaultMaxAge { get; init; }

    /// <summary>aal2: people sign in to it with a second factor only; null: one is enough.</summary>
    public string? MinAcr { get; init; }

    /// <summary>It pushes every authorization request (RFC 9126), and no other is taken.</summary>
    public bool ParRequired { get; init; }

    /// <summary>An app of the operator's own, for which nobody is asked.</summary>
    public bool Trusted { get; init; }
    public string[] PostLogoutRedirectUris { get; init; } = [];

    /// <summary>Where it is told that a session ended; null: it is not.</summary>
    public string? BackchannelLogoutUri { get; init; }

    /// <summary>Its public keys, a JWK set; null: none, or they are at <see cref="JwksUri"/>.</summary>
    public string? Jwks { get; init; }
    public string? JwksUri { get; init; }

    /// <summary>The one algorithm of its assertions; null: any that fits its keys.</summary>
    public string? AssertionAlg { get; init; }

    /// <summary>Its document lets it come without an assertion, too.</summary>
    public bool PublicToo { get; init; }
}

/// <summary>A row of client_secrets.</summary>
public sealed record SecretRow
{
    public required long Id { get; init; }
    public required string ClientId { get; init; }
    public required string Hash { get; init; }
    public required string Label { get; init; }
    public required DateTimeOffset NotBefore { get; init; }
    public required DateTimeOffset? ExpiresAt { get; init; }
    public required DateTimeOffset? RevokedAt { get; init; }
    public required DateTimeOffset? LastUsedAt { get; init; }
}

/// <summary>clients and client_secrets, as the running server reads them.</summary>
public sealed class ClientStore(Database database)
{
    private readonly SharedRead<string, ClientRow> requested = new("client", database, FindSql,
        keys => keys.Add("client", NpgsqlDbType.Text, id => id), reader => reader.GetRowParser<ClientRow>(startIndex: 1)(reader));

    public const string FindSql = """
        select requested.place::int, c.*
          from unnest(@client::text[]) with ordinality as requested (client, place) join clients c on c.client_id = requested.client
        """;
    public const string SecretsSql = "select * from client_secrets where client_id = @client and revoked_at is null order by id";

    /// <summary>The client and its unrevoked secrets, or null.</summary>
    public async Task<(ClientRow Client, List<SecretRow> Secrets)?> FindAsync(string client, CancellationToken cancel) =>
        // No text in PostgreSQL has a NUL. A statement that it refuses for one, while Npgsql prepares it, fails for the next caller, too.
        !client.Contains('\0') && await requested.FindAsync(client) is { } row
            // A public client has no secret, nor one with keys: one read less for each of a million apps.
            ? (row, row.AuthMethod is AuthMethod.NoneName or AuthMethod.PrivateKeyJwtName ? []
                : await database.ListAsync<SecretRow>(SecretsSql, new { client }, cancel))
            : null;

    /// <summary>One read for all who wait at the same moment: more clients may be busy than a server remembers.</summary>
    public Task RunAsync(CancellationToken cancel) => requested.RunAsync(cancel);

    public const string ImportedHashSql = "select hash from client_secrets where is_imported_hash(hash) and revoked_at is null limit 1";

    /// <summary>A slow hash that was imported, of any secret; null when there is none.</summary>
    public Task<string?> ImportedHashAsync(CancellationToken cancel) => database.FindAsync<string>(ImportedHashSql, null, cancel);

    public const string UsedSql = "update clients set last_used_at = @now where client_id = any (@clients)";

    /// <summary>Notes, in passing, who was used; fires no trigger.</summary>
    public Task ClientsUsedAsync(string[] clients, DateTimeOffset now) =>
        database.ExecuteAsync(UsedSql, new { clients, now = now.UtcDateTime }, CancellationToken.None);

    public const string KeysUsedSql = """
        with used as (
            select distinct on (client, thumbprint) client, thumbprint
              from unnest(@clients::text[], @thumbprints::text[]) as u (client, thumbprint)
        ), gone as (
            delete from client_key_uses where client_id = any (@clients) and last_used_at < @now::timestamptz - interval '90 days'
        )
        insert into client_key_uses (client_id, thumbprint, last_used_at)
        select u.client, u.thumbprint, @now from used u join clients c on c.client_id = u.client order by 1, 2
        on conflict (client_id, thumbprint) do update set last_used_at = excluded.last_used_at
        """;

    /// <summary>Notes with which keys.</summary>
    public Task KeysUsedAsync(IReadOnlyList<(string Client, string Thumbprint)> keys, DateTimeOffset now) =>
        database.ExecuteAsync(KeysUsedSql, new
        {
            clients = keys.Select(key => key.Client).ToArray(),
            thumbprints = keys.Select(key => key.Thumbprint).ToArray(),
            now = now.UtcDateTime,
        }, CancellationToken.None);

    public const string SecretUsedSql = "update client_secrets set last_used_at = @now where id = any (@secrets)";

    /// <summary>Notes with which secrets; fires no trigger.</summary>
    public Task SecretsUsedAsync(long[] secrets, DateTimeOffset now) =>
        database.ExecuteAsync(SecretUsedSql, new { secrets, now = now.UtcDateTime }, CancellationToken.None);
}
