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
    private volatile Prepared? last;
    private Task<ResourceDirectory.Snapshot>? overdue;

    /// <summary>RFC 8414 §2; the same where libraries look for an OpenID provider (decisions/0021-openid-configuration.md).</summary>
    public async Task ServerAsync(HttpContext http)
    {
        var catalog = await ReadAsync(http.RequestAborted);
        var published = keys.Published;
        if (last is not { } prepared || prepared.Catalog != catalog || prepared.Keys != published)
            last = prepared = new Prepared(catalog, published, Prepare(catalog, published));
        Cacheable(http);
        await http.SendAsync(prepared.Answer);
    }

    private PreparedJson Prepare(ResourceDirectory.Snapshot? catalog, IReadOnlyList<SigningKey>? published)
    {
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
            // What anybody may ask for: some clients ask for the whole list, and one closed scope would refuse all of it.
            ScopesSupported = (catalog?.Scopes ?? []).Where(scope => scope is { Open: true, Identity: false } && scope.Resource != settings.Issuer)
                .Select(scope => scope.Name).ToArray(),
            GrantTypesSupported = capabilities.GrantTypes.Select(type => type.Name),
            TokenEndpointAuthMethodsSupported = methods,
            RevocationEndpointAuthMethodsSupported = methods,
            IntrospectionEndpointAuthMethodsSupported = capabilities.AuthMethodsFor("resource-server").Select(method => method.Name),
            // Of every key a verifier may meet; before the first was read, what it will be made for.
            IdTokenSigningAlgValuesSupported = (published ?? []).Select(key => key.Row.Alg).Append(settings.Algorithm).Distinct(),
            ClientIdMetadataDocumentSupported = settings.ClientDocuments,
            ServiceDocumentation = settings.Issuer + Paths.Errors,
        };
        return Answer.Prepare(metadata, DiscoveryJson.Default.ServerMetadata);
    }

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
        return http.SendAsync(Answer.Prepare(metadata, DiscoveryJson.Default.ResourceMetadata));
    }

    // Null, or what was read before, while the database is away: the rest of the document does not need it.
    private async ValueTask<ResourceDirectory.Snapshot?> ReadAsync(CancellationToken cancel)
    {
        try
        {
            // While one look is overdue, nobody else waits for another: the scopes of before will do.
            if (Volatile.Read(ref overdue) is { IsCompleted: false }) return last?.Catalog;
            var reading = resources.ReadAsync(CancellationToken.None);
            if (reading.IsCompletedSuccessfully) return reading.Result;
            var look = reading.AsTask();
            try
            {
                return await look.WaitAsync(Patience, cancel);
            }
            catch (TimeoutException) when (!look.IsCompleted)
            {
                Volatile.Write(ref overdue, look);
                throw;
            }
        }
        catch (Exception fault) when (fault is Npgsql.NpgsqlException or TimeoutException)
        {
            return last?.Catalog;
        }
    }

    private static void Cacheable(HttpContext http) => http.Response.Headers.CacheControl = "public, max-age=300";

    // Both are the same objects until somebody edits a scope, or a key begins or ends.
    private sealed record Prepared(ResourceDirectory.Snapshot? Catalog, IReadOnlyList<SigningKey>? Keys, PreparedJson Answer);
}
