using OAuthServer.Authorization.Device;
using OAuthServer.Authorization.Federation;
using OAuthServer.Authorization.SecondFactor;

namespace OAuthServer.Authorization;

/// <summary>/authorize, sign-in, sign-out, consent.</summary>
public static class AuthorizationRoom
{
    extension(IServiceCollection services)
    {
        public void AddAuthorization()
        {
            services.AddSingleton<AuthorizationChecks>();
            services.AddSingleton<PendingRequests>();
            services.AddSingleton<NextStep>();
            services.AddSingleton<Consents>();
            services.AddSingleton<DeviceConsents>();
            services.AddSingleton<DeviceAttempts>();
            services.AddSingleton<DeviceAuthorizationEndpoint>();
            services.AddSingleton<DeviceEndpoint>();
            services.AddSingleton<AuthorizeEndpoint>();
            services.AddSingleton<LoginEndpoint>();
            services.AddSingleton<Entry>();
            services.AddSingleton<PendingSignIns>();
            services.AddSingleton<StepUp>();
            services.AddSingleton<CodeEndpoint>();
            services.AddSingleton<PasskeySignInEndpoint>();
            services.AddSingleton<LogoutEndpoint>();
            services.AddSingleton<EndSessionChecks>();
            services.AddSingleton<EndSessionEndpoint>();
            services.AddSingleton<ConsentEndpoint>();
            services.AddSingleton<SignInOffers>();
            services.AddSingleton<StraightOn>();
            services.AddSingleton<Departures>();
            services.AddSingleton<FederationRefusals>();
            services.AddSingleton<FederationStartEndpoint>();
            services.AddSingleton<FederationCallbackEndpoint>();
            services.AddSingleton<CompanySignOut>();
        }
    }
}
