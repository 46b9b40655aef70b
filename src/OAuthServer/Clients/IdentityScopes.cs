using OAuthServer.Protocol;
using OAuthServer.Stores.Resources;

namespace OAuthServer.Clients;

public sealed partial class ResourceDirectory
{
    // Who somebody is, beside what may be done: OpenID Connect.
    public sealed partial class Snapshot
    {
        /// <summary>Whether there are id_tokens here.</summary>
        public required bool IsProvider { get; init; }

        /// <summary>Claims of the operator's own.</summary>
        public IReadOnlyList<ClaimRule> ClaimRules => claimRules;

        /// <summary>What people read that an app can access: not this server itself, where it only tells who they are.</summary>
        public IReadOnlyList<string> ApisOf(string[] resources, string[] scope) =>
            [.. resources.Where(uri => uri != settings.Issuer || !scope.Contains(Scope.OpenId)
                || ClaimsOf(uri).Length > 0 || scope.Any(one => byName.GetValueOrDefault(one)?.Resource == uri))];

        /// <summary>Of what a grant has, the identity scopes that the client still may have; none without openid.</summary>
        /// <param name="wanted">What was narrowed to; empty: nothing was.</param>
        public string[] IdentityOf(Client client, string[] grant, string[] wanted)
        {
            string[] left = [.. grant.Where(one => (wanted.Length == 0 || wanted.Contains(one)) && IsIdentity(one) && Allows(client, one))];
            return left.Contains(Scope.OpenId) ? left : [];
        }

        /// <summary>What this resource's tokens tell of the person.</summary>
        public string[] ClaimsOf(string resource) => Find(resource)?.Claims ?? [];

        /// <summary>Whether a scope tells about the person, and belongs to no resource.</summary>
        public bool IsIdentity(string scope) => byName.GetValueOrDefault(scope) is { Identity: true };
    }
}
