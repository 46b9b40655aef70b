namespace OAuthServer.Discovery;

/// <summary>Metadata, JWKS, security.txt, health.</summary>
public static class DiscoveryRoom
{
    extension(IServiceCollection services)
    {
        public void AddDiscovery()
        {
            services.AddSingleton<DiscoveryEndpoint>();
            services.AddSingleton<JwksEndpoint>();
            services.AddSingleton<SecurityTextEndpoint>();
            services.AddSingleton<HealthEndpoint>();
            services.AddHealthChecks().AddCheck<Readiness>("reason");
        }
    }
}
