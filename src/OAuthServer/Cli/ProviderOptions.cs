using System.CommandLine;
using OAuthServer.Federation;
using OAuthServer.Protocol;
using OAuthServer.Stores.Federation;
using OAuthServer.Stores.Postgres;

namespace OAuthServer.Cli;

/// <summary>The columns of a provider as options; objects as the JSON that SQL takes.</summary>
internal sealed class ProviderOptions
{
    private readonly Option<string?> label = Text("--label", "TEXT", "What people read: Continue with TEXT");
    private readonly Option<string?> issuer = Text("--issuer", "URL", "The issuer, exactly as its discovery document says");
    private readonly Option<string?> clientId = Text("--client-id", "TEXT", "What it calls this server");
    private readonly Option<string?> authMethod = Text("--auth-method", null, "How this server proves itself there");
    private readonly Option<string[]?> scopes = RowOptions.Several("--scopes", "SCOPE", "What is asked for; openid is among them");
    private readonly Option<string?> provisioning = Text("--provisioning", null, "Who may come whom nobody here is linked to");
    private readonly Option<string?> allowed = Text("--allowed-claims", "JSON", "Who may come at all: {\"hd\": [\"example.com\"]}");
    private readonly Option<string[]?> domains = RowOptions.Several("--email-domains", "DOMAIN", "The domains of its users; '' for none");
    private readonly Option<string?> claimMap = Text("--claim-map", "JSON", "Which claims fill what: {\"username\": \"email\"}");
    private readonly Option<string?> roleMap =
        Text("--role-map", "JSON", "Roles by claims: {\"groups\": {\"idp-admins\": \"admin\"}}; '' leaves roles alone");
    private readonly Option<bool?> trustEmail = new("--trust-email") { Description = "Whether an address it calls verified is so here" };
    private readonly Option<bool?> trustAmr = new("--trust-amr") { Description = "Whether its word on how users signed in counts" };
    private readonly Option<string?> reauth = Text("--reauth", null, "Who asks users again that must sign in anew");
    private readonly Option<string?> extra = Text("--extra-params", "JSON", "Sent along: {\"hd\": \"example.com\"} or domain_hint");
    private readonly Option<string?> onDisable = Text("--on-disable", null, "What ends when it is disabled or deleted");
    private readonly Option<int?> position = new("--position") { Description = "Order of the buttons, the lowest first" };

    public ProviderOptions()
    {
        authMethod.AcceptOnlyFromAmong("client_secret_basic", "client_secret_post", "none");
        provisioning.AcceptOnlyFromAmong("existing", "invited", "create");
        reauth.AcceptOnlyFromAmong("upstream", "local");
        onDisable.AcceptOnlyFromAmong("nothing", "sessions", "access");
    }

    public Symbol[] All =>
    [
        label, issuer, clientId, authMethod, scopes, provisioning, allowed, domains, claimMap, roleMap, trustEmail, trustAmr, reauth, extra,
        onDisable, position,
    ];

    /// <summary>The row with what was named.</summary>
    public ProviderRow Apply(ParseResult parse, ProviderRow row) => row with
    {
        Label = parse.GetValue(label) ?? row.Label,
        Issuer = parse.GetValue(issuer) ?? row.Issuer,
        ClientId = parse.GetValue(clientId) ?? row.ClientId,
        AuthMethod = parse.GetValue(authMethod) ?? row.AuthMethod,
        Scopes = RowOptions.Listed(parse.GetValue(scopes)) ?? row.Scopes,
        Provisioning = parse.GetValue(provisioning) ?? row.Provisioning,
        AllowedClaims = Json(parse.GetValue(allowed), row.AllowedClaims),
        EmailDomains = RowOptions.Listed(parse.GetValue(domains)) ?? row.EmailDomains,
        ClaimMap = Json(parse.GetValue(claimMap), row.ClaimMap),
        RoleMap = RowOptions.OrNone(parse.GetValue(roleMap), row.RoleMap),
        TrustEmail = parse.GetValue(trustEmail) ?? row.TrustEmail,
        TrustAmr = parse.GetValue(trustAmr) ?? row.TrustAmr,
        Reauth = parse.GetValue(reauth) ?? row.Reauth,
        ExtraParams = Json(parse.GetValue(extra), row.ExtraParams),
        OnDisable = parse.GetValue(onDisable) ?? row.OnDisable,
        Position = parse.GetValue(position) ?? row.Position,
    };

    /// <summary>A row that is refused as it is.</summary>
    public static RowEdit<ProviderRow> AsIs(ProviderRow row) => new() { Row = row, Restore = (one, _) => one };

    /// <summary>A provider as scripts read it: all but its secret.</summary>
    public static object Shown(ProviderRow row, Settings settings) => new
    {
        row.Id,
        row.Label,
        row.Issuer,
        row.ClientId,
        row.AuthMethod,
        has_secret = row.SecretSealed is not null,
        row.Scopes,
        row.Provisioning,
        row.AllowedClaims,
        row.EmailDomains,
        row.ClaimMap,
        row.RoleMap,
        row.TrustEmail,
        row.TrustAmr,
        row.Reauth,
        row.ExtraParams,
        row.OnDisable,
        row.Position,
        row.Enabled,
        redirect_uri = FederationRequests.RedirectUri(settings, row.Id),
    };

    private static string Json(string? given, string before) => given switch { null => before, "" => "{}", var json => json };

    private static Option<string?> Text(string name, string? help, string description)
    {
        var option = new Option<string?>(name) { Description = description };
        if (help is not null) option.HelpName = help;
        return option;
    }
}
