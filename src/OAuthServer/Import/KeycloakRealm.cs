using System.Buffers.Text;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using OAuthServer.Protocol;

namespace OAuthServer.Import;

/// <summary>What a conversion cannot know by itself.</summary>
public sealed record Conversion
{
    /// <summary>The resource of ours that all tokens are for.</summary>
    public required string Resource { get; init; }

    /// <summary>The iss of the other server's tokens.</summary>
    public required string Issuer { get; init; }

    /// <summary>When its keys verify no longer.</summary>
    public required DateTimeOffset Until { get; init; }

    /// <summary>Hashes a secret that the export has as it is.</summary>
    public required Func<string, string> Hash { get; init; }

    /// <summary>Told what is left out, and why.</summary>
    public required Action<string> LeftOut { get; init; }
}

/// <summary>
/// A realm export of Keycloak (<c>kc.sh export --users realm_file</c>), as records to import: its signing keys, clients with their secrets,
/// and people with their passwords. Its refresh tokens and sessions are in no export.
/// </summary>
public static class KeycloakRealm
{
    // Made by Keycloak in every realm, for its own pages.
    private static readonly string[] OwnClients =
        ["account", "account-console", "admin-cli", "broker", "realm-management", "security-admin-console"];

    private static readonly string[] OwnScopes =
    [
        "acr", "address", "basic", "email", "microprofile-jwt", "organization", "phone", "profile", "role_list", "roles",
        "saml_organization", "service_account", "web-origins",
    ];

    /// <summary>Its records; throws JsonException when it is no realm export.</summary>
    public static IEnumerable<ImportRecord> Convert(JsonElement realm, Conversion conversion)
    {
        if (realm.ValueKind != JsonValueKind.Object || Text(realm, "realm") is null) throw new JsonException("no realm export of Keycloak");
        return [.. Keys(realm, conversion), .. Clients(realm, conversion), .. Users(realm, conversion)];
    }

    private static IEnumerable<ImportRecord> Keys(JsonElement realm, Conversion conversion)
    {
        if (!realm.TryGetProperty("components", out var components)
            || !components.TryGetProperty("org.keycloak.keys.KeyProvider", out var providers)) yield break;
        var keys = new List<object>();
        foreach (var provider in providers.EnumerateArray())
        {
            if (!provider.TryGetProperty("config", out var config) || First(config, "certificate") is not { } certificate) continue;
            if (First(config, "enabled") == "false" || First(config, "active") == "false")
            {
                conversion.LeftOut($"key {Text(provider, "name")}: it is disabled");
                continue;
            }

            if (First(config, "keyUse") is "ENC" or "enc" || First(config, "algorithm") is { } algorithm and not "RS256")
            {
                conversion.LeftOut($"key {Text(provider, "name")}: only RS256 is converted");
                continue;
            }

            using var read = X509CertificateLoader.LoadCertificate(System.Convert.FromBase64String(certificate));
            using var rsa = read.GetRSAPublicKey();
            if (rsa is null) continue;
            var parameters = rsa.ExportParameters(false);
            keys.Add(new
            {
                kty = "RSA",
                use = "sig",
                alg = "RS256",
                // KeyUtils.createKeyId: SHA-256 over SubjectPublicKeyInfo.
                kid = Base64Url.EncodeToString(SHA256.HashData(rsa.ExportSubjectPublicKeyInfo())),
                n = Base64Url.EncodeToString(parameters.Modulus),
                e = Base64Url.EncodeToString(parameters.Exponent),
            });
        }

        if (keys.Count > 0)
            yield return new KeysRecord
            {
                Jwks = JsonSerializer.SerializeToElement(new { keys }),
                Issuer = conversion.Issuer,
                Until = conversion.Until,
            };
    }

    private static IEnumerable<ImportRecord> Clients(JsonElement realm, Conversion conversion)
    {
        foreach (var client in Array(realm, "clients"))
        {
            if (Text(client, "clientId") is not { } id || OwnClients.Contains(id)) continue;
            if (Text(client, "protocol") is not (null or "openid-connect"))
            {
                conversion.LeftOut($"client {id}: its protocol is {Text(client, "protocol")}");
                continue;
            }

            var (isPublic, signsIn) = (Is(client, "publicClient", false), Is(client, "standardFlowEnabled", true));
            var isMachine = Is(client, "serviceAccountsEnabled", false) && !signsIn;
            var kind = Is(client, "bearerOnly", false) ? "resource-server" : isMachine ? "machine" : "user-facing";
            if (kind == "user-facing" && Is(client, "serviceAccountsEnabled", false))
                conversion.LeftOut($"client {id}: its service account; a machine is a client of its own here");
            yield return new ClientRecord
            {
                ClientId = id,
                Kind = kind,
                Name = Text(client, "name") is { Length: > 0 } name && !name.Contains("${", StringComparison.Ordinal) ? name : id,
                Enabled = Is(client, "enabled", true),
                RedirectUris = kind == "user-facing" ? [.. Redirects(client, id, conversion)] : [],
                Scopes = kind == "resource-server" ? []
                    : [.. Scopes(client, "defaultClientScopes"), .. Scopes(client, "optionalClientScopes")],
                DefaultScopes = kind == "resource-server" ? [] : [.. Scopes(client, "defaultClientScopes").Where(IsGrantedUnasked)],
                Resources = [conversion.Resource],
                GrantTypes = kind == "user-facing" ? [GrantType.AuthorizationCode.Name, GrantType.RefreshToken.Name] : null,
                AuthMethod = isPublic ? AuthMethod.None.Name : AuthMethod.ClientSecretBasic.Name,
                Secrets = Secrets(client, id, isPublic, conversion),
                Note = $"From the realm {Text(realm, "realm")} of Keycloak",
            };
        }
    }

    private static bool IsGrantedUnasked(string scope) => scope != Scope.OfflineAccess;

    private static IEnumerable<string> Scopes(JsonElement client, string list) =>
        Array(client, list).Select(scope => scope.GetString()!).Where(scope => !OwnScopes.Contains(scope));

    private static IEnumerable<string> Redirects(JsonElement client, string id, Conversion conversion)
    {
        foreach (var uri in Array(client, "redirectUris").Select(uri => uri.GetString()!))
            if (!uri.Contains('*') && Uri.TryCreate(uri, UriKind.Absolute, out var parsed) && parsed.Scheme != "file") yield return uri;
            else conversion.LeftOut($"client {id}: the redirect URI {uri}; here they are compared whole, so write each one out");
    }

    private static SecretRecord[] Secrets(JsonElement client, string id, bool isPublic, Conversion conversion)
    {
        if (isPublic) return [];
        if (Text(client, "secret") is { Length: > 0 } secret && secret.Any(character => character != '*'))
            return [new SecretRecord { Hash = conversion.Hash(secret), Label = "from Keycloak" }];
        conversion.LeftOut($"client {id}: its secret is masked in this export; make one with clients secret add");
        return [];
    }

    private static IEnumerable<ImportRecord> Users(JsonElement realm, Conversion conversion)
    {
        foreach (var user in Array(realm, "users"))
        {
            if (Text(user, "serviceAccountClientId") is not null) continue;
            var name = Text(user, "username") ?? "";
            if (!Guid.TryParse(Text(user, "id"), out var subject)) conversion.LeftOut($"user {name}: no id");
            else if (Password(user) is not { } hash)
                conversion.LeftOut($"user {name}: no password that can be read; add one with users add");
            else
                yield return new UserRecord
                {
                    Subject = subject,
                    Username = name.ToLowerInvariant(),
                    PasswordHash = hash,
                    Enabled = Is(user, "enabled", true),
                };
        }
    }

    // Both parts of a credential are JSON in a string.
    private static string? Password(JsonElement user)
    {
        foreach (var credential in Array(user, "credentials").Where(credential => Text(credential, "type") == "password"))
        {
            if (Text(credential, "secretData") is not { } secret || Text(credential, "credentialData") is not { } data) continue;
            using var hashed = JsonDocument.Parse(secret);
            using var how = JsonDocument.Parse(data);
            var (root, salt) = (how.RootElement, Text(hashed.RootElement, "salt")?.TrimEnd('='));
            if (Text(hashed.RootElement, "value")?.TrimEnd('=') is not { } value || salt is null) continue;
            var iterations = root.TryGetProperty("hashIterations", out var count) ? count.GetInt32() : 0;
            switch (Text(root, "algorithm"))
            {
                case "pbkdf2" or "pbkdf2-sha1": return $"$pbkdf2-sha1$i={iterations}${salt}${value}";
                case "pbkdf2-sha256": return $"$pbkdf2-sha256$i={iterations}${salt}${value}";
                case "pbkdf2-sha512": return $"$pbkdf2-sha512$i={iterations}${salt}${value}";
                case "argon2" when root.TryGetProperty("additionalParameters", out var more) && First(more, "type") is "id"
                                   && First(more, "version") is "1.3":
                    return $"$argon2id$v=19$m={First(more, "memory")},t={iterations},p={First(more, "parallelism")}${salt}${value}";
            }
        }

        return null;
    }

    private static string? Text(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static bool Is(JsonElement element, string name, bool otherwise) =>
        element.TryGetProperty(name, out var value) ? value.ValueKind == JsonValueKind.True : otherwise;

    private static IEnumerable<JsonElement> Array(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Array ? value.EnumerateArray() : [];

    // Keycloak's settings are lists of one.
    private static string? First(JsonElement element, string name) =>
        Array(element, name).Select(value => value.GetString()).FirstOrDefault();
}
