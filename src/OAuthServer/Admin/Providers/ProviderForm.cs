using System.Globalization;
using OAuthServer.Html;
using OAuthServer.Protocol;
using OAuthServer.Stores.Federation;
using OAuthServer.Stores.Postgres;

namespace OAuthServer.Admin.Providers;

/// <summary>The row of a company as its form says it, and back.</summary>
internal static class ProviderForm
{
    /// <summary>The fields, by the names of their columns.</summary>
    public static IReadOnlyList<string> Columns { get; } =
    [
        "label", "issuer", "client_id", "auth_method", "scopes", "provisioning", "allowed_claims", "email_domains", "claim_map", "role_map",
        "trust_email", "trust_amr", "reauth", "extra_params", "on_disable", "position",
    ];

    /// <summary>What is there before anything was typed.</summary>
    public static ProviderRow New { get; } = ProviderRow.New("x") with { Issuer = "https://to-be-judged.invalid", ClientId = "x" };

    /// <summary>A field's text in a row; null: empty, or not ticked.</summary>
    public static string? Value(ProviderRow row, string name) => name switch
    {
        "id" => row.Id,
        "label" => row.Label,
        "issuer" => row.Issuer,
        "client_id" => row.ClientId,
        "auth_method" => row.AuthMethod,
        "scopes" => string.Join(' ', row.Scopes),
        "provisioning" => row.Provisioning,
        "allowed_claims" => row.AllowedClaims,
        "email_domains" => string.Join(' ', row.EmailDomains),
        "claim_map" => row.ClaimMap,
        "role_map" => row.RoleMap,
        "trust_email" => row.TrustEmail ? "yes" : null,
        "trust_amr" => row.TrustAmr ? "yes" : null,
        "reauth" => row.Reauth,
        "extra_params" => row.ExtraParams,
        "on_disable" => row.OnDisable,
        "position" => row.Position.ToString(CultureInfo.InvariantCulture),
        _ => null,
    };

    /// <summary>The row that was typed; what no column could take is as it was before, and said in <paramref name="problems"/>.</summary>
    public static ProviderRow Read(Parameters form, ProviderRow before, Language say, Dictionary<string, string> problems)
    {
        var typed = new TypedValues(form, say, problems);
        return before with
        {
            Label = form["label"] ?? "",
            Issuer = typed.Text("issuer") ?? "",
            ClientId = typed.Text("client_id") ?? "",
            AuthMethod = form["auth_method"] ?? before.AuthMethod,
            Scopes = typed.List("scopes"),
            Provisioning = form["provisioning"] ?? before.Provisioning,
            AllowedClaims = typed.Json("allowed_claims", before.AllowedClaims) ?? "{}",
            EmailDomains = typed.List("email_domains"),
            ClaimMap = typed.Json("claim_map", before.ClaimMap) ?? "{}",
            RoleMap = typed.Json("role_map", before.RoleMap),
            TrustEmail = typed.Ticked("trust_email"),
            TrustAmr = typed.Ticked("trust_amr"),
            Reauth = form["reauth"] ?? before.Reauth,
            ExtraParams = typed.Json("extra_params", before.ExtraParams) ?? "{}",
            OnDisable = form["on_disable"] ?? before.OnDisable,
            Position = typed.Number("position", before.Position),
        };
    }

    /// <summary>The row with one column, and whatever depends on it, as it was before.</summary>
    public static ProviderRow Restore(ProviderRow row, string column, ProviderRow before) => column switch
    {
        "id" => row with { Id = before.Id },
        "label" => row with { Label = before.Label },
        "issuer" => row with { Issuer = before.Issuer },
        "client_id" => row with { ClientId = before.ClientId },
        "auth_method" => row with { AuthMethod = before.AuthMethod },
        "scopes" => row with { Scopes = before.Scopes },
        "provisioning" or "allowed_claims" => row with { Provisioning = before.Provisioning, AllowedClaims = before.AllowedClaims },
        "email_domains" => row with { EmailDomains = before.EmailDomains },
        "claim_map" => row with { ClaimMap = before.ClaimMap },
        "role_map" => row with { RoleMap = before.RoleMap },
        "reauth" => row with { Reauth = before.Reauth },
        "extra_params" => row with { ExtraParams = before.ExtraParams },
        "on_disable" => row with { OnDisable = before.OnDisable },
        _ => row,
    };

    /// <summary>The edit of a row.</summary>
    public static RowEdit<ProviderRow> Edit(ProviderRow row, ProviderRow before, bool write) =>
        new() { Row = row, Restore = (one, column) => Restore(one, column, before), Write = write };
}
