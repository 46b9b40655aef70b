namespace OAuthServer.Account;

/// <summary>A person's own pages.</summary>
public static class AccountRoom
{
    extension(IServiceCollection services)
    {
        public void AddAccount()
        {
            services.AddSingleton<AccountEndpoint>();
            services.AddSingleton<ForgottenPasswordEndpoint>();
            services.AddSingleton<LinkEndpoint>();
            services.AddSingleton<CompanyAccountsEndpoint>();
            services.AddSingleton<ConnectedAppsEndpoint>();
            services.AddSingleton<OwnDataEndpoint>();
            services.AddSingleton<OwnSessionsEndpoint>();
            services.AddSingleton<PasskeysEndpoint>();
            services.AddSingleton<PasswordEndpoint>();
            services.AddSingleton<SecondFactorEndpoint>();
        }
    }
}
