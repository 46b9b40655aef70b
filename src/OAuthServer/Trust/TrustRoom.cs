namespace OAuthServer.Trust;

/// <summary>Issuers whose assertions are taken, and their rules.</summary>
public static class TrustRoom
{
    extension(IServiceCollection services)
    {
        public void AddTrust()
        {
            services.AddSingleton<TrustDirectory>();
            services.AddSingleton<IssuerKeys>();
            services.AddSingleton<Assertions>();
            services.AddSingleton<TrustTrial>();
        }
    }
}
