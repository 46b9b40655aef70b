using OAuthServer.Protocol;
using OAuthServer.Stores;

namespace OAuthServer.Clients;

/// <summary>Resources and scopes in memory, and the rules of who may ask for which.</summary>
public sealed class ResourceDirectory
{
    private readonly ResourceStore store;
    private readonly Notifications notifications;
    private readonly Settings settings;
    private volatile Snapshot? remembered;
    private int generation;

    public ResourceDirectory(ResourceStore store, Notifications notifications, Settings settings)
    {
        (this.store, this.notifications, this.settings) = (store, notifications, settings);
        notifications.Changed += what =>
        {
            if (what is not (null or "resources" or "resource_texts" or "scopes" or "scope_texts")) return;
            Interlocked.Increment(ref generation);
            remembered = null;
        };
    }

    /// <summary>All resources and scopes at this moment.</summary>
    public async ValueTask<Snapshot> ReadAsync(CancellationToken cancel)
    {
        if (notifications.Listening && remembered is { } known) return known;
        var before = Volatile.Read(ref generation);
        var read = new Snapshot(await store.ResourcesAsync(cancel), await store.ScopesAsync(cancel), await store.TextsAsync(cancel), settings);
        if (notifications.Listening && Volatile.Read(ref generation) == before) remembered = read;
        return read;
    }

    /// <summary>Resources and scopes as they stood together.</summary>
    public sealed class Snapshot(IReadOnlyList<ResourceRow> resources, IReadOnlyList<ScopeRow> scopes, IReadOnlyList<TextRow> texts, Settings settings)
    {
        private readonly Dictionary<string, ResourceRow> byFold = resources.GroupBy(row => Resource.Fold(row.Uri)).ToDictionary(group => group.Key, group => group.First());

        private readonly Dictionary<string, ScopeRow> byName = scopes.ToDictionary(scope => scope.Name);

        private readonly Dictionary<(string, string), string> words = texts.ToDictionary(row => (row.Key, row.Locale), row => row.Text);

        public IReadOnlyList<ResourceRow> Resources => resources;

        public IReadOnlyList<ScopeRow> Scopes => scopes;

        /// <summary>What a scope means, in this language or in English; null when nobody wrote any words.</summary>
        public string? TextOf(string scope, string locale) => WordsOf("scope " + scope, locale);

        /// <summary>What people call a resource, in this language where somebody named it so.</summary>
        public string NameOf(string resource, string locale) =>
            Find(resource) is { } row ? WordsOf("resource " + row.Uri, locale) ?? row.Name : resource;

        private string? WordsOf(string key, string locale) => words.GetValueOrDefault((key, locale)) ?? words.GetValueOrDefault((key, "en"));

        /// <summary>A resource in any of its tolerated spellings, or null.</summary>
        public ResourceRow? Find(string resource) => byFold.GetValueOrDefault(Resource.Fold(resource));

        /// <summary>
        /// RFC 8707 §2: the registered spellings of what was asked for. Nothing asked: the resource the scopes belong to when
        /// they all belong to one that is not the default; else the client's default, else the server's, else the only one there is.
        /// </summary>
        public Result<string[]> Choose(Client client, IReadOnlyList<string> asked, IReadOnlyList<string> scope)
        {
            if (asked.Count == 0) return Default(client, scope);
            var chosen = new List<string>(asked.Count);
            foreach (var resource in asked)
            {
                if (!Resource.IsWellFormed(resource)) return OAuthError.InvalidTarget("not an absolute URI without a fragment", "https://host/path", resource);
                if (Find(resource) is not { Enabled: true } row) return OAuthError.InvalidTarget("no such resource, or disabled", "a registered resource", resource);
                if (!Allows(client, row)) return OAuthError.InvalidTarget("the client may not ask for this resource", Scope.Join(client.Row.Resources), row.Uri);
                if (!chosen.Contains(row.Uri)) chosen.Add(row.Uri);
            }

            return chosen.ToArray();
        }

        /// <summary>
        /// RFC 6749 §3.3: what was asked for, if the client may have it; its default set when nothing was asked for.
        /// offline_access is granted to user-facing clients whoever asks, and to nobody else.
        /// </summary>
        public Result<string[]> Allow(Client client, string[] asked, IReadOnlyList<string> forResources)
        {
            if (asked.Length == 0) return Defaults(client, forResources);
            foreach (var scope in asked)
                if (!Allows(client, scope))
                    return OAuthError.InvalidScope($"the client may not ask for scope {scope}", Scope.Join(client.Row.Scopes), Scope.Join(asked));
            return asked;
        }

        /// <summary>The resources a token may be for at this moment.</summary>
        public string[] Enabled { get; } = [.. resources.Where(row => row.Enabled).Select(row => row.Uri)];

        /// <summary>What is left of a granted scope: an operator may have deleted a scope, or taken it from the client, since.</summary>
        public string[] StillAllowed(Client client, IEnumerable<string> granted) => [.. granted.Where(scope => byName.ContainsKey(scope) && Allows(client, scope))];

        private bool Allows(Client client, string scope) =>
            client.Row.Scopes.Contains(scope)
            || (client.IsUserFacing && (scope == Scope.OfflineAccess || byName.GetValueOrDefault(scope) is { Open: true }));

        // A client that registered itself may ask for any resource: what it gets there is bounded by the open scopes.
        private static bool Allows(Client client, ResourceRow resource) =>
            client.Row.Resources.Contains(resource.Uri)
            || client.Row.DefaultResource == resource.Uri
            || (!client.IsTrusted && client.Row.Resources.Length == 0);

        private Result<string[]> Default(Client client, IReadOnlyList<string> scope)
        {
            var fallback = client.Row.DefaultResource ?? (settings.DefaultResource.Length > 0 ? settings.DefaultResource : null) ?? client.Row.Resources.FirstOrDefault() ?? TheOnlyOne(client);
            var owners = scope.Select(name => byName.GetValueOrDefault(name)?.Resource).OfType<string>().Distinct().ToArray();
            if (owners is [var owner] && owner != fallback && Find(owner) is { Enabled: true } row && (Allows(client, row) || client.Row.Scopes.Length > 0))
                return new[] { row.Uri };
            return fallback is not null && Find(fallback) is { Enabled: true } chosen
                ? new[] { chosen.Uri }
                : OAuthError.InvalidTarget("no resource was named, and neither client nor server has an enabled default", "resource, default_resource or OAuth__DefaultResource", "none");
        }

        // Some clients are said never to name a resource: where there is one API only, they can mean no other.
        private string? TheOnlyOne(Client client) =>
            resources.Where(row => row.Enabled && !Resource.Same(row.Uri, settings.Issuer)).Take(2).ToArray() is [var only] && Allows(client, only) ? only.Uri : null;

        private string[] Defaults(Client client, IReadOnlyList<string> forResources) =>
            client.Row.DefaultScopes.Length > 0 ? client.Row.DefaultScopes
            : client.Row.Scopes.Length > 0 ? [.. client.Row.Scopes.Where(scope => scope != Scope.OfflineAccess)]
            : client.IsUserFacing ? [.. scopes.Where(scope => scope.Open && scope.Resource is { } owner && forResources.Contains(owner)).Select(scope => scope.Name)]
            : [];
    }
}
