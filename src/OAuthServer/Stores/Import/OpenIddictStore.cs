using Dapper;
using Npgsql;
using OAuthServer.Stores.Postgres;

namespace OAuthServer.Stores.Import;

/// <summary>A row of OpenIddictApplications; lists are JSON.</summary>
public sealed record OpenIddictApplication
{
    public required string ClientId { get; init; }

    /// <summary>PBKDF2, as ASP.NET Core Identity v3 writes it.</summary>
    public string? ClientSecret { get; init; }
    public string? DisplayName { get; init; }
    public string? Permissions { get; init; }
    public string? RedirectUris { get; init; }
}

/// <summary>A refresh token in OpenIddictTokens; its scope is its authorization's.</summary>
public sealed record OpenIddictToken
{
    /// <summary>SHA-256 of the token's text, in base64; null when it was no reference token, and so is not known by a hash.</summary>
    public string? ReferenceId { get; init; }
    public required string ClientId { get; init; }
    public required string Subject { get; init; }
    public string? Scopes { get; init; }
    public DateTime? ExpirationDate { get; init; }
}

/// <summary>A row of AspNetUsers.</summary>
public sealed record IdentityUser
{
    public required string Id { get; init; }
    public required string UserName { get; init; }
    public string? PasswordHash { get; init; }
}

/// <summary>
/// Another server's database: the tables of OpenIddict's Entity Framework Core stores and of ASP.NET Core Identity, in PostgreSQL and under
/// their usual names. Nothing is written there.
/// </summary>
public sealed class OpenIddictStore(Database database)
{
    // Not prepared by the test of our statements: these tables are not ours.
    private const string ApplicationsText = """
        select "ClientId" as client_id, "ClientSecret" as client_secret, "DisplayName" as display_name, "Permissions" as permissions,
               "RedirectUris" as redirect_uris
          from "OpenIddictApplications" where "ClientId" is not null order by "ClientId"
        """;

    private const string TokensText = """
        select t."ReferenceId" as reference_id, a."ClientId" as client_id, t."Subject" as subject, g."Scopes" as scopes,
               t."ExpirationDate" as expiration_date
          from "OpenIddictTokens" t
          join "OpenIddictApplications" a on a."Id" = t."ApplicationId"
          left join "OpenIddictAuthorizations" g on g."Id" = t."AuthorizationId"
         where t."Type" in ('refresh_token', 'urn:ietf:params:oauth:token-type:refresh_token')
           and t."Status" = 'valid' and t."ExpirationDate" > now()
           and (g."Id" is null or g."Status" = 'valid')
         order by t."CreationDate"
        """;

    private const string UsersText = """
        select "Id" as id, "UserName" as user_name, "PasswordHash" as password_hash
          from "AspNetUsers" where "UserName" is not null order by "Id"
        """;

    /// <summary>All clients.</summary>
    public Task<List<OpenIddictApplication>> ApplicationsAsync(CancellationToken cancel) =>
        ListAsync<OpenIddictApplication>(ApplicationsText, cancel);

    /// <summary>Refresh tokens that still live.</summary>
    public Task<List<OpenIddictToken>> RefreshTokensAsync(CancellationToken cancel) =>
        ListAsync<OpenIddictToken>(TokensText, cancel);

    /// <summary>All people; none where ASP.NET Core Identity keeps them elsewhere.</summary>
    public async Task<List<IdentityUser>> UsersAsync(CancellationToken cancel)
    {
        try { return await ListAsync<IdentityUser>(UsersText, cancel); }
        catch (PostgresException fault) when (fault.SqlState == PostgresErrorCodes.UndefinedTable) { return []; }
    }

    // As whoever the connection names: there is no role of ours.
    private async Task<List<T>> ListAsync<T>(string sql, CancellationToken cancel)
    {
        await using var connection = await database.OpenOwnerAsync(cancel);
        return (await connection.QueryAsync<T>(new CommandDefinition(sql, cancellationToken: cancel))).AsList();
    }
}
