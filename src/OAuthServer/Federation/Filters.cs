using System.Text.Json;
using OAuthServer.Protocol;

namespace OAuthServer.Federation;

/// <summary>Who may come at all (allowed_claims): every claim that is named must be in the id_token, with one of its values.</summary>
public static class Filters
{
    /// <summary>The refusal; null: they may come.</summary>
    public static OAuthError? Refusal(Provider provider, JsonElement claims)
    {
        foreach (var (claim, allowed) in provider.AllowedClaims)
        {
            if (JsonClaims.IsElsewhere(claims, claim))
                return FederationErrors.NotAllowed($"{claim} has too many values for the id_token (_claim_names)", Join(allowed),
                    "overage");
            if (JsonClaims.Values(claims, claim) is not { } values)
                return FederationErrors.NotAllowed(
                    $"{claim} is missing, or neither a text nor a list of texts", Join(allowed), Kind(claims, claim));
            if (!values.Any(value => allowed.Contains(value, StringComparer.Ordinal)))
                return FederationErrors.NotAllowed($"{claim} has no allowed value", Join(allowed), string.Join(' ', values));
        }

        return null;
    }

    private static string Join(string[] allowed) => string.Join(' ', allowed);

    private static string Kind(JsonElement claims, string claim) =>
        claims.TryGetProperty(claim, out var value) ? value.ValueKind.ToString() : "none";
}
