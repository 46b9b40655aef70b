namespace OAuthServer.Revocation;

/// <summary>/revoke, /introspect, the revocation feed.</summary>
public static class RevocationRoom
{
    extension(IServiceCollection services)
    {
        public void AddRevocation()
        {
            services.AddSingleton<RevocationFeed>();
            services.AddSingleton<RevocationEndpoint>();
            services.AddSingleton<IntrospectionEndpoint>();
            services.AddSingleton<RevocationFeedEndpoint>();
        }
    }
}
