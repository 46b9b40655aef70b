namespace OAuthServer.Limits;

/// <summary>The limit that everybody shares; the others belong to what they protect.</summary>
public static class LimitsRoom
{
    extension(IServiceCollection services)
    {
        public void AddLimits()
        {
            services.AddSingleton<SecretLimit>();
        }
    }
}
