using OAuthServer.Protocol;
using OAuthServer.Stores.Grants;
using OAuthServer.Tokens;

namespace OAuthServer.Token;

/// <summary>Finds the rule for an exchange; where none fits, the refusal names the nearest one and what differs.</summary>
internal static class ExchangeMatch
{
    /// <param name="rules">All there are.</param>
    /// <param name="actor">The client that exchanges.</param>
    /// <param name="subject">What the token that was presented says.</param>
    /// <param name="target">What the new one is to be for; empty: what the only rule says.</param>
    public static Result<ExchangeRuleRow> Find(
        IReadOnlyList<ExchangeRuleRow> rules, string actor, AccessTokenClaims subject, string target)
    {
        var own = rules.Where(rule => rule.Actor == actor).ToList();
        var fitting = own.Where(rule => Difference(rule, subject, target) is null).ToList();
        if (fitting.Count == 1) return fitting[0];
        if (fitting.Select(rule => rule.Resource).Distinct().Count() > 1)
            return OAuthError.InvalidTarget("no resource was named, and several rules fit",
                Scope.Join(fitting.Select(rule => rule.Resource)),
                "none");
        // The one that gives most: two rules for the same way are one decision in two rows.
        if (fitting.Count > 1) return fitting.MaxBy(rule => rule.Scopes.Length)!;
        if (own.Count == 0)
            return TokenExchangeGrant.Refused("no exchange rule has this client as its actor",
                $"a row of exchange_rules with actor {actor}");

        var nearest = own.MaxBy(rule => Points(rule, subject, target))!;
        var (column, expected, got) = Difference(nearest, subject, target)!.Value;
        return TokenExchangeGrant.Refused($"no exchange rule fits; the nearest is {nearest.Id}: {column} differs", $"{column} {expected}",
            $"{column} {got}");
    }

    // The first thing that differs, in the order in which an operator would look.
    private static (string Column, string Expected, string Got)? Difference(
        ExchangeRuleRow rule, AccessTokenClaims subject, string target) =>
        rule.FromResource != subject.Audience ? ("from_resource", rule.FromResource, subject.Audience)
        : target.Length > 0 && rule.Resource != target ? ("resource", rule.Resource, target)
        : !rule.Takes(subject.ClientId) ? ("subject_clients",
            rule.SubjectClients.Length == 0 ? "any but the actor" : Scope.Join(rule.SubjectClients), subject.ClientId)
        : !rule.Enabled ? ("enabled", "true", "false")
        : null;

    private static int Points(ExchangeRuleRow rule, AccessTokenClaims subject, string target) =>
        (rule.FromResource == subject.Audience ? 4 : 0) + (target.Length == 0 || rule.Resource == target ? 2 : 0)
        + (rule.Takes(subject.ClientId) ? 1 : 0);
}
