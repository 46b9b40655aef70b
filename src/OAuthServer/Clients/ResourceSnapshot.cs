using System.Runtime.CompilerServices;
using OAuthServer.Protocol;
using OAuthServer.Stores.Resources;

namespace OAuthServer.Clients;

public sealed partial class ResourceDirectory
{
    /// <summary>Resources and scopes as they stood together.</summary>
    public sealed partial class Snapshot(
        IReadOnlyList<ResourceRow> resources, IReadOnlyList<ScopeRow> scopes, IReadOnlyList<TextRow> texts,
        IReadOnlyList<ClaimRule> claimRules, Settings settings)
    {
        private readonly Dictionary<string, ResourceRow> byFold = resources.GroupBy(row => Resource.Fold(row.Uri)).ToDictionary(
            group => group.Key, group => group.First());

        // What a client gets that names neither scope nor resource, as machines do thousands of times a minute.
        private readonly ConditionalWeakTable<Client, Target> usual = [];

        private readonly Dictionary<string, ScopeRow> byName = scopes.ToDictionary(scope => scope.Name);

        private readonly Dictionary<(string, string), string> words = texts.ToDictionary(row => (row.Key, row.Locale), row => row.Text);

        public IReadOnlyList<ResourceRow> Resources => resources;

        public IReadOnlyList<ScopeRow> Scopes => scopes;

        /// <summary>What a scope means, in this language or in English; null when nobody wrote any words.</summary>
        public string? TextOf(string scope, string locale) => WordsOf("scope " + scope, locale);

        /// <summary>What people call a resource, in this language where somebody named it so.</summary>
        public string NameOf(string resource, string locale) =>
            Find(resource) is { } row ? WordsOf("resource " + row.Uri, locale) ?? row.Name : resource;

        private string? WordsOf(string key, string locale) => words.GetValueOrDefault((key, locale)) ?? words.GetValueOrDefault(
            (key, "en"));

        /// <summary>A resource in any of its tolerated spellings, or null.</summary>
        public ResourceRow? Find(string resource) => byFold.GetValueOrDefault(Resource.Fold(resource));

        /// <summary>
        /// What a request of this client is for (RFC 8707 §2 with RFC 6749 §3.3): resources in their registered spelling, and of
        /// the requested scope, or of the client's default, what belongs to them. Scopes of other resources are dropped; nothing
        /// left is refused, since no token has an empty scope.
        /// </summary>
        /// <param name="requested">Resources; none for the default.</param>
        /// <param name="scope">Empty for the client's default.</param>
        public Result<Target> Decide(Client client, IReadOnlyList<string> requested, string[] scope)
        {
            var asksForNothing = requested.Count == 0 && scope.Length == 0;
            if (asksForNothing && usual.TryGetValue(client, out var known)) return known;
            if (DecideAnew(client, requested, scope).Refused(out var error, out var target)) return error;
            if (asksForNothing) usual.AddOrUpdate(client, target);
            return target;
        }

        private Result<Target> DecideAnew(Client client, IReadOnlyList<string> requested, string[] scope)
        {
            var meant = Meant(client, scope);
            if (meant.Length == 0 && client.Row.DefaultScopes.Contains(Scope.OpenId)) meant = Meant(client, client.Row.DefaultScopes);
            string[] identity = [.. meant.Where(IsIdentity)];
            if (Named(client, requested, identity.Length > 0).Refused(out var error, out var named)) return error;
            if (Array.Find(meant, one => !Allows(client, one)) is { } closed)
                return OAuthError.InvalidScope($"the client may not ask for scope {closed}", Scope.Join(client.Row.Scopes),
                    Scope.Join(scope));
            if (identity.Length == 0) return ForApis(client, named, meant);

            // The issuer itself is what userinfo's tokens are for. An API that was named gets its scopes as without OpenID Connect.
            string[] apis = [.. named.Where(uri => uri != settings.Issuer)];
            string[] ofApis = [.. meant.Except(identity)];
            if (apis.Length == 0 && ofApis.Length == 0) return new Target([settings.Issuer], identity);
            return ForApis(client, apis, ofApis).Refused(out error, out var target)
                ? ofApis.Length == 0 ? new Target([settings.Issuer], identity) : error
                : new Target([.. target.Resources.Append(settings.Issuer).Distinct()], [.. identity, .. target.Scope]);
        }

        private Result<Target> ForApis(Client client, string[] named, string[] meant)
        {
            var wanted = meant.Length > 0 ? meant : Defaults(client);
            if (named.Length == 0)
            {
                if (Default(client, wanted).Refused(out var error, out var usualOnes)) return error;
                named = usualOnes;
            }

            var granted = BelongingTo(named, wanted);
            // No default: what is open. What a client wrote into its own registration binds it to no resource either.
            var mayHaveOpen = client.IsUserFacing && meant.Length == 0 && (wanted.Length == 0 || !client.IsVouchedFor);
            if (granted.Length == 0 && mayHaveOpen) granted = BelongingTo(named, Open);
            return granted.Length > 0 ? new Target(named, granted) : NothingLeft(named, wanted);
        }

        /// <summary>
        /// What a token of a grant is for (RFC 8707 §2.2, RFC 6749 §6): one resource of the grant that the client still has, the
        /// named one or the first with a scope, and of the grant's scope, or the narrower one requested, what the client still has
        /// and belongs to that resource.
        /// </summary>
        /// <param name="grant">What the person allowed.</param>
        /// <param name="requested">At most one resource; none for the grant's.</param>
        /// <param name="scope">A narrower scope, or empty.</param>
        /// <param name="resourceNamed">Whether one was named when the person was asked: then its tokens carry no identity scope.</param>
        public Result<Target> Within(
            Client client, Target grant, IReadOnlyList<string> requested, string[] scope, bool resourceNamed = true)
        {
            if (requested.Count > 1) return SeveralResources();
            var hasIdentity = grant.Scope.Contains(Scope.OpenId);
            if (Named(client, requested, hasIdentity).Refused(out var error, out var named)) return error;
            string[] meant = [.. Meant(client, scope).Where(one => hasIdentity || !IsIdentity(one))];
            if (meant.Except(grant.Scope).Any()) return Wider(grant.Scope, scope);

            var granted = named.Length > 0 ? grant.Resources.Where(named.Contains) : grant.Resources;
            string[] candidates =
            [
                .. granted.Where(uri => (hasIdentity && uri == settings.Issuer)
                    || (Find(uri) is { } row && row.Uri == uri && Allows(client, row))),
            ];
            if (candidates.Length == 0)
                return OAuthError.InvalidTarget(
                    "the resource is not in the grant, disabled, or taken from the client", Scope.Join(grant.Resources),
                        Scope.Join(requested));
            string[] wanted = [.. (meant.Length > 0 ? meant : grant.Scope).Where(one => byName.ContainsKey(one) && Allows(client, one))];
            foreach (var candidate in candidates)
                if (Of(candidate) is { Length: > 0 } left)
                    return new Target([candidate], left);
            return NothingLeft(candidates, wanted);

            // One token serves the API and userinfo where nobody named a resource; else userinfo's is for the issuer alone.
            string[] Of(string candidate)
            {
                // Without a row of the client's for it, the issuer is for userinfo alone.
                var left = candidate != settings.Issuer || (Find(candidate) is { } own && Allows(client, own))
                    ? BelongingTo([candidate], wanted) : [];
                var withIdentity = candidate == settings.Issuer || (left.Length > 0 && !resourceNamed && requested.Count == 0);
                return hasIdentity && withIdentity ? [.. wanted.Where(one => IsIdentity(one) || left.Contains(one))] : left;
            }
        }

        /// <summary>RFC 8707 §2.2: a token is for one resource.</summary>
        public static OAuthError SeveralResources() => OAuthError.InvalidTarget(
            "several resources were named", "one resource per token", "several");

        private string[] Open { get; } =
            [.. scopes.Where(scope => scope is { Open: true, Identity: false, Name: not Scope.OfflineAccess }).Select(scope => scope.Name)];

        // The registered spellings of what was named, each enabled and the client's.
        private Result<string[]> Named(Client client, IReadOnlyList<string> requested, bool hasIdentity)
        {
            var named = new List<string>(requested.Count);
            foreach (var resource in requested)
            {
                if (!Resource.IsWellFormed(resource))
                    return OAuthError.InvalidTarget("not an absolute URI without a fragment", "https://host/path", resource);
                if (hasIdentity && Resource.Same(resource, settings.Issuer))
                {
                    if (!named.Contains(settings.Issuer)) named.Add(settings.Issuer);
                    continue;
                }

                if (Find(resource) is not { Enabled: true } row)
                    return OAuthError.InvalidTarget("no such resource, or disabled", "a registered resource", resource);
                if (!Allows(client, row))
                    return OAuthError.InvalidTarget("the client may not ask for this resource", Scope.Join(client.Row.Resources), row.Uri);
                if (!named.Contains(row.Uri)) named.Add(row.Uri);
            }

            return named.ToArray();
        }

        // A machine cannot stay connected, and is nobody: it is refused identity scopes. Of a person they mean nothing without openid.
        private string[] Meant(Client client, string[] scope) =>
        [
            .. scope.Where(one => one == Scope.OfflineAccess ? !client.IsUserFacing
                : byName.TryGetValue(one, out var row)
                    ? !row.Identity || !client.IsUserFacing || scope.Contains(Scope.OpenId)
                    : !Scope.OfOpenIdConnect.Contains(one)),
        ];

        // A scope without a resource belongs to all; offline_access is for no resource, but for the server.
        private string[] BelongingTo(IReadOnlyList<string> owners, IEnumerable<string> wanted) =>
        [
            .. wanted.Where(one => one != Scope.OfflineAccess
                && byName.GetValueOrDefault(one) is { Identity: false } row
                && (row.Resource is null || owners.Contains(row.Resource))),
        ];

        private bool Allows(Client client, string scope) =>
            (client.IsUserFacing || !IsIdentity(scope))
            && (client.Row.Scopes.Contains(scope) || (client.IsUserFacing && byName.GetValueOrDefault(scope) is { Open: true }));

        // A client that no operator made may ask for a resource when it can get a scope there that is open to anybody.
        private bool Allows(Client client, ResourceRow resource) =>
            resource.Enabled
            && (client.Row.Resources.Contains(resource.Uri)
                || client.Row.DefaultResource == resource.Uri
                || (!client.IsVouchedFor && client.Row.Resources.Length == 0 && BelongingTo([resource.Uri], Open).Length > 0));

        // The resource the scopes belong to when they all belong to one that is not the default; else the client's default, else
        // the server's, else the client's first, else the only one there is.
        private Result<string[]> Default(Client client, IReadOnlyList<string> wanted)
        {
            var fallback = client.Row.DefaultResource ?? OfTheServer(client) ?? client.Row.Resources.FirstOrDefault() ?? TheOnlyOne(client);
            var owners = wanted.Select(name => byName.GetValueOrDefault(name)?.Resource).OfType<string>().Distinct().ToArray();
            var chosen = owners is [var owner] && Find(owner) is { } meant && Allows(client, meant) ? meant.Uri : fallback;
            return chosen is not null && Find(chosen) is { Enabled: true } row
                ? new[] { row.Uri }
                : OAuthError.InvalidTarget(
                    "no resource was named, and neither client nor server has an enabled default",
                        "resource, default_resource or OAuth__DefaultResource", "none");
        }

        private string? OfTheServer(Client client) => Find(settings.DefaultResource) is { } row && Allows(client, row) ? row.Uri : null;

        // Some clients are said never to name a resource: where there is one API only, they can mean no other.
        private string? TheOnlyOne(Client client) =>
            resources.Where(row => row.Enabled && !Resource.Same(row.Uri, settings.Issuer)).Take(2).ToArray() is [var only]
                && Allows(client, only) ? only.Uri : null;

        private string[] Defaults(Client client) =>
            client.Row.DefaultScopes.Length > 0 ? [.. client.Row.DefaultScopes.Where(scope => !IsIdentity(scope))]
            : [.. client.Row.Scopes.Where(scope => scope != Scope.OfflineAccess && !IsIdentity(scope))];

        private static OAuthError Wider(string[] granted, string[] scope) =>
            OAuthError.InvalidScope("a refresh can narrow the scope, not widen it", Scope.Join(granted), Scope.Join(scope))
                with
            { Rule = "RFC 6749 §6" };

        private static OAuthError NothingLeft(string[] resources, string[] wanted) =>
            OAuthError.InvalidScope("none of the scopes belongs to the resource", $"a scope of {Scope.Join(resources)}",
                Scope.Join(wanted)) with
            {
                Description = "No scope is left that belongs to the requested resource",
            };
    }
}
