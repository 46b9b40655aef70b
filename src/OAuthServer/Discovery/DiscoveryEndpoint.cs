using OAuthServer.Clients;
using OAuthServer.Html;
using OAuthServer.Http;
using OAuthServer.Keys;
using OAuthServer.Protocol;
using OAuthServer.Stores.Resources;
using OAuthServer.Tokens;
using OAuthServer.Trust;

namespace OAuthServer.Discovery;

/// <summary>
/// RFC 8414 and RFC 9728 metadata. Lists what is registered, so it cannot lie; every URL is built from the configured issuer.
/// Answers from memory while the database is away.
/// </summary>
public sealed class DiscoveryEndpoint(Capabilities capabilities, ResourceDirectory resources, TrustDirectory trust, KeyRing keys,
    Settings settings)
{
    // ID-JAG §7.2.
    private const string IdJagProfile = "urn:ietf:params:oauth:grant-profile:id-jag";
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(500);
    private volatile Prepared? last;
    private Task<ResourceDirectory.Snapshot>? overdue;

    /// <summary>RFC 8414 §2.</summary>
    public async Task ServerAsync(HttpContext http)
    {
        Cacheable(http);
        await http.SendAsync((await PreparedAsync(http.RequestAborted)).Server);
    }

    /// <summary>
    /// OpenID Connect Discovery §4: the same members, and the scopes that tell apps about a person
    /// (decisions/0021-openid-configuration.md). 404 where nothing signs the id_tokens that every client expects.
    /// </summary>
    public async Task OpenIdAsync(HttpContext http)
    {
        if ((await PreparedAsync(http.RequestAborted)).OpenId is not { } document)
        {
            http.Response.StatusCode = StatusCodes.Status404NotFound;
            return;
        }

        Cacheable(http);
        await http.SendAsync(document);
    }

    private async Task<Prepared> PreparedAsync(CancellationToken cancel)
    {
        var catalog = await ReadAsync(cancel);
        var trusted = await TrustAsync(cancel);
        var published = keys.Published;
        // Until keys are read, what they will be made for: the document does not change when the database comes.
        var isProvider = keys.SignsIdTokens;
        if (last is { } prepared
            && prepared.Catalog == catalog && prepared.Trust == trusted && prepared.Keys == published
            && prepared.OpenId is not null == isProvider)
            return prepared;
        return last = new Prepared(catalog, trusted, published, Prepare(false), isProvider ? Prepare(true) : null);

        // Some clients ask for every scope RFC 8414's document lists, and would ask people for what they do not need.
        PreparedJson Prepare(bool withIdentityScopes)
        {
            var scopes = (catalog?.Scopes ?? []).Where(scope => !scope.Identity || withIdentityScopes);
            return Answer.Prepare(Metadata(scopes, catalog?.ClaimRules ?? [], published, isProvider, trusted),
                DiscoveryJson.Default.ServerMetadata);
        }
    }

    private ServerMetadata Metadata(
        IEnumerable<ScopeRow> scopes, IReadOnlyList<ClaimRule> claimRules, IReadOnlyList<SigningKey>? published, bool isProvider,
        TrustDirectory.Snapshot? trusted)
    {
        var methods = capabilities.AuthMethods.Where(method => method.IsOffered).Select(method => method.Name);
        var metadata = new ServerMetadata
        {
            Issuer = settings.Issuer,
            AuthorizationEndpoint = settings.Issuer + Paths.Authorize,
            PushedAuthorizationRequestEndpoint = settings.Issuer + Paths.Par,
            RequirePushedAuthorizationRequests = settings.RequirePar,
            TokenEndpoint = settings.Issuer + Paths.Token,
            DeviceAuthorizationEndpoint = settings.Issuer + Paths.DeviceAuthorization,
            RevocationEndpoint = settings.Issuer + Paths.Revoke,
            IntrospectionEndpoint = settings.Issuer + Paths.Introspect,
            RegistrationEndpoint = settings.Registration == "off" ? null : settings.Issuer + Paths.Register,
            RevocationFeedEndpoint = settings.Issuer + Paths.Revocations,
            JwksUri = settings.Issuer + Paths.Jwks,
            // What anybody may ask for: some clients ask for the whole list, and one closed scope would refuse all of it.
            ScopesSupported = scopes.Where(scope => scope.Open && scope.Resource != settings.Issuer).Select(scope => scope.Name).ToArray(),
            GrantTypesSupported = capabilities.GrantTypes.Where(type => !type.NeedsTrust || trusted is { HasEnabled: true })
                .Select(type => type.Name),
            AuthorizationGrantProfilesSupported = trusted is { HasPeople: true } ? [IdJagProfile] : null,
            TokenEndpointAuthMethodsSupported = methods,
            RevocationEndpointAuthMethodsSupported = methods,
            IntrospectionEndpointAuthMethodsSupported = capabilities.OfferedTo("resource-server").Select(method => method.Name),
            // Of every key a verifier may meet; before the first was read, what it will be made for.
            IdTokenSigningAlgValuesSupported = (published ?? []).Select(key => key.Row.Alg).Append(settings.Algorithm).Distinct(),
            ClientIdMetadataDocumentSupported = settings.ClientDocuments,
            ServiceDocumentation = settings.Issuer + Paths.Errors,
        };
        return !isProvider ? metadata : metadata with
        {
            IdTokenSigningAlgValuesSupported = SigningAlgorithms.All,
            UserinfoEndpoint = settings.Issuer + Paths.UserInfo,
            EndSessionEndpoint = settings.Issuer + Paths.EndSession,
            ClaimsSupported = [.. PersonClaims.Supported, .. claimRules.Select(rule => rule.Claim).Distinct()],
            AcrValuesSupported = ["aal1", "aal2"],
            PromptValuesSupported = ["none", "login", "consent", "select_account"],
            UiLocalesSupported = Language.All.Select(language => language.Code),
            ClaimsParameterSupported = false,
            RequestParameterSupported = false,
            RequestUriParameterSupported = false,
            BackchannelLogoutSupported = true,
            BackchannelLogoutSessionSupported = true,
        };
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

    // What was read before, while the database is away.
    private async ValueTask<TrustDirectory.Snapshot?> TrustAsync(CancellationToken cancel)
    {
        try
        {
            var reading = trust.ReadAsync(CancellationToken.None);
            return reading.IsCompletedSuccessfully ? reading.Result : await reading.AsTask().WaitAsync(Patience, cancel);
        }
        catch (Exception fault) when (fault is Npgsql.NpgsqlException or TimeoutException)
        {
            return last?.Trust;
        }
    }

    private static void Cacheable(HttpContext http) => http.Response.Headers.CacheControl = "public, max-age=300";

    // Catalog and keys are the same objects until somebody edits a scope, or a key begins or ends.
    private sealed record Prepared(
        ResourceDirectory.Snapshot? Catalog, TrustDirectory.Snapshot? Trust, IReadOnlyList<SigningKey>? Keys, PreparedJson Server,
        PreparedJson? OpenId);
}
