using OAuthServer.Stores.Grants;

namespace OAuthServer.Clients;

public sealed partial class ResourceDirectory
{
    public sealed partial class Snapshot
    {
        /// <summary>
        /// What a rule of token exchange may give at most for a token of this scope: scopes of its target, and of those that the
        /// resource the token is for has too, only what is in it. Never who somebody is.
        /// </summary>
        /// <param name="held">The scope of the token that is exchanged.</param>
        public string[] Exchangeable(ExchangeRuleRow rule, IReadOnlyCollection<string> held) =>
        [
            .. rule.Scopes.Where(one => byName.GetValueOrDefault(one) is { Identity: false, Name: not Protocol.Scope.OfflineAccess } scope
                && (scope.Resource is null || scope.Resource == rule.Resource)
                && ((scope.Resource is not null && scope.Resource != rule.FromResource) || held.Contains(one))),
        ];

        /// <summary>What of a rule's scopes belongs to its target: what a consent page shows of it.</summary>
        public string[] ScopesOf(ExchangeRuleRow rule) =>
        [
            .. rule.Scopes.Where(one => byName.GetValueOrDefault(one) is { Identity: false, Name: not Protocol.Scope.OfflineAccess } scope
                && (scope.Resource is null || scope.Resource == rule.Resource)),
        ];
    }
}
