using OAuthServer.Protocol;
using OAuthServer.Stores.Audit;
using OAuthServer.Stores.Clients;
using OAuthServer.Stores.Federation;
using OAuthServer.Stores.Grants;
using OAuthServer.Stores.Keys;
using OAuthServer.Stores.Mail;
using OAuthServer.Stores.Postgres;
using OAuthServer.Stores.Resources;
using OAuthServer.Stores.Trust;
using OAuthServer.Stores.UsedProofs;
using OAuthServer.Stores.Users;

namespace OAuthServer.Stores;

/// <summary>The database, its stores, and the loops that write for them.</summary>
public static class StoresRoom
{
    extension(IServiceCollection services)
    {
        public void AddStores(Settings settings)
        {
            services.AddSingleton(_ => new Database(settings.Database));
            services.AddSingleton(provider =>
                new Replica(provider.GetRequiredService<Database>(), settings.ReplicaDatabase,
                    provider.GetRequiredService<ILogger<Replica>>()));
            services.AddSingleton<Migrations>();
            services.AddSingleton<Notifications>();
            services.AddSingleton<UnreadableRows>();
            services.AddSingleton<DatabaseClock>();
            services.AddLoop<Notifications>((loop, cancel) => loop.RunAsync(cancel));
            services.AddLoop<DatabaseClock>((loop, cancel) => loop.RunAsync(cancel));
            services.AddSingleton<AuditStore>();
            services.AddSingleton<AuditWriteStore>();
            services.AddSingleton<DashboardStore>();
            services.AddSingleton<ClientDocumentStore>();
            services.AddSingleton<ClientEdits>();
            services.AddSingleton<ClientQueries>();
            services.AddSingleton<ClientStore>();
            services.AddLoop<ClientStore>((loop, cancel) => loop.RunAsync(cancel));
            services.AddSingleton<InvitationStore>();
            services.AddSingleton<RegistrationStore>();
            services.AddSingleton<RegistrationSweepStore>();
            services.AddSingleton<AuthorizationRequestStore>();
            services.AddSingleton<ConsentStore>();
            services.AddSingleton<DeviceRequestStore>();
            services.AddSingleton<DeviceAttemptStore>();
            services.AddSingleton<DeviceDecisionStore>();
            services.AddSingleton<GrantRevocationStore>();
            services.AddSingleton<GrantStore>();
            services.AddSingleton<GrantSweepStore>();
            services.AddSingleton<DelegationStore>();
            services.AddSingleton<OnwardStore>();
            services.AddSingleton<ExchangeRuleEdits>();
            services.AddSingleton<ExchangeRuleStore>();
            services.AddSingleton<ExchangeStore>();
            services.AddSingleton<OperatorGrantStore>();
            services.AddSingleton<OwnGrantStore>();
            services.AddSingleton<PresentedGrantStore>();
            services.AddSingleton<PushedRequestStore>();
            services.AddSingleton<RedemptionStore>();
            services.AddSingleton<RotationStore>();
            services.AddSingleton<UsedProofStore>();
            services.AddSingleton<RevokedTokenStore>();
            services.AddSingleton<RevocationFeedStore>();
            services.AddLoop<AuthorizationRequestStore>((loop, cancel) => loop.WriteAsync(cancel));
            services.AddLoop<AuthorizationRequestStore>((loop, cancel) => loop.ReadAsync(cancel));
            services.AddLoop<ConsentStore>((loop, cancel) => loop.RunAsync(cancel));
            services.AddLoop<PresentedGrantStore>((loop, cancel) => loop.RunAsync(cancel));
            services.AddLoop<PushedRequestStore>((loop, cancel) => loop.RunAsync(cancel));
            services.AddLoop<RedemptionStore>((loop, cancel) => loop.RunAsync(cancel));
            services.AddLoop<RotationStore>((loop, cancel) => loop.RunAsync(cancel));
            services.AddLoop<UsedProofStore>((loop, cancel) => loop.RunAsync(cancel));
            services.AddLoop<RevokedTokenStore>((loop, cancel) => loop.RunAsync(cancel));
            services.AddSingleton<DataProtectionKeyStore>();
            services.AddSingleton<ImportedKeyStore>();
            services.AddSingleton<KeySetStore>();
            services.AddSingleton<SigningKeyStore>();
            services.AddSingleton<ProviderStore>();
            services.AddSingleton<ProviderEdits>();
            services.AddSingleton<ProviderFaultStore>();
            services.AddSingleton<IdentityStore>();
            services.AddSingleton<IdentityEdits>();
            services.AddSingleton<IdentityQueries>();
            services.AddSingleton<FederationRequestStore>();
            services.AddSingleton<TrustStore>();
            services.AddSingleton<TrustEdits>();
            services.AddSingleton<AssertionGrantStore>();
            services.AddSingleton<AccessEdits>();
            services.AddSingleton<ResourceEdits>();
            services.AddSingleton<ResourceStore>();
            services.AddSingleton<ScopeEdits>();
            services.AddSingleton<AccountEventStore>();
            services.AddSingleton<FactorStore>();
            services.AddSingleton<AccountLinkStore>();
            services.AddSingleton<LogoutDeliveryStore>();
            services.AddSingleton<OutboxStore>();
            services.AddSingleton<OwnDataStore>();
            services.AddSingleton<OwnSessionStore>();
            services.AddSingleton<SessionStore>();
            services.AddSingleton<PasskeyStore>();
            services.AddSingleton<PendingSignInStore>();
            services.AddSingleton<PersonStore>();
            services.AddSingleton<ProfileEdits>();
            services.AddLoop<PersonStore>((loop, cancel) => loop.RunAsync(cancel));
            services.AddLoop<SessionStore>((loop, cancel) => loop.RunAsync(cancel));
            services.AddSingleton<UserEdits>();
            services.AddSingleton<UserQueries>();
            services.AddSingleton<UserStore>();
        }
    }
}
