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
    public required ClientMetadata Metadata { get; init; }

    public bool IsMachine => Kind == "machine";

    /// <summary>Whether it stands on a secret; others are public, or have keys.</summary>
    public bool HasSecret => AuthMethod is not (Protocol.AuthMethod.NoneName or Protocol.AuthMethod.PrivateKeyJwtName);

    /// <summary>What goes into its row: offline_access is granted to every user-facing client that asks, and to nobody else.</summary>
    public string[] Allowance => [.. Scope.Where(scope => scope != Protocol.Scope.OfflineAccess)];
}

/// <summary>
/// RFC 7591 §2 and §3.2: turns a client's metadata into what it gets. A grant type for machines makes a machine, every other signs people
/// in, and nothing is both.
/// </summary>
public sealed class RegistrationRules(Capabilities capabilities, Settings settings)
{

    /// <param name="open">Scopes anybody may request.</param>
    public Result<Proposal> Propose(ClientMetadata metadata, OpenScopes open)
    {
        var named = metadata.GrantTypes is { Length: > 0 } types ? types : capabilities.DefaultGrantTypes("user-facing");
        if (named.Contains("implicit") || named.Contains("password"))
            return OAuthError.InvalidClientMetadata("The implicit and password grants do not exist here", Scope.Join(named),
                "OAuth 2.1 §10",
                "authorization_code");
        if (metadata.ResponseTypes?.FirstOrDefault(type => type != "code") is { } type)
            return OAuthError.InvalidClientMetadata("The only response type is code", type, "RFC 7591 §2.1", "code");
        if (Scope.Parse(metadata.Scope) is not { } requested)
            return OAuthError.InvalidClientMetadata("scope has a character that no scope has", metadata.Scope!, "RFC 6749 §3.3",
                "scope tokens separated by spaces");

        var begins = capabilities.GrantTypes.Where(type => !type.Continues).ToArray();
        var grants = Array.FindAll(begins, type => named.Contains(type.Name));
        if (grants.Length == 0)
            return OAuthError.InvalidClientMetadata($"grant_types must hold {Capabilities.OneOf(begins.Select(type => type.Name))}",
                Scope.Join(named),
                "RFC 7591 §2", begins[0].Name);

        string[] scope = [.. requested.Where(open.OfApis.Contains)];
        var requests = requested.Any(one => open.OfApis.Contains(one)
            || !(Scope.OfOpenIdConnect.Contains(one) || open.OfIdentity.Contains(one)));
        // Identity scopes alone, which many name from habit, leave a client free to request what is open.
        string[] withIdentity = scope.Length == 0 ? [] : [.. requested.Where(one => scope.Contains(one) || open.OfIdentity.Contains(one))];
        return Array.Find(grants, type => !type.IsFor("user-facing")) is { } machine
            ? Machine(metadata, machine, grants, requests ? scope : open.OfApis)
            : UserFacing(metadata, named, grants, withIdentity);
    }

    private Result<Proposal> Machine(ClientMetadata metadata, GrantType machine, GrantType[] grants, string[] scope)
    {
        if (Array.Find(grants, type => !type.IsFor("machine")) is { } other)
            return OAuthError.InvalidClientMetadata($"{machine.Name} and {other.Name} are two clients",
                Scope.Join(grants.Select(type => type.Name)),
                "RFC 7591 §2", "one of them");
        var preset = capabilities.OfferedTo("machine").Any(one => one.Name == settings.RegistrationMethod);
        var method = metadata.AuthMethod ?? (preset ? settings.RegistrationMethod : capabilities.DefaultAuthMethod("machine"));
        if (MethodProblem("machine", method, "RFC 6749 §4.4", "a secret or keys") is { } problem) return problem;
        return new Proposal
        {
            Kind = "machine",
            RedirectUris = [],
            GrantTypes = [.. grants.Select(type => type.Name)],
            AuthMethod = method,
            Scope = [.. scope.Where(name => name != Scope.OfflineAccess)],
            Metadata = metadata,
        };
    }

    private Result<Proposal> UserFacing(ClientMetadata metadata, string[] named, GrantType[] grants, string[] scope)
    {
        var redirects = metadata.RedirectUris ?? [];
        if (redirects.Length == 0 && grants.Any(type => type.NeedsRedirectUris))
            return OAuthError.InvalidRedirectUri("redirect_uris is required", "none");
        if (redirects.Length > RedirectRules.Most)
            return OAuthError.InvalidRedirectUri($"A client has at most {RedirectRules.Most} redirect URIs", $"{redirects.Length}");
        foreach (var redirect in redirects)
            if (RedirectRules.Refusal(redirect, settings) is { } refusal)
                return refusal;

        var usual = redirects.Length > 0 && redirects.All(RedirectRules.IsPage) ? AuthMethod.ClientSecretBasic : AuthMethod.None;
        var method = metadata.AuthMethod ?? (settings.RegistrationMethod.Length > 0 ? settings.RegistrationMethod : usual.Name);
        if (MethodProblem("user-facing", method, "RFC 7591 §2", "a method of ours") is { } problem) return problem;
        return new Proposal
        {
            Kind = "user-facing",
            RedirectUris = redirects,
            // Others are for other servers: VS Code sends all it knows.
            GrantTypes = [.. capabilities.GrantTypesFor("user-facing").Select(type => type.Name).Where(named.Contains)],
            AuthMethod = method,
            Scope = scope,
            Metadata = metadata,
        };
    }

    private OAuthError? MethodProblem(string kind, string method, string rule, string expected)
    {
        var allowed = capabilities.OfferedTo(kind).Select(one => one.Name).ToArray();
        return allowed.Contains(method)
            ? null
            : OAuthError.InvalidClientMetadata($"token_endpoint_auth_method must be {Capabilities.OneOf(allowed)}", method, rule, expected);
    }
}

/// <summary>Scopes anybody may request.</summary>
/// <param name="OfApis">All but those that tell about the person.</param>
/// <param name="OfIdentity">Those that do (OpenID Connect Core §5.4).</param>
public sealed record OpenScopes(string[] OfApis, string[] OfIdentity);
