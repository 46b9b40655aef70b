using System.Text.Json;
using OAuthServer.Clients;
using OAuthServer.Http;
using OAuthServer.Keys;
using OAuthServer.Protocol;

namespace OAuthServer.Discovery;

/// <summary>
/// RFC 8414 and RFC 9728 metadata. Lists what is registered, so it cannot lie; every URL is built from the configured issuer.
/// Answers from memory while the database is away.
/// </summary>
public sealed class DiscoveryEndpoint(Capabilities capabilities, ResourceDirectory resources, KeyRing keys, Settings settings)
{
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(500);
    private IReadOnlyList<string> lastScopes = [];
    private Task<ResourceDirectory.Snapshot>? overdue;

    /// <summary>RFC 8414 §2; the same where libraries look for an OpenID provider (decisions/0021-openid-configuration.md).</summary>
    public async Task ServerAsync(HttpContext http)
    {
        var scopes = await ScopesAsync(http.RequestAborted);
        Cacheable(http);
        var methods = capabilities.AuthMethods.Select(method => method.Name);
        await http.TaggedJsonAsync(json =>
        {
            json.WriteString("issuer", settings.Issuer);
            json.WriteString("authorization_endpoint", settings.Issuer + Paths.Authorize);
            json.WriteString("token_endpoint", settings.Issuer + Paths.Token);
            json.WriteString("revocation_endpoint", settings.Issuer + Paths.Revoke);
            json.WriteString("introspection_endpoint", settings.Issuer + Paths.Introspect);
            if (settings.Registration != "off") json.WriteString("registration_endpoint", settings.Issuer + Paths.Register);
            json.WriteString("revocation_feed_endpoint", settings.Issuer + Paths.Revocations);
            json.WriteString("jwks_uri", settings.Issuer + Paths.Jwks);
            Strings(json, "scopes_supported", scopes);
            Strings(json, "response_types_supported", ["code"]);
            Strings(json, "response_modes_supported", ["query"]);
            Strings(json, "grant_types_supported", capabilities.GrantTypes.Select(type => type.Name));
            Strings(json, "token_endpoint_auth_methods_supported", methods);
            Strings(json, "revocation_endpoint_auth_methods_supported", methods);
            Strings(json, "introspection_endpoint_auth_methods_supported",
                capabilities.AuthMethodsFor("resource-server").Select(method => method.Name));
            Strings(json, "code_challenge_methods_supported", ["S256"]);
            // OpenID Connect Discovery §3, required there: each person has one sub, and go-oidc verifies no other algorithm than these.
            Strings(json, "subject_types_supported", ["public"]);
            Strings(json, "id_token_signing_alg_values_supported", Algorithms());
            json.WriteBoolean("authorization_response_iss_parameter_supported", true);
            json.WriteBoolean("client_id_metadata_document_supported", settings.ClientDocuments);
            json.WriteString("service_documentation", settings.Issuer + Paths.Errors);
        });
    }

    // Of every key a verifier may meet; before the first was read, what it will be made for.
    private IEnumerable<string> Algorithms() => (keys.Published ?? []).Select(key => key.Row.Alg).Append(settings.Algorithm).Distinct();

    /// <summary>RFC 9728 §2, for this server's own bearer-protected endpoints.</summary>
    public Task ResourceAsync(HttpContext http)
    {
        Cacheable(http);
        return http.TaggedJsonAsync(json =>
        {
            json.WriteString("resource", settings.Issuer);
            Strings(json, "authorization_servers", [settings.Issuer]);
            Strings(json, "scopes_supported", [Scope.ReadAudit]);
            Strings(json, "bearer_methods_supported", ["header"]);
            json.WriteString("resource_name", settings.DisplayName);
        });
    }

    private async Task<IReadOnlyList<string>> ScopesAsync(CancellationToken cancel)
    {
        try
        {
            // While one look is overdue, nobody else waits for another: the scopes of before will do.
            var look = Volatile.Read(ref overdue);
            if (look is { IsCompleted: false }) return lastScopes;
            look = resources.ReadAsync(CancellationToken.None).AsTask();
            try
            {
                await look.WaitAsync(Patience, cancel);
            }
            catch (TimeoutException) when (!look.IsCompleted)
            {
                Volatile.Write(ref overdue, look);
                throw;
            }

            var known = await look;
            // What anybody may ask for: some clients ask for the whole list, and one closed scope would refuse all of it.
            lastScopes = [.. known.Scopes.Where(scope => scope.Open && scope.Resource != settings.Issuer).Select(scope => scope.Name)];
        }
        catch (Exception fault) when (fault is Npgsql.NpgsqlException or TimeoutException)
        {
            // The rest of the document does not need the database.
        }

        return lastScopes;
    }

    private static void Cacheable(HttpContext http) => http.Response.Headers.CacheControl = "public, max-age=300";

    private static void Strings(Utf8JsonWriter json, string name, IEnumerable<string> values)
    {
        json.WriteStartArray(name);
        foreach (var value in values) json.WriteStringValue(value);
        json.WriteEndArray();
    }
}
