using System.Text.Json;
using OAuthServer.Stores.Federation;

namespace OAuthServer.Federation;

/// <summary>A company people sign in at: its row, with what the row's objects say.</summary>
public sealed class Provider
{
    /// <summary>What is filled by a claim of the same name where claim_map says nothing else; the user name, by
    /// preferred_username.</summary>
    private static readonly string[] Standard = ["email", "name", "given_name", "family_name", "locale"];

    /// <summary>What claim_map says, and for the rest the claims of OpenID Connect Core §5.1; groups only where it says so.</summary>
    private readonly Dictionary<string, string> claims;

    public Provider(ProviderRow row)
    {
        Row = row;
        claims = Standard.ToDictionary(name => name, StringComparer.Ordinal);
        claims["username"] = "preferred_username";
        var map = Texts(row.ClaimMap);
        foreach (var (name, claim) in map) claims[name] = claim;
        Mapped = [.. map.Values];
        AllowedClaims = Object(row.AllowedClaims, value => value.EnumerateArray().Select(one => one.GetString()!).ToArray());
        RoleMap = row.RoleMap is null ? null : Object(row.RoleMap, value => Texts(value.GetRawText()));
        ExtraParams = Texts(row.ExtraParams);
    }

    public ProviderRow Row { get; }
    public string Id => Row.Id;
    public string Label => Row.Label;

    /// <summary>The claims that claim_map names.</summary>
    public IReadOnlyList<string> Mapped { get; }

    /// <summary>Claims with the values of which each must have one.</summary>
    public IReadOnlyDictionary<string, string[]> AllowedClaims { get; }

    /// <summary>Roles by claims and their values; null: roles are left alone.</summary>
    public IReadOnlyDictionary<string, IReadOnlyDictionary<string, string>>? RoleMap { get; }

    /// <summary>What is added to requests.</summary>
    public IReadOnlyDictionary<string, string> ExtraParams { get; }

    /// <summary>Whether its secret is here, where it needs one.</summary>
    public bool HasSecret => Row.AuthMethod == "none" || Row.SecretSealed is not null;

    /// <summary>The claim that fills this, or null.</summary>
    public string? ClaimOf(string name) => claims.GetValueOrDefault(name);

    private static IReadOnlyDictionary<string, string> Texts(string json) => Object(json, value => value.GetString()!);

    private static Dictionary<string, T> Object<T>(string json, Func<JsonElement, T> read)
    {
        using var document = JsonDocument.Parse(json);
        return document.RootElement.EnumerateObject().ToDictionary(member => member.Name, member => read(member.Value),
            StringComparer.Ordinal);
    }
}
