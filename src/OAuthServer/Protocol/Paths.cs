namespace OAuthServer.Protocol;

/// <summary>Every path this server answers, below the issuer.</summary>
public static class Paths
{
    public const string Authorize = "/authorize";
    public const string Par = "/par";
    public const string Token = "/token";
    public const string Revoke = "/revoke";
    public const string Revocations = "/revocations";
    public const string Introspect = "/introspect";
    public const string Register = "/register";
    public const string Jwks = "/jwks";
    public const string UserInfo = "/userinfo";
    public const string Why = "/why";
    /// <summary>RFC 8628 §3.1, for devices.</summary>
    public const string DeviceAuthorization = "/device_authorization";

    /// <summary>RFC 8628 §3.3, for people.</summary>
    public const string Device = "/device";
    public const string DeviceDone = Device + "/done";
    public const string Login = "/login";
    public const string LoginCode = "/login/code";
    public const string LoginPasskey = "/login/passkey";
    public const string LoginPasskeyOptions = "/login/passkey/options";
    public const string Account = "/account";
    public const string Passkeys = "/account/passkeys";
    public const string PasskeyOptions = "/account/passkeys/options";
    public const string SecondFactor = "/account/second-factor";
    public const string AccountLink = Account + "/link";
    public const string AccountData = Account + "/data";
    public const string AccountDelete = Account + "/delete";
    public const string AccountUnlink = Account + "/unlink";
    public const string Logout = "/logout";

    /// <summary>Nobody is signed in any more; providers send people back here after they signed out there, too.</summary>
    public const string SignedOut = "/signed-out";

    /// <summary>Of a provider: /federation/ID, and where it sends people back to.</summary>
    public const string Federation = "/federation";
    public const string FederationCallback = "/callback";

    /// <summary>OpenID Connect RP-Initiated Logout 1.0 §2.</summary>
    public const string EndSession = "/end-session";
    public const string EndSessionConfirm = EndSession + "/confirm";
    public const string Consent = "/consent";
    public const string ConnectedApps = "/connected-apps";
    public const string RevokeAll = ConnectedApps + "/revoke-all";
    public const string Sessions = "/sessions";
    public const string SignOutEverywhere = Sessions + "/everywhere";
    public const string Password = "/password";
    public const string ForgottenPassword = Password + "/forgot";
    public const string Playground = "/playground";

    /// <summary>Where claude-desktop of the demo world gets its codes (RFC 8252 §7.3); below the host, not the issuer's path.</summary>
    public const string PlaygroundCallback = "/callback";
    public const string Admin = "/admin";
    public const string AdminMachines = Admin + "/machines";
    public const string AdminApps = Admin + "/apps";
    public const string AdminResourceServers = Admin + "/resource-servers";
    public const string AdminClient = Admin + "/client";
    public const string AdminClientNew = AdminClient + "/new";
    public const string AdminClientEnable = AdminClient + "/enable";
    public const string AdminClientDisable = AdminClient + "/disable";
    public const string AdminClientDelete = AdminClient + "/delete";
    public const string AdminClientSecrets = AdminClient + "/secrets";
    public const string AdminClientSecretRevoke = AdminClientSecrets + "/revoke";
    public const string AdminClientKeys = AdminClient + "/keys";
    public const string AdminClientVouch = AdminClient + "/vouch";
    public const string AdminClientsState = Admin + "/clients/state";
    public const string AdminGrants = Admin + "/grants";
    public const string AdminGrantsRevoke = AdminGrants + "/revoke";
    public const string AdminResources = Admin + "/resources";
    public const string AdminResource = Admin + "/resource";
    public const string AdminResourceState = AdminResource + "/state";
    public const string AdminScope = Admin + "/scope";
    public const string AdminScopeDelete = AdminScope + "/delete";
    public const string AdminUsers = Admin + "/users";
    public const string AdminUsersAdd = AdminUsers + "/add";
    public const string AdminUsersInvite = AdminUsers + "/invite";
    public const string AdminUsersState = AdminUsers + "/state";
    public const string AdminUser = Admin + "/user";
    public const string AdminUserRole = AdminUser + "/role";
    public const string AdminUserState = AdminUser + "/state";
    public const string AdminUserProfile = AdminUser + "/profile";
    public const string AdminUserFactors = "/admin/user/reset-factors";
    public const string AdminUserPassword = AdminUser + "/password";
    public const string AdminUserReset = AdminUser + "/reset-password";
    public const string AdminUserLink = AdminUser + "/link";
    public const string AdminUserIdentity = AdminUser + "/identity";
    public const string AdminUserUnlink = AdminUser + "/unlink";
    public const string AdminUserGrant = AdminUser + "/grant";
    public const string AdminUserSessions = AdminUser + "/sessions";
    public const string AdminProviders = Admin + "/providers";
    public const string AdminProvider = Admin + "/provider";
    public const string AdminProviderSecret = AdminProvider + "/secret";
    public const string AdminProviderTest = AdminProvider + "/test";
    public const string AdminProviderState = AdminProvider + "/state";
    public const string AdminProviderDelete = AdminProvider + "/delete";
    public const string AdminDelegation = Admin + "/delegation";
    public const string AdminDelegationState = AdminDelegation + "/state";
    public const string AdminDelegationCut = AdminDelegation + "/cut";
    public const string AdminDelegationRule = AdminDelegation + "/rule";
    public const string AdminTrust = Admin + "/trust";
    public const string AdminTrustTest = AdminTrust + "/test";
    public const string AdminTrustState = AdminTrust + "/state";
    public const string AdminTrustLink = AdminTrust + "/link";
    public const string AdminTrustIssuer = AdminTrust + "/issuer";
    public const string AdminTrustRule = AdminTrust + "/rule";
    public const string AdminTrustDelete = AdminTrust + "/delete";
    public const string AdminTrustIdentities = AdminTrust + "/identities";
    public const string AdminKeys = Admin + "/keys";
    public const string AdminKeysRotate = AdminKeys + "/rotate";
    public const string AdminKeysRetire = AdminKeys + "/retire";
    public const string AdminAudit = Admin + "/audit";
    public const string AdminAuditExport = AdminAudit + "/export";
    public const string AdminWhy = Admin + "/why";
    public const string Stylesheet = "/style.css";
    public const string TabIcon = "/icon.svg";
    public const string PostScript = "/post.js";
    public const string PasskeyScript = "/passkey.js";
    public const string Logo = "/logo";
    public const string Errors = "/errors";
    public const string Health = "/healthz";
    public const string Ready = "/readyz";

    /// <summary>RFC 8615.</summary>
    public const string WellKnown = "/.well-known";

    /// <summary>RFC 8414 §3: inserted between host and the issuer's path.</summary>
    public const string ServerMetadata = WellKnown + "/oauth-authorization-server";

    /// <summary>OpenID Connect Discovery 1.0 §4: appended to the issuer; inserted before its path as in RFC 8414 §5 too.</summary>
    public const string OpenIdConfiguration = WellKnown + "/openid-configuration";

    /// <summary>RFC 9728 §3: inserted between host and the resource's path.</summary>
    public const string ResourceMetadata = WellKnown + "/oauth-protected-resource";

    /// <summary>W3C, A Well-Known URL for Changing Passwords: below the host, where password managers look for it.</summary>
    public const string ChangePassword = WellKnown + "/change-password";

    /// <summary>RFC 9116 §3.</summary>
    public const string SecurityText = WellKnown + "/security.txt";
}
