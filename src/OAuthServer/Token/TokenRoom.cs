namespace OAuthServer.Token;

/// <summary>/token, and every grant type: a line each; discovery lists them.</summary>
public static class TokenRoom
{
    extension(IServiceCollection services)
    {
        public void AddToken()
        {
            services.AddSingleton<IGrant, AuthorizationCodeGrant>();
            services.AddSingleton<IGrant, RefreshTokenGrant>();
            services.AddSingleton<IGrant, ClientCredentialsGrant>();
            services.AddSingleton<TokenEndpoint>();
        }
    }
}
