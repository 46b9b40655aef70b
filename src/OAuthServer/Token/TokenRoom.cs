namespace OAuthServer.Token;

/// <summary>/token, and the class of every grant type: a line each.</summary>
public static class TokenRoom
{
    extension(IServiceCollection services)
    {
        public void AddToken()
        {
            services.AddSingleton<IGrant, AuthorizationCodeGrant>();
            services.AddSingleton<IGrant, RefreshTokenGrant>();
            services.AddSingleton<IGrant, ClientCredentialsGrant>();
            services.AddSingleton<IGrant, JwtBearerGrant>();
            services.AddSingleton<IGrant, TokenExchangeGrant>();
            services.AddSingleton<IGrant, DeviceCodeGrant>();
            services.AddSingleton<IdJagGrant>();
            services.AddSingleton<WorkloadGrant>();
            services.AddSingleton<CodeRedemption>();
            services.AddSingleton<GrantTokens>();
            services.AddSingleton<ExchangeSteps>();
            services.AddSingleton<TokenEndpoint>();
        }
    }
}
