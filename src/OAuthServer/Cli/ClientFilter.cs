using System.CommandLine;
using OAuthServer.Protocol;
using OAuthServer.Stores.Clients;
using OAuthServer.Stores.Postgres;

namespace OAuthServer.Cli;

/// <summary>Which clients a list shows, or an act is about.</summary>
internal sealed class ClientFilter
{
    /// <summary>So many are acted on at once.</summary>
    private const int Most = 10_000;
    private static readonly string[] Kinds = ["machine", "resource-server", "user-facing"];

    private readonly Option<string?> kind = new("--kind") { Description = "Only this kind" };
    private readonly Option<string?> state = new("--state") { Description = "Only enabled or disabled ones" };
    private readonly Option<string?> origin = new("--origin") { Description = "Only added by operators, self-registered, or by document" };
    private readonly Option<string?> search = new("--search") { HelpName = "TEXT", Description = "Only with this in the name or id" };

    public ClientFilter()
    {
        kind.AcceptOnlyFromAmong(Kinds);
        state.AcceptOnlyFromAmong("enabled", "disabled");
        origin.AcceptOnlyFromAmong("operator", "self-registered", "document");
    }

    public Symbol[] Options => [kind, state, origin, search];

    /// <summary>Nothing narrows it.</summary>
    public bool IsEmpty(ParseResult parse) =>
        parse.GetValue(kind) is null && parse.GetValue(state) is null && parse.GetValue(origin) is null && parse.GetValue(search) is null;

    /// <summary>One search for each kind, in the order of the list.</summary>
    public IEnumerable<ClientSearch> Searches(ParseResult parse) =>
        from one in Kinds
        where parse.GetValue(kind) is not { } only || only == one
        select new ClientSearch
        {
            Kind = one,
            Text = parse.GetValue(search)?.Trim() ?? "",
            Origin = parse.GetValue(origin),
            Enabled = RowState.Read(parse.GetValue(state)),
        };

    /// <summary>A page of the list, by kind and id: a page never reads more than its own rows.</summary>
    /// <param name="after">The last client of the page before; null: the first page.</param>
    public async Task<Slice<ListedClient>> PageAsync(
        ParseResult parse, ClientQueries clients, ClientForm? after, int length, CancellationToken cancel)
    {
        var (rows, total, isMore, counted) = (new List<ListedClient>(), 0, false, true);
        foreach (var one in Searches(parse))
        {
            var isBefore = after is not null && string.CompareOrdinal(one.Kind, after.Kind) < 0;
            var cursor = new Cursor(after?.Kind == one.Kind ? after.ClientId : null, null);
            var wanted = Math.Max(length - rows.Count, 1);
            var found = await clients.ListAsync(one, cursor, wanted, cancel);
            total += Math.Min(found.Total, found.Most);
            counted &= found.Total <= found.Most;
            if (isBefore) continue;
            isMore |= found.HasNext || (rows.Count == length && found.Rows.Count > 0);
            rows.AddRange(found.Rows.Take(length - rows.Count));
        }

        return new Slice<ListedClient>
        {
            Rows = rows,
            HasPrevious = after is not null,
            HasNext = isMore,
            Total = counted ? total : total + 1,
            Most = counted ? int.MaxValue : total,
        };
    }

    /// <summary>The ids of all that fit and are in another state; null: too many to act on at once.</summary>
    public async Task<List<string>?> IdsAsync(ParseResult parse, ClientQueries clients, bool enabled, CancellationToken cancel)
    {
        var ids = new List<string>();
        foreach (var one in Searches(parse).Where(one => one.Enabled != enabled))
        {
            if (await clients.IdsAsync(one with { Enabled = !enabled }, Most - ids.Count, cancel) is not { } some) return null;
            ids.AddRange(some);
        }

        return ids;
    }
}
