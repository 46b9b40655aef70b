namespace OAuthServer.Tokens;

/// <summary>Access tokens: issued, verified, revoked, bound to keys; id_tokens that come back as hints.</summary>
public static class TokensRoom
{
    extension(IServiceCollection services)
    {
        public void AddTokens()
        {
            services.AddSingleton<AccessTokens>();
            services.AddSingleton<IdTokens>();
            services.AddSingleton<ImportedTokens>();
            services.AddSingleton<IdTokenHints>();
            services.AddSingleton<Revocations>();
            services.AddSingleton<DpopNonces>();
            services.AddSingleton<DpopProofs>();
        }
    }
}
