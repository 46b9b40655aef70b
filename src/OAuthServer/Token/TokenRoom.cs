using OAuthServer.Protocol;

namespace OAuthServer.Token;

/// <summary>/token, and every grant type: a line each.</summary>
public static class TokenRoom
{
    extension(IServiceCollection services)
    {
        public void AddToken()
        {
            services.AddGrant<AuthorizationCodeGrant>(GrantType.AuthorizationCode);
            services.AddGrant<RefreshTokenGrant>(GrantType.RefreshToken);
            services.AddGrant<ClientCredentialsGrant>(GrantType.ClientCredentials);
            services.AddSingleton<TokenEndpoint>();
        }

        /// <summary>A grant type: what it is, and the file that does it.</summary>
        public void AddGrant<T>(GrantType type) where T : class, IGrant
        {
            services.AddSingleton(type);
            services.AddSingleton<IGrant, T>();
        }
    }
}
