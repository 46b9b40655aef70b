using OAuthServer.Account;
using OAuthServer.Admin;
using OAuthServer.Admin.Audit;
using OAuthServer.Admin.Clients;
using OAuthServer.Admin.Delegation;
using OAuthServer.Admin.Grants;
using OAuthServer.Admin.Providers;
using OAuthServer.Admin.Resources;
using OAuthServer.Admin.Trust;
using OAuthServer.Admin.Users;
using OAuthServer.Authorization;
using OAuthServer.Authorization.Device;
using OAuthServer.Authorization.Federation;
using OAuthServer.Authorization.SecondFactor;
using OAuthServer.Discovery;
using OAuthServer.Html;
using OAuthServer.Http;
using OAuthServer.Playground;
using OAuthServer.Protocol;
using OAuthServer.Registration;
using OAuthServer.Revocation;
using OAuthServer.Token;
using OAuthServer.UserInfo;
using static OAuthServer.Http.RouteTraits;

namespace OAuthServer;

/// <summary>Every URL: verb, path, handler, what it answers. Whatever depends on the path reads the traits of its line.</summary>
public static class Routes
{
    public static void Map(WebApplication app, Settings settings)
    {
        MapHost(new RouteTable(app, ""), settings);
        var issuer = new RouteTable(app, settings.IssuerPath);
        MapProtocol(issuer, settings);
        MapPages(issuer, settings, app.Services.GetRequiredService<Assets>());
        MapAdmin(issuer);
    }

    // Below the host, whatever the issuer's path is.
    private static void MapHost(RouteTable host, Settings settings)
    {
        host.Get<HealthEndpoint>(Paths.Health, it => it.HealthAsync, Json | AnyHost);
        host.Get<HealthEndpoint>(Paths.Ready, it => it.ReadyAsync, Json | AnyHost);
        host.Below(Paths.WellKnown, Json | Cors);
        host.Get<SecurityTextEndpoint>(Paths.SecurityText, it => it.HandleAsync, Json | Cors);
        host.Get(Paths.ChangePassword, PasswordEndpoint.RedirectAsync, Page);
        // Between host and path (RFC 8414 §3.1, RFC 9728 §3.1).
        host.Get<DiscoveryEndpoint>(Paths.ServerMetadata + settings.IssuerPath, it => it.ServerAsync, Json | Cors);
        host.Get<DiscoveryEndpoint>(Paths.OpenIdConfiguration + settings.IssuerPath, it => it.OpenIdAsync, Json | Cors);
        host.Get<DiscoveryEndpoint>(Paths.ResourceMetadata + settings.IssuerPath, it => it.ResourceAsync, Json | Cors);
        if (settings.HasPlayground) host.Get<PlaygroundEndpoint>(Paths.PlaygroundCallback, it => it.ReturnAsync, Page | Spends);
    }

    private static void MapProtocol(RouteTable issuer, Settings settings)
    {
        issuer.Get<AuthorizeEndpoint>(Paths.Authorize, it => it.BeginAsync, Page | Clock | Spends);
        issuer.Post<AuthorizeEndpoint>(Paths.Authorize, it => it.RepeatByGetAsync, Page);
        issuer.Get<AuthorizeEndpoint>(Paths.Authorize + "/{request}", it => it.ResumeAsync, Page | Clock | Spends);
        issuer.Post<PushEndpoint>(Paths.Par, it => it.HandleAsync, Json | Cors | Clock);
        issuer.Post<TokenEndpoint>(Paths.Token, it => it.HandleAsync, Json | Cors | Clock);
        issuer.Post<DeviceAuthorizationEndpoint>(Paths.DeviceAuthorization, it => it.HandleAsync, Json | Cors | Clock);
        issuer.Post<RevocationEndpoint>(Paths.Revoke, it => it.HandleAsync, Json | Cors | Clock);
        issuer.Post<IntrospectionEndpoint>(Paths.Introspect, it => it.HandleAsync, Json | Clock);
        if (settings.OpenId)
        {
            issuer.Get<UserInfoEndpoint>(Paths.UserInfo, it => it.HandleAsync, Json | Cors | Clock);
            issuer.Post<UserInfoEndpoint>(Paths.UserInfo, it => it.HandleAsync, Json | Cors | Clock);
        }

        issuer.Get<RevocationFeedEndpoint>(Paths.Revocations, it => it.HandleAsync, Json);
        issuer.Post<RevocationFeedEndpoint>(Paths.Revocations, it => it.PostAsync, Json);
        issuer.Get<JwksEndpoint>(Paths.Jwks, it => it.HandleAsync, Json | Cors);
        issuer.Get<WhyEndpoint>(Paths.Why + "/{id}", it => it.HandleAsync, Json);
        issuer.Below(Paths.Why, Json);
        // Behind the path too, where OpenID Connect Discovery 1.0 §4 puts it and most API libraries look.
        issuer.Below(Paths.WellKnown, Json | Cors);
        if (settings.IssuerPath.Length > 0) issuer.Get<DiscoveryEndpoint>(Paths.OpenIdConfiguration, it => it.OpenIdAsync, Json | Cors);
        issuer.Below(Paths.Register, Json | Cors | Clock);
        if (settings.Registration == "off") return;
        issuer.Post<RegistrationEndpoint>(Paths.Register, it => it.RegisterAsync, Json | Cors | Clock);
        issuer.Get<RegistrationEndpoint>(Paths.Register + "/{client}", it => it.ReadAsync, Json | Cors | Clock);
        issuer.Put<RegistrationEndpoint>(Paths.Register + "/{client}", it => it.UpdateAsync, Json | Cors | Clock);
        issuer.Delete<RegistrationEndpoint>(Paths.Register + "/{client}", it => it.DeleteAsync, Json | Cors | Clock);
    }

    private static void MapPages(RouteTable issuer, Settings settings, Assets assets)
    {
        issuer.Get("/", PageEndpoints.EnterAsync, None);
        issuer.Get(Paths.Errors, PageEndpoints.ErrorsAsync, Page);
        foreach (var asset in assets.All) issuer.Get(asset.Path, http => PageEndpoints.LoadAsync(http, asset), None);
        issuer.Get<LoginEndpoint>(Paths.Login, it => it.ShowAsync, Page | Clock);
        issuer.Post<LoginEndpoint>(Paths.Login, it => it.AuthenticateAsync, Page | Clock);
        issuer.Get<CodeEndpoint>(Paths.LoginCode, it => it.ShowAsync, Page | Clock);
        issuer.Post<CodeEndpoint>(Paths.LoginCode, it => it.TakeAsync, Page | Clock);
        issuer.Post<PasskeySignInEndpoint>(Paths.LoginPasskeyOptions, it => it.OptionsAsync, Json | Clock);
        issuer.Post<PasskeySignInEndpoint>(Paths.LoginPasskey, it => it.AuthenticateAsync, Json | Clock);
        issuer.Get<LogoutEndpoint>(Paths.Logout, it => it.ConfirmAsync, Page);
        issuer.Post<LogoutEndpoint>(Paths.Logout, it => it.EndAsync, Page);
        issuer.Get<CompanySignOut>(Paths.SignedOut, it => it.ShowAsync, Page);
        issuer.Post<FederationStartEndpoint>(Paths.Federation + "/{id}", it => it.HandleAsync, Page | Clock);
        issuer.Get<FederationCallbackEndpoint>(
            Paths.Federation + "/{id}" + Paths.FederationCallback, it => it.HandleAsync, Page | Clock | Spends);
        if (settings.OpenId)
        {
            issuer.Get<EndSessionEndpoint>(Paths.EndSession, it => it.BeginAsync, Page | Spends);
            issuer.Post<EndSessionEndpoint>(Paths.EndSession, it => it.RedirectAsync, Page);
            issuer.Post<EndSessionEndpoint>(Paths.EndSessionConfirm, it => it.ConfirmAsync, Page);
        }

        issuer.Get<ConsentEndpoint>(Paths.Consent, it => it.ShowAsync, Page | Clock | Spends);
        issuer.Post<ConsentEndpoint>(Paths.Consent, it => it.AnswerAsync, Page | Clock);
        issuer.Get<DeviceEndpoint>(Paths.Device, it => it.ShowAsync, Page | Clock);
        issuer.Post<DeviceEndpoint>(Paths.Device, it => it.EnterAsync, Page | Clock);
        issuer.Get(Paths.DeviceDone, DeviceEndpoint.DoneAsync, Page);
        issuer.Get<AccountEndpoint>(Paths.Account, it => it.ShowAsync, Page);
        issuer.Get<SecondFactorEndpoint>(Paths.SecondFactor, it => it.ShowAsync, Page | Clock);
        issuer.Post<SecondFactorEndpoint>(Paths.SecondFactor, it => it.ChangeAsync, Page | Clock);
        issuer.Get<PasskeysEndpoint>(Paths.Passkeys, it => it.ShowAsync, Page | Clock);
        issuer.Post<PasskeysEndpoint>(Paths.Passkeys, it => it.ChangeAsync, Page | Clock);
        issuer.Post<PasskeysEndpoint>(Paths.PasskeyOptions, it => it.OptionsAsync, Json | Clock);
        issuer.Post<AccountEndpoint>(Paths.Account, it => it.ChangeAsync, Page | Clock);
        issuer.Get<OwnDataEndpoint>(Paths.AccountData, it => it.ExportAsync, Page | Spends);
        issuer.Get<OwnDataEndpoint>(Paths.AccountDelete, it => it.ConfirmAsync, Page);
        issuer.Post<OwnDataEndpoint>(Paths.AccountDelete, it => it.DeleteAsync, Page);
        issuer.Get<LinkEndpoint>(Paths.AccountLink, it => it.ShowAsync, Page | Clock);
        issuer.Post<LinkEndpoint>(Paths.AccountLink, it => it.SpendAsync, Page | Clock);
        issuer.Post<CompanyAccountsEndpoint>(Paths.AccountUnlink, it => it.UnlinkAsync, Page);
        issuer.Get<ConnectedAppsEndpoint>(Paths.ConnectedApps, it => it.ShowAsync, Page);
        issuer.Post<ConnectedAppsEndpoint>(Paths.ConnectedApps, it => it.RevokeAsync, Page);
        issuer.Get<ConnectedAppsEndpoint>(Paths.RevokeAll, it => it.ConfirmAllAsync, Page);
        issuer.Post<ConnectedAppsEndpoint>(Paths.RevokeAll, it => it.RevokeAllAsync, Page);
        issuer.Get<OwnSessionsEndpoint>(Paths.Sessions, it => it.ShowAsync, Page);
        issuer.Post<OwnSessionsEndpoint>(Paths.Sessions, it => it.EndAsync, Page);
        issuer.Get<OwnSessionsEndpoint>(Paths.SignOutEverywhere, it => it.ConfirmAsync, Page);
        issuer.Get<PasswordEndpoint>(Paths.Password, it => it.ShowAsync, Page);
        issuer.Post<PasswordEndpoint>(Paths.Password, it => it.ChangeAsync, Page);
        issuer.Get<ForgottenPasswordEndpoint>(Paths.ForgottenPassword, it => it.ShowAsync, Page | Clock);
        issuer.Post<ForgottenPasswordEndpoint>(Paths.ForgottenPassword, it => it.AskAsync, Page | Clock);
        issuer.Below(Paths.Playground, Page);
        if (!settings.HasPlayground) return;
        issuer.Get<PlaygroundEndpoint>(Paths.Playground, it => it.ShowAsync, Page);
        issuer.Post<PlaygroundEndpoint>(Paths.Playground, it => it.DoAsync, Page);
    }

    private static void MapAdmin(RouteTable issuer)
    {
        issuer.Get<DashboardEndpoint>(Paths.Admin, it => it.ShowAsync, Page);
        foreach (var kind in ClientKind.All) issuer.Get<ClientsEndpoint>(kind.Path, it => it.List(kind), Page);
        issuer.Get<ClientSettingsEndpoint>(Paths.AdminClient, it => it.ShowAsync, Page);
        issuer.Post<ClientSettingsEndpoint>(Paths.AdminClient, it => it.SaveAsync, Page);
        issuer.Get<ClientAddEndpoint>(Paths.AdminClientNew, it => it.OpenAsync, Page);
        issuer.Post<ClientAddEndpoint>(Paths.AdminClientNew, it => it.AddAsync, Page);
        issuer.Post<ClientSecretsEndpoint>(Paths.AdminClientSecrets, it => it.AddAsync, Page);
        issuer.Get<ClientSecretsEndpoint>(Paths.AdminClientSecretRevoke, it => it.ConfirmAsync, Page);
        issuer.Post<ClientSecretsEndpoint>(Paths.AdminClientSecretRevoke, it => it.RevokeAsync, Page);
        issuer.Post<ClientLifecycleEndpoint>(Paths.AdminClientEnable, it => it.EnableAsync, Page);
        issuer.Get<ClientLifecycleEndpoint>(Paths.AdminClientDisable, it => it.ConfirmDisableAsync, Page);
        issuer.Post<ClientLifecycleEndpoint>(Paths.AdminClientDisable, it => it.DisableAsync, Page);
        issuer.Get<ClientLifecycleEndpoint>(Paths.AdminClientDelete, it => it.ConfirmDeleteAsync, Page);
        issuer.Post<ClientLifecycleEndpoint>(Paths.AdminClientDelete, it => it.DeleteAsync, Page);
        issuer.Post<ClientSettingsEndpoint>(Paths.AdminClientKeys, it => it.ForgetKeysAsync, Page);
        issuer.Get<ClientLifecycleEndpoint>(Paths.AdminClientVouch, it => it.ConfirmVouchAsync, Page);
        issuer.Post<ClientLifecycleEndpoint>(Paths.AdminClientVouch, it => it.VouchAsync, Page);
        issuer.Post<ClientsEndpoint>(Paths.AdminClientsState, it => it.SwitchAsync, Page);
        issuer.Get<GrantsEndpoint>(Paths.AdminGrants, it => it.ListAsync, Page);
        issuer.Post<GrantsEndpoint>(Paths.AdminGrantsRevoke, it => it.RevokeAsync, Page);
        issuer.Get<ResourceEndpoint>(Paths.AdminResources, it => it.ListAsync, Page);
        issuer.Get<ResourceEndpoint>(Paths.AdminResource, it => it.OpenAsync, Page);
        issuer.Post<ResourceEndpoint>(Paths.AdminResource, it => it.SaveAsync, Page);
        issuer.Get<ResourceEndpoint>(Paths.AdminResourceState, it => it.ConfirmAsync, Page);
        issuer.Post<ResourceEndpoint>(Paths.AdminResourceState, it => it.SwitchAsync, Page);
        issuer.Get<ScopeEndpoint>(Paths.AdminScope, it => it.OpenAsync, Page);
        issuer.Post<ScopeEndpoint>(Paths.AdminScope, it => it.SaveAsync, Page);
        issuer.Get<ScopeEndpoint>(Paths.AdminScopeDelete, it => it.ConfirmAsync, Page);
        issuer.Post<ScopeEndpoint>(Paths.AdminScopeDelete, it => it.DeleteAsync, Page);
        issuer.Get<UsersEndpoint>(Paths.AdminUsers, it => it.ListAsync, Page);
        issuer.Get<UsersEndpoint>(Paths.AdminUsersAdd, it => it.OpenAsync, Page);
        issuer.Post<UsersEndpoint>(Paths.AdminUsersAdd, it => it.AddAsync, Page);
        issuer.Get<LinksEndpoint>(Paths.AdminUsersInvite, it => it.OpenAsync, Page);
        issuer.Post<LinksEndpoint>(Paths.AdminUsersInvite, it => it.InviteAsync, Page);
        issuer.Post<LinksEndpoint>(Paths.AdminUserReset, it => it.ResetAsync, Page);
        issuer.Post<LinksEndpoint>(Paths.AdminUserLink, it => it.RevokeAsync, Page);
        issuer.Post<UsersEndpoint>(Paths.AdminUsersState, it => it.SwitchAsync, Page);
        issuer.Get<UserEndpoint>(Paths.AdminUser, it => it.OpenAsync, Page);
        issuer.Get<UserEndpoint>(Paths.AdminUserRole, it => it.ConfirmRoleAsync, Page);
        issuer.Post<UserEndpoint>(Paths.AdminUserRole, it => it.RoleAsync, Page);
        issuer.Get<ProfileEndpoint>(Paths.AdminUserProfile, it => it.OpenAsync, Page);
        issuer.Post<ProfileEndpoint>(Paths.AdminUserProfile, it => it.SaveAsync, Page);
        issuer.Get<UserEndpoint>(Paths.AdminUserState, it => it.ConfirmStateAsync, Page);
        issuer.Post<UserEndpoint>(Paths.AdminUserState, it => it.StateAsync, Page);
        issuer.Get<FactorsEndpoint>(Paths.AdminUserFactors, it => it.ConfirmAsync, Page);
        issuer.Post<FactorsEndpoint>(Paths.AdminUserFactors, it => it.ResetAsync, Page);
        issuer.Get<UserEndpoint>(Paths.AdminUserPassword, it => it.ConfirmPasswordAsync, Page);
        issuer.Post<UserEndpoint>(Paths.AdminUserPassword, it => it.PasswordAsync, Page);
        issuer.Post<UserIdentitiesEndpoint>(Paths.AdminUserIdentity, it => it.LinkAsync, Page);
        issuer.Get<UserIdentitiesEndpoint>(Paths.AdminUserUnlink, it => it.ConfirmUnlinkAsync, Page);
        issuer.Post<UserIdentitiesEndpoint>(Paths.AdminUserUnlink, it => it.UnlinkAsync, Page);
        issuer.Get<UserEndpoint>(Paths.AdminUserGrant, it => it.ConfirmGrantAsync, Page);
        issuer.Post<UserEndpoint>(Paths.AdminUserGrant, it => it.EndGrantAsync, Page);
        issuer.Get<UserEndpoint>(Paths.AdminUserSessions, it => it.ConfirmSessionsAsync, Page);
        issuer.Post<UserEndpoint>(Paths.AdminUserSessions, it => it.EndSessionsAsync, Page);
        issuer.Get<ProvidersEndpoint>(Paths.AdminProviders, it => it.ListAsync, Page);
        issuer.Get<ProvidersEndpoint>(Paths.AdminProvider, it => it.OpenAsync, Page);
        issuer.Post<ProvidersEndpoint>(Paths.AdminProvider, it => it.SaveAsync, Page);
        issuer.Post<ProviderLifecycleEndpoint>(Paths.AdminProviderSecret, it => it.SecretAsync, Page);
        issuer.Post<ProviderLifecycleEndpoint>(Paths.AdminProviderTest, it => it.TestAsync, Page);
        issuer.Get<ProviderLifecycleEndpoint>(Paths.AdminProviderState, it => it.ConfirmStateAsync, Page);
        issuer.Post<ProviderLifecycleEndpoint>(Paths.AdminProviderState, it => it.StateAsync, Page);
        issuer.Get<ProviderLifecycleEndpoint>(Paths.AdminProviderDelete, it => it.ConfirmDeleteAsync, Page);
        issuer.Post<ProviderLifecycleEndpoint>(Paths.AdminProviderDelete, it => it.DeleteAsync, Page);
        issuer.Get<DelegationEndpoint>(Paths.AdminDelegation, it => it.ShowAsync, Page);
        issuer.Get<DelegationEndpoint>(Paths.AdminDelegationState, it => it.ConfirmStateAsync, Page);
        issuer.Post<DelegationEndpoint>(Paths.AdminDelegationState, it => it.StateAsync, Page);
        issuer.Get<DelegationEndpoint>(Paths.AdminDelegationCut, it => it.ConfirmCutAsync, Page);
        issuer.Post<DelegationEndpoint>(Paths.AdminDelegationCut, it => it.CutAsync, Page);
        issuer.Get<ExchangeRuleEndpoint>(Paths.AdminDelegationRule, it => it.OpenAsync, Page);
        issuer.Post<ExchangeRuleEndpoint>(Paths.AdminDelegationRule, it => it.SaveAsync, Page);
        issuer.Get<TrustEndpoint>(Paths.AdminTrust, it => it.ShowAsync, Page);
        issuer.Post<TrustEndpoint>(Paths.AdminTrustTest, it => it.TestAsync, Page);
        issuer.Get<TrustEndpoint>(Paths.AdminTrustState, it => it.ConfirmAsync, Page);
        issuer.Post<TrustEndpoint>(Paths.AdminTrustState, it => it.StateAsync, Page);
        issuer.Post<TrustEndpoint>(Paths.AdminTrustLink, it => it.LinkAsync, Page);
        issuer.Get<IssuerEndpoint>(Paths.AdminTrustIssuer, it => it.OpenAsync, Page);
        issuer.Post<IssuerEndpoint>(Paths.AdminTrustIssuer, it => it.SaveAsync, Page);
        issuer.Get<RuleEndpoint>(Paths.AdminTrustRule, it => it.OpenAsync, Page);
        issuer.Post<RuleEndpoint>(Paths.AdminTrustRule, it => it.SaveAsync, Page);
        issuer.Get<TrustEndpoint>(Paths.AdminTrustDelete, it => it.ConfirmDeleteAsync, Page);
        issuer.Post<TrustEndpoint>(Paths.AdminTrustDelete, it => it.DeleteAsync, Page);
        issuer.Get<IdentitiesEndpoint>(Paths.AdminTrustIdentities, it => it.ListAsync, Page);
        issuer.Get<KeysEndpoint>(Paths.AdminKeys, it => it.ListAsync, Page);
        issuer.Post<KeysEndpoint>(Paths.AdminKeysRotate, it => it.RotateAsync, Page);
        issuer.Get<KeysEndpoint>(Paths.AdminKeysRetire, it => it.ConfirmAsync, Page);
        issuer.Post<KeysEndpoint>(Paths.AdminKeysRetire, it => it.RetireAsync, Page);
        issuer.Get<AuditEndpoint>(Paths.AdminAudit, it => it.SearchAsync, Page);
        issuer.Post<AuditExportEndpoint>(Paths.AdminAuditExport, it => it.ExportAsync, Page);
        issuer.Get<AuditEndpoint>(Paths.AdminWhy, it => it.WhyAsync, Page);
        issuer.Any<AdminFallback>(Paths.Admin + "/{**rest}", it => it.HandleAsync, Page);
    }
}
