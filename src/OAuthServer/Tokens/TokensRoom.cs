namespace OAuthServer.Tokens;

/// <summary>Access tokens: issued, verified, revoked.</summary>
public static class TokensRoom
{
    extension(IServiceCollection services)
    {
        public void AddTokens()
        {
            services.AddSingleton<AccessTokens>();
            services.AddSingleton<IdTokens>();
            services.AddSingleton<ImportedTokens>();
            services.AddSingleton<Revocations>();
        }
    }
}
