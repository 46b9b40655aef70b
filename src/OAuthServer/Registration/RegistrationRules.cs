using OAuthServer.Clients;
using OAuthServer.Protocol;

namespace OAuthServer.Registration;

/// <summary>What a client will be registered as.</summary>
public sealed record Proposal
{
    /// <summary>user-facing or machine.</summary>
    public required string Kind { get; init; }
    public required string[] RedirectUris { get; init; }
    public required string[] GrantTypes { get; init; }
    public required string AuthMethod { get; init; }

    /// <summary>The open ones of the scopes it asked for, offline_access included.</summary>
    public required string[] Scope { get; init; }
    public required ClientMetadata Said { get; init; }

    public bool IsMachine => Kind == "machine";

    public bool IsPublic => AuthMethod == "none";

    /// <summary>What goes into its row: offline_access is granted to every user-facing client that asks, and to nobody else.</summary>
    public string[] Allowance => [.. Scope.Where(scope => scope != Protocol.Scope.OfflineAccess)];
}

/// <summary>
/// RFC 7591 §2 and §3.2: turns what a client says into what it gets. Two registries: client_credentials makes a machine, everything
/// else signs people in, and nothing is both.
/// </summary>
public static class RegistrationRules
{
    private const int MostRedirects = 10;
    private static readonly string[] Usual = ["authorization_code", "refresh_token"];

    /// <param name="open">Scopes anybody may ask for.</param>
    public static Result<Proposal> Propose(ClientMetadata said, IReadOnlyList<string> open, Settings settings)
    {
        var grants = said.GrantTypes is { Length: > 0 } named ? named : Usual;
        if (grants.Contains("implicit") || grants.Contains("password"))
            return OAuthError.InvalidClientMetadata("The implicit and password grants do not exist here", Scope.Join(grants), "OAuth 2.1 §10", "authorization_code");
        if (said.ResponseTypes?.FirstOrDefault(type => type != "code") is { } type)
            return OAuthError.InvalidClientMetadata("The only response type is code", type, "RFC 7591 §2.1", "code");
        if (Scope.Parse(said.Scope) is not { } requested)
            return OAuthError.InvalidClientMetadata("scope has a character that no scope has", said.Scope!, "RFC 6749 §3.3", "scope tokens separated by spaces");

        string[] scope = [.. requested.Where(open.Contains)];
        var hasAsked = requested.Any(one => open.Contains(one) || !Scope.OfOpenIdConnect.Contains(one));
        return grants.Contains("client_credentials") ? Machine(said, grants, hasAsked ? scope : [.. open], settings) : UserFacing(said, grants, scope, settings);
    }

    private static Result<Proposal> Machine(ClientMetadata said, string[] grants, string[] scope, Settings settings)
    {
        if (grants.Contains("authorization_code"))
            return OAuthError.InvalidClientMetadata("client_credentials and authorization_code are two clients", Scope.Join(grants), "RFC 7591 §2", "one of them");
        var method = said.AuthMethod ?? (settings.RegistrationMethod == "client_secret_post" ? settings.RegistrationMethod : "client_secret_basic");
        if (method is not ("client_secret_basic" or "client_secret_post"))
            return OAuthError.InvalidClientMetadata("token_endpoint_auth_method must be client_secret_basic or client_secret_post", method, "RFC 6749 §4.4", "a secret");
        return new Proposal
        {
            Kind = "machine",
            RedirectUris = [],
            GrantTypes = ["client_credentials"],
            AuthMethod = method,
            Scope = [.. scope.Where(name => name != Scope.OfflineAccess)],
            Said = said,
        };
    }

    private static Result<Proposal> UserFacing(ClientMetadata said, string[] grants, string[] scope, Settings settings)
    {
        if (!grants.Contains("authorization_code"))
            return OAuthError.InvalidClientMetadata("grant_types must hold authorization_code or client_credentials", Scope.Join(grants), "RFC 7591 §2", "authorization_code");
        if (said.RedirectUris is not { Length: > 0 } redirects)
            return OAuthError.InvalidRedirectUri("redirect_uris is required", "none");
        if (redirects.Length > MostRedirects)
            return OAuthError.InvalidRedirectUri("A client has at most 10 redirect URIs", $"{redirects.Length}");
        foreach (var redirect in redirects)
            if (RedirectRules.Refusal(redirect, settings) is { } refusal)
                return refusal;

        var method = said.AuthMethod ?? (settings.RegistrationMethod.Length > 0 ? settings.RegistrationMethod : redirects.All(RedirectRules.IsPage) ? "client_secret_basic" : "none");
        if (method is not ("client_secret_basic" or "client_secret_post" or "none"))
            return OAuthError.InvalidClientMetadata("token_endpoint_auth_method must be client_secret_basic, client_secret_post or none", method, "RFC 7591 §2", "a method of ours");
        return new Proposal
        {
            Kind = "user-facing",
            RedirectUris = redirects,
            // Others are for other servers: VS Code sends all it knows.
            GrantTypes = [.. Usual.Where(grants.Contains)],
            AuthMethod = method,
            Scope = scope,
            Said = said,
        };
    }
}
