using System.Text.Json;
using OAuthServer.Protocol;
using OAuthServer.Stores.Import;

namespace OAuthServer.Import;

/// <summary>
/// A database of OpenIddict, as records to import: clients with their secrets, people of ASP.NET Core Identity with their passwords, and
/// refresh tokens, where they are reference tokens. Its keys are where its program keeps them: its JWK Set is given apart. Browser sessions
/// are cookies that no table has.
/// </summary>
public static class OpenIddictConversion
{
    private const string GrantPrefix = "gt:";
    private const string ScopePrefix = "scp:";

    /// <summary>Its records.</summary>
    /// <param name="jwks">Its JWK Set; null: no keys.</param>
    public static async Task<IReadOnlyList<ImportRecord>> ConvertAsync(
        OpenIddictStore store, JsonElement? jwks, Conversion conversion, CancellationToken cancel)
    {
        var records = new List<ImportRecord>();
        if (jwks is { } keys) records.Add(new KeysRecord { Jwks = keys, Issuer = conversion.Issuer, Until = conversion.Until });
        var applications = await store.ApplicationsAsync(cancel);
        records.AddRange(applications.Select(application => Client(application, conversion)));
        foreach (var user in await store.UsersAsync(cancel))
            if (!Guid.TryParse(user.Id, out var subject)) conversion.LeftOut($"user {user.UserName}: its id is no UUID");
            else if (user.PasswordHash is null) conversion.LeftOut($"user {user.UserName}: no password");
            else
                records.Add(new UserRecord
                {
                    Subject = subject,
                    Username = user.UserName.ToLowerInvariant(),
                    PasswordHash = user.PasswordHash,
                });
        foreach (var token in await store.RefreshTokensAsync(cancel))
            if (token.ReferenceId is null) conversion.LeftOut($"a refresh token of {token.ClientId}: it is no reference token");
            else if (!Guid.TryParse(token.Subject, out var subject))
                conversion.LeftOut($"a refresh token of {token.ClientId}: its sub is no UUID");
            else
                records.Add(new RefreshTokenRecord
                {
                    Sha256 = token.ReferenceId,
                    ClientId = token.ClientId,
                    Subject = subject,
                    Scope = string.Join(' ', List(token.Scopes)),
                    Resources = [conversion.Resource],
                    ExpiresAt = new DateTimeOffset(DateTime.SpecifyKind(token.ExpirationDate!.Value, DateTimeKind.Utc)),
                });
        return records;
    }

    private static ClientRecord Client(OpenIddictApplication application, Conversion conversion)
    {
        var permissions = List(application.Permissions);
        var grants = After(GrantPrefix, permissions).ToArray();
        var signsIn = grants.Contains(GrantType.AuthorizationCode.Name);
        var kind = signsIn ? "user-facing" : grants.Length > 0 ? "machine" : "resource-server";
        string[] known = [.. grants.Where(grant => GrantType.All.Any(type => type.Name == grant)
            && (grant != GrantType.ClientCredentials.Name) == signsIn)];
        foreach (var grant in grants.Except(known)) conversion.LeftOut($"client {application.ClientId}: the grant type {grant}");
        return new ClientRecord
        {
            ClientId = application.ClientId,
            Kind = kind,
            Name = application.DisplayName ?? application.ClientId,
            RedirectUris = signsIn ? List(application.RedirectUris) : [],
            Scopes =
            [
                .. After(ScopePrefix, permissions),
                .. grants.Contains(GrantType.RefreshToken.Name) ? [Scope.OfflineAccess] : System.Array.Empty<string>(),
            ],
            Resources = [conversion.Resource],
            GrantTypes = kind == "resource-server" ? null : known,
            AuthMethod = application.ClientSecret is null ? AuthMethod.None.Name : AuthMethod.ClientSecretBasic.Name,
            Secrets = application.ClientSecret is { } hash ? [new SecretRecord { Hash = hash, Label = "from OpenIddict" }] : [],
            Note = "From OpenIddict",
        };
    }

    private static IEnumerable<string> After(string prefix, string[] permissions) =>
        permissions.Where(permission => permission.StartsWith(prefix, StringComparison.Ordinal))
            .Select(permission => permission[prefix.Length..]);

    private static string[] List(string? json) => json is null ? [] : JsonSerializer.Deserialize<string[]>(json) ?? [];
}
