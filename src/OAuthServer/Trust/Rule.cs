using System.Text.Json;
using OAuthServer.Stores.Trust;

namespace OAuthServer.Trust;

/// <summary>Which workloads are which client: every claim of it must fit.</summary>
public sealed class Rule
{
    public Rule(RuleRow row)
    {
        Row = row;
        using var claims = JsonDocument.Parse(row.Claims);
        Claims = [.. claims.RootElement.EnumerateObject().Select(member => new RuleClaim(member.Name, member.Value))];
    }

    public RuleRow Row { get; }
    public long Id => Row.Id;

    /// <summary>Null: nothing stands, and no token is issued.</summary>
    public Guid? Grant => Row.Enabled ? Row.GrantId : null;
    public IReadOnlyList<RuleClaim> Claims { get; }

    /// <summary>Whether all of its claims fit.</summary>
    public bool Fits(JsonElement claims) => Claims.All(claim => claim.Fits(claims));

    /// <summary>The claims that do not fit, in words: claim NAME: expected VALUE, came VALUE.</summary>
    public IEnumerable<string> Misfits(JsonElement claims) =>
        Claims.Where(claim => !claim.Fits(claims))
            .Select(claim => $"claim {claim.Name}: expected {claim.Expected}, came {claim.Came(claims)}");
}
