using System.Buffers.Text;
using System.Text.Json;
using OAuthServer.Stores.Resources;
using OAuthServer.Stores.Users;

namespace OAuthServer.Tokens;

/// <summary>
/// What is told of a person (OpenID Connect Core §5.1, §5.4): by the granted scope in id_tokens and at userinfo, by the resource's own
/// list in access tokens and introspection. What is not known is no member.
/// </summary>
public static class PersonClaims
{
    // More groups or roles, or longer names of them, come from userinfo only: a token stays below 4 KiB.
    private const int MostInToken = 100;
    private const int MostCharacters = 1000;

    /// <summary>What an API may be told.</summary>
    public static IReadOnlyList<string> OfResources { get; } = ["email", "name", "preferred_username", "groups", "roles"];

    /// <summary>What every server that has this code can tell an app.</summary>
    public static IReadOnlyList<string> Supported { get; } =
    [
        "iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "at_hash", "sid", "acr", "amr", "name", "given_name", "family_name",
        "preferred_username", "locale", "updated_at", "email", "email_verified", "groups", "roles",
    ];

    /// <summary>Which of these lists a token has no room for; null: none.</summary>
    /// <param name="claims">Scopes or claims, groups and roles among them.</param>
    public static string? TooLong(PersonRow person, IReadOnlyCollection<string> claims) =>
        claims.Contains("groups") && !Fits(person.Groups) ? "groups"
        : claims.Contains("roles") && !Fits(person.Roles) ? "roles" : null;

    /// <summary>Writes the claims of this scope.</summary>
    /// <param name="rules">The operator's own claims.</param>
    /// <param name="isToken">Whether lists that are too long for one are left out.</param>
    public static void Write(
        Utf8JsonWriter json, PersonRow person, IReadOnlyCollection<string> scope, IReadOnlyList<ClaimRule> rules, bool isToken)
    {
        if (scope.Contains("profile"))
        {
            Text(json, "name", person.Name);
            Text(json, "given_name", person.GivenName);
            Text(json, "family_name", person.FamilyName);
            Text(json, "preferred_username", person.Username);
            Text(json, "locale", person.Locale);
            if (person.UpdatedAt is { } at) json.WriteNumber("updated_at", at.ToUnixTimeSeconds());
        }

        if (scope.Contains("email")) Email(json, person);
        if (scope.Contains("groups") && (!isToken || Fits(person.Groups))) List(json, "groups", person.Groups);
        if (person.Roles.Length > 0 && (!isToken || Fits(person.Roles))) List(json, "roles", person.Roles);
        foreach (var rule in rules)
        {
            if (!scope.Contains(rule.Scope) || !person.Claims.TryGetProperty(rule.From, out var value)
                || value.ValueKind == JsonValueKind.Null) continue;
            json.WritePropertyName(rule.Claim);
            value.WriteTo(json);
        }
    }

    /// <summary>Writes those of <see cref="OfResources"/> that the person was told the API sees.</summary>
    public static void WriteFor(Utf8JsonWriter json, PersonRow person, IReadOnlyList<string> claims)
    {
        foreach (var claim in claims)
        {
            switch (claim)
            {
                case "email": Email(json, person); break;
                case "name": Text(json, claim, person.Name); break;
                case "preferred_username": Text(json, claim, person.Username); break;
                case "groups" when Fits(person.Groups): List(json, claim, person.Groups); break;
                case "roles" when Fits(person.Roles): List(json, claim, person.Roles); break;
            }
        }
    }

    /// <summary>What an access token of ours tells of the person; null: nothing.</summary>
    /// <param name="payload">Its second part.</param>
    internal static IReadOnlyDictionary<string, JsonElement>? Read(string payload)
    {
        using var claims = JsonDocument.Parse(Base64Url.DecodeFromChars(payload));
        Dictionary<string, JsonElement>? told = null;
        foreach (var claim in claims.RootElement.EnumerateObject())
            if (claim.Name == "email_verified" || OfResources.Contains(claim.Name))
                (told ??= [])[claim.Name] = claim.Value.Clone();
        return told;
    }

    private static bool Fits(string[] list) => list.Length <= MostInToken && list.Sum(one => one.Length) <= MostCharacters;

    private static void Email(Utf8JsonWriter json, PersonRow person)
    {
        if (person.Email is not { } email) return;
        json.WriteString("email", email);
        json.WriteBoolean("email_verified", person.EmailVerified);
    }

    private static void Text(Utf8JsonWriter json, string name, string? value)
    {
        if (value is not null) json.WriteString(name, value);
    }

    private static void List(Utf8JsonWriter json, string name, string[] values)
    {
        json.WriteStartArray(name);
        foreach (var value in values) json.WriteStringValue(value);
        json.WriteEndArray();
    }
}
