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
        var metadata = new ServerMetadata
        {
            Issuer = settings.Issuer,
            AuthorizationEndpoint = settings.Issuer + Paths.Authorize,
            TokenEndpoint = settings.Issuer + Paths.Token,
            RevocationEndpoint = settings.Issuer + Paths.Revoke,
            IntrospectionEndpoint = settings.Issuer + Paths.Introspect,
            RegistrationEndpoint = settings.Registration == "off" ? null : settings.Issuer + Paths.Register,
            RevocationFeedEndpoint = settings.Issuer + Paths.Revocations,
            JwksUri = settings.Issuer + Paths.Jwks,
            ScopesSupported = scopes,
            GrantTypesSupported = capabilities.GrantTypes.Select(type => type.Name),
            TokenEndpointAuthMethodsSupported = methods,
            RevocationEndpointAuthMethodsSupported = methods,
            IntrospectionEndpointAuthMethodsSupported = capabilities.AuthMethodsFor("resource-server").Select(method => method.Name),
            IdTokenSigningAlgValuesSupported = Algorithms(),
            ClientIdMetadataDocumentSupported = settings.ClientDocuments,
            ServiceDocumentation = settings.Issuer + Paths.Errors,
        };
        await http.TaggedJsonAsync(metadata, DiscoveryJson.Default.ServerMetadata);
    }

    // Of every key a verifier may meet; before the first was read, what it will be made for.
    private IEnumerable<string> Algorithms() => (keys.Published ?? []).Select(key => key.Row.Alg).Append(settings.Algorithm).Distinct();

    /// <summary>RFC 9728 §2, for this server's own bearer-protected endpoints.</summary>
    public Task ResourceAsync(HttpContext http)
    {
        Cacheable(http);
        var metadata = new ResourceMetadata
        {
            Resource = settings.Issuer,
            AuthorizationServers = [settings.Issuer],
            ScopesSupported = [Scope.ReadAudit],
            ResourceName = settings.DisplayName,
        };
        return http.TaggedJsonAsync(metadata, DiscoveryJson.Default.ResourceMetadata);
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
}
