using OAuthServer.Admin.Audit;
using OAuthServer.Admin.Clients;
using OAuthServer.Admin.Delegation;
using OAuthServer.Admin.Grants;
using OAuthServer.Admin.Providers;
using OAuthServer.Admin.Resources;
using OAuthServer.Admin.Trust;
using OAuthServer.Admin.Users;

namespace OAuthServer.Admin;

/// <summary>The panel.</summary>
public static class AdminRoom
{
    extension(IServiceCollection services)
    {
        public void AddAdmin()
        {
            services.AddSingleton<DashboardEndpoint>();
            services.AddSingleton<AuditEndpoint>();
            services.AddSingleton<AuditExportEndpoint>();
            services.AddSingleton<WhyEndpoint>();
            services.AddSingleton<KeysEndpoint>();
            services.AddSingleton<ClientsEndpoint>();
            services.AddSingleton<ClientAddEndpoint>();
            services.AddSingleton<ClientSettingsEndpoint>();
            services.AddSingleton<ClientSecretsEndpoint>();
            services.AddSingleton<ClientLifecycleEndpoint>();
            services.AddSingleton<GrantsEndpoint>();
            services.AddSingleton<ResourceEndpoint>();
            services.AddSingleton<ScopeEndpoint>();
            services.AddSingleton<UsersEndpoint>();
            services.AddSingleton<ProfileEndpoint>();
            services.AddSingleton<FactorsEndpoint>();
            services.AddSingleton<UserEndpoint>();
            services.AddSingleton<LinksEndpoint>();
            services.AddSingleton<UserIdentitiesEndpoint>();
            services.AddSingleton<ProvidersEndpoint>();
            services.AddSingleton<ProviderTroubles>();
            services.AddSingleton<ProviderLifecycleEndpoint>();
            services.AddSingleton<DelegationEndpoint>();
            services.AddSingleton<ExchangeRuleEndpoint>();
            services.AddSingleton<TrustEndpoint>();
            services.AddSingleton<IssuerEndpoint>();
            services.AddSingleton<RuleEndpoint>();
            services.AddSingleton<IdentitiesEndpoint>();
            services.AddSingleton<AdminFallback>();
        }
    }
}
