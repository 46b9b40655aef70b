using OAuthServer.Protocol;

namespace OAuthServer.Trust;

/// <summary>Which rule of its issuer an assertion fits.</summary>
public static class RuleMatch
{
    /// <summary>
    /// The one rule that fits; of a client that the request names the first of its rules. Refused where none does, or where two do and no
    /// client is named.
    /// </summary>
    /// <param name="client">The client that the request names; null: none.</param>
    public static Result<Rule> Find(Assertion assertion, string? client)
    {
        Rule[] candidates = [.. assertion.Issuer.Rules.Where(rule => rule.Row.Enabled && (client is null || rule.Row.ClientId == client))];
        Rule[] fitting = [.. candidates.Where(rule => rule.Fits(assertion.Jwt.Claims))];
        if (fitting.Length == 0) return NoRule(assertion, candidates, client);
        if (fitting.Length > 1 && client is null)
            return AssertionErrors.NotValid(AssertionErrors.Rules, "several rules fit", "one rule, or client_id",
                string.Join(", ", fitting.Select(rule => $"rule {rule.Id} ({rule.Row.ClientId})")));
        return fitting[0].Grant is not null ? fitting[0]
            : AssertionErrors.NotValid(AssertionErrors.Rules, $"rule {fitting[0].Id} fits, and its grant has ended",
                "an enabled client that is federated; disable and enable the rule", "no living grant");
    }

    private static OAuthError NoRule(Assertion assertion, Rule[] candidates, string? client)
    {
        var nearest = candidates.MaxBy(rule => rule.Claims.Count(claim => claim.Fits(assertion.Jwt.Claims)));
        return nearest is null
            ? AssertionErrors.NotValid(AssertionErrors.Rules,
                client is null ? "the issuer has no enabled rule" : $"the issuer has no enabled rule for {Named(client)}", "a rule", "none")
            : AssertionErrors.NotValid(AssertionErrors.Rules,
                $"no rule fits; nearest is rule {nearest.Id}: {string.Join("; ", nearest.Misfits(assertion.Jwt.Claims))}");
    }

    // What is refused may have been a secret in the wrong place.
    private static string Named(string client) => Presented.Redact(client);
}
