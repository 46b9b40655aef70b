using System.Text.Json;

namespace OAuthServer.Federation;

/// <summary>Claims of a JSON object, read without surprises: a text is a text, and a list of texts holds no other thing.</summary>
public static class JsonClaims
{
    private const string Overage = "_claim_names";

    // 9999-12-31T23:59:59Z.
    private const long LastSecond = 253_402_300_799;

    /// <summary>The text, or null: missing, another type, or no text that can be kept.</summary>
    public static string? Text(JsonElement claims, string name)
    {
        if (!claims.TryGetProperty(name, out var value) || value.ValueKind != JsonValueKind.String) return null;
        // A lone surrogate is no text.
        try { return value.GetString(); }
        catch (InvalidOperationException) { return null; }
    }

    /// <summary>A text, or a list of texts, as values; null: missing or of another type.</summary>
    public static string[]? Values(JsonElement claims, string name)
    {
        if (Text(claims, name) is { } one) return [one];
        if (!claims.TryGetProperty(name, out var value) || value.ValueKind != JsonValueKind.Array) return null;
        try
        {
            return value.EnumerateArray().All(each => each.ValueKind == JsonValueKind.String)
                ? [.. value.EnumerateArray().Select(each => each.GetString()!)] : null;
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }

    /// <summary>A number of seconds since 1970 as a time; null: missing, or none.</summary>
    public static DateTimeOffset? Time(JsonElement claims, string name) =>
        claims.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var seconds)
            && seconds is >= 0 and <= LastSecond ? DateTimeOffset.FromUnixTimeSeconds((long)seconds) : null;

    /// <summary>Whether the claim was left out because there was too much of it (OpenID Connect Core §5.6.2; Entra's group
    /// overage).</summary>
    public static bool IsElsewhere(JsonElement claims, string name) =>
        claims.TryGetProperty(Overage, out var names) && names.ValueKind == JsonValueKind.Object && names.TryGetProperty(name, out _);
}
