using System.Globalization;
using System.Text.Json;
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
        return before with
        {
            Label = form["label"] ?? "",
            Issuer = form["issuer"]?.Trim() ?? "",
            ClientId = form["client_id"]?.Trim() ?? "",
            AuthMethod = form["auth_method"] ?? before.AuthMethod,
            Scopes = Split("scopes"),
            Provisioning = form["provisioning"] ?? before.Provisioning,
            AllowedClaims = Json("allowed_claims", before.AllowedClaims) ?? "{}",
            EmailDomains = Split("email_domains"),
            ClaimMap = Json("claim_map", before.ClaimMap) ?? "{}",
            RoleMap = Json("role_map", before.RoleMap),
            TrustEmail = form["trust_email"] is not null,
            TrustAmr = form["trust_amr"] is not null,
            Reauth = form["reauth"] ?? before.Reauth,
            ExtraParams = Json("extra_params", before.ExtraParams) ?? "{}",
            OnDisable = form["on_disable"] ?? before.OnDisable,
            Position = Number("position", before.Position),
        };

        string[] Split(string name) => form[name]?.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries) ?? [];

        string? Json(string name, string? otherwise)
        {
            if (form[name]?.Trim() is not { Length: > 0 } text) return null;
            try
            {
                using var document = JsonDocument.Parse(text);
                return text;
            }
            catch (JsonException)
            {
                problems[name] = say["This is no JSON."];
                return otherwise;
            }
        }

        int Number(string name, int otherwise)
        {
            if (form[name] is not { } text) return 0;
            if (int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)) return number;
            problems[name] = say["Write a whole number."];
            return otherwise;
        }
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
