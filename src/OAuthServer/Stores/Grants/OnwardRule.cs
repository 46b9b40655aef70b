using System.Text.Json;
using System.Text.Json.Serialization;

namespace OAuthServer.Stores.Grants;

/// <summary>What a person allowed to be passed on: an element of grants.onward. A rule of token exchange as it was shown.</summary>
public sealed record OnwardRule
{
    private static readonly JsonSerializerOptions Form = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    /// <summary>The id of the row of exchange_rules.</summary>
    public required Guid Rule { get; init; }

    /// <summary>The client that acts then.</summary>
    public required string Actor { get; init; }

    /// <summary>Where.</summary>
    public required string Resource { get; init; }

    /// <summary>What it may do there at most.</summary>
    public required string[] Scopes { get; init; }

    /// <summary>One line that another rule, or a wider one, does not have.</summary>
    [JsonIgnore]
    public string Line => $"onward {Rule} {Actor} {Resource} {string.Join(' ', Scopes.Order(StringComparer.Ordinal))}";

    /// <summary>As the column has it.</summary>
    public static string Write(IReadOnlyCollection<OnwardRule> rules) => JsonSerializer.Serialize(rules, Form);

    /// <summary>What the column has.</summary>
    public static IReadOnlyList<OnwardRule> Read(string json) => JsonSerializer.Deserialize<List<OnwardRule>>(json, Form) ?? [];
}
