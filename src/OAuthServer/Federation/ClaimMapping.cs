using System.Text.Json;
using System.Text.RegularExpressions;
using OAuthServer.Protocol;
using OAuthServer.Stores.Federation;

namespace OAuthServer.Federation;

/// <summary>What of a provider's claims becomes of a person here: name, address, language, groups, role, and what a new one is
/// called.</summary>
public static partial class ClaimMapping
{
    private const int LongestText = 200;
    private const int LongestEmail = 254;
    private const int MostGroups = 200;

    /// <summary>Whether userinfo has to be asked: for a claim that is mapped and that the id_token lacks.</summary>
    public static bool Misses(Provider provider, JsonElement claims)
    {
        IEnumerable<string?> wanted =
        [
            .. provider.Mapped, .. provider.RoleMap?.Keys ?? [], provider.ClaimOf("email"), provider.ClaimOf("name"),
            .. provider.Row.Provisioning == "create" ? [provider.ClaimOf("username")] : Array.Empty<string?>(),
        ];
        return wanted.OfType<string>().Any(claim => !claims.TryGetProperty(claim, out _));
    }

    /// <summary>What is kept of a person. A claim that is no text, or that no row could hold, is as none.</summary>
    public static ArrivedProfile Profile(Provider provider, UpstreamPerson person)
    {
        var (email, document) = Email(provider, person);
        return new ArrivedProfile
        {
            Name = Name("name"),
            GivenName = Name("given_name"),
            FamilyName = Name("family_name"),
            Locale = Claim(provider, person, "locale") is { } locale && LocaleForm().IsMatch(locale) ? locale : null,
            Email = email,
            // The JSON true, in the document the address is from, and nothing else.
            EmailVerified = provider.Row.TrustEmail && email is not null && document is { } said
                && said.TryGetProperty("email_verified", out var verified) && verified.ValueKind == JsonValueKind.True,
            Groups = provider.ClaimOf("groups") is { } groups && Values(person, groups) is { } list
                ? [.. list.Select(Tidy).OfType<string>().Distinct().Take(MostGroups)] : null,
            Role = Role(provider, person),
        };

        string? Name(string name) => Tidy(Claim(provider, person, name));
    }

    /// <summary>What the user name of a new person is made of: the mapped claim, else the address, else the name; empty: none of
    /// them.</summary>
    public static string NewName(Provider provider, UpstreamPerson person)
    {
        var claimed = Claim(provider, person, "username") ?? Email(provider, person).Email ?? Claim(provider, person, "name") ?? "";
        return Cut(claimed).Replace('\0', ' ');
    }

    // The id_token's word first; the address and whether it is verified are from one and the same document.
    private static (string? Email, JsonElement? Document) Email(Provider provider, UpstreamPerson person)
    {
        var claim = provider.ClaimOf("email")!;
        foreach (var document in new[] { person.Claims, person.UserInfo })
            if (document is { } said && said.TryGetProperty(claim, out _))
                return JsonClaims.Text(said, claim)?.Trim() is { Length: <= LongestEmail } text && EmailForm().IsMatch(text) ? (text, said)
                    : (null, null);
        return (null, null);
    }

    private static string? Role(Provider provider, UpstreamPerson person)
    {
        if (provider.RoleMap is not { } map) return null;
        foreach (var (claim, roles) in map)
            if (Values(person, claim) is { } values && values.Any(value => roles.GetValueOrDefault(value) == "admin")) return "admin";
        return "user";
    }

    private static string[]? Values(UpstreamPerson person, string claim) =>
        JsonClaims.Values(person.Claims, claim) ?? (person.UserInfo is { } more ? JsonClaims.Values(more, claim) : null);

    private static string? Claim(Provider provider, UpstreamPerson person, string name) =>
        provider.ClaimOf(name) is not { } claim ? null
            : JsonClaims.Text(person.Claims, claim) ?? (person.UserInfo is { } more ? JsonClaims.Text(more, claim) : null);

    private static string? Tidy(string? text) =>
        VisibleText.Name(text) is { Length: > 0 } name ? Cut(name) : null;

    // Not in the middle of a character.
    private static string Cut(string text) =>
        text.Length <= LongestText ? text : text[..(char.IsHighSurrogate(text[LongestText - 1]) ? LongestText - 1 : LongestText)];

    [GeneratedRegex(@"^[^\s@\p{Cc}]+@[^\s@\p{Cc}]+$", RegexOptions.CultureInvariant)]
    private static partial Regex EmailForm();

    [GeneratedRegex("^[A-Za-z]{2,8}([-_][A-Za-z0-9]{1,8})*$", RegexOptions.CultureInvariant)]
    private static partial Regex LocaleForm();
}
