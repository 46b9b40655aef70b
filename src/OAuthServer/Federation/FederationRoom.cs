namespace OAuthServer.Federation;

/// <summary>Companies people sign in at.</summary>
public static class FederationRoom
{
    extension(IServiceCollection services)
    {
        public void AddFederation()
        {
            services.AddSingleton<ProviderDirectory>();
            services.AddSingleton<Upstreams>();
            services.AddSingleton<CodeExchange>();
            services.AddSingleton<FederationRequests>();
            services.AddSingleton<Arrivals>();
            services.AddSingleton<ProviderStates>();
            services.AddSingleton<ProviderProbe>();
        }
    }
}
