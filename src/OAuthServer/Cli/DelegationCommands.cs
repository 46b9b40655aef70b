using System.CommandLine;
using System.Globalization;
using OAuthServer.Protocol;
using OAuthServer.Stores.Grants;

namespace OAuthServer.Cli;

/// <summary>grants tree and grants cut: who acts with a grant, and how one of them stops.</summary>
internal static class DelegationCommands
{
    public static CliCommand Tree()
    {
        var id = new Argument<Guid>("GRANT_ID") { Description = "As grants list and the grant claim of tokens say it" };
        return CliCommand.On("tree", "Show which agents act with a grant, each below the one whose token it exchanged",
            "oauth-server grants tree 019ab1c2-7d10-7abc-8def-0123456789ab", [id], async (parse, context, cancel) =>
        {
            var rows = await new DelegationStore(context.Database).OfGrantAsync(parse.GetRequiredValue(id), cancel);
            var tree = DelegationRow.AsTree(rows);
            if (rows.Count == 0)
                return context.Output.Done(new { delegations = tree }, "Nobody acts with this grant but its own client.");
            var depths = Depths(tree);
            return context.Output.Done(new { delegations = tree }, $"{rows[0].Username ?? rows[0].ClientId} through {rows[0].ClientId}\n"
                + Words.Table(["ACTOR", "RESOURCE", "SCOPE", "LAST USED", "STATE", "EDGE"], tree.Select(row => new[]
                {
                    new string(' ', 2 * (depths[row.Id] - 1)) + row.Actor, row.Resource, Scope.Join(row.Scope), Words.At(row.LastUsedAt),
                    row.EndedReason is { } reason ? $"ended ({reason})" : "live", $"{row.Id}",
                })));
        });
    }

    public static CliCommand Cut()
    {
        var (id, yes) = (new Argument<Guid>("EDGE") { Description = "The last column of grants tree" }, Affected.Yes());
        return CliCommand.On("cut", "End what one agent does with a grant, and those below it; it does not begin again under this grant",
            "oauth-server grants cut 019ab1c2-7d10-7abc-8def-0123456789ab --yes", [id, yes], async (parse, context, cancel) =>
        {
            var store = new DelegationStore(context.Database);
            if (await store.FindAsync(parse.GetRequiredValue(id), cancel) is not { EndedAt: null } row)
                return context.Output.Refuse(string.Create(CultureInfo.InvariantCulture,
                    $"There is no live delegation {parse.GetRequiredValue(id)}"), "See: oauth-server grants tree GRANT_ID");
            var affected = $"{row.Actor} acts for {row.Username ?? row.ClientId} at {row.Resource}.";
            if (Affected.Refusal(context, parse.GetValue(yes), $"Cut {row.Id}", affected) is { } refused) return refused;
            var (author, at) = context.Act();
            var cut = await store.CutAsync(row.Id, null, author, at);
            return context.Output.Done(new { row.Id, cut, request_id = author.RequestId },
                $"{row.Id} is cut. Its tokens and those below it are refused.");
        });
    }

    // A tree that lost its top is shown from where it begins.
    private static Dictionary<Guid, int> Depths(IReadOnlyList<DelegationRow> tree)
    {
        var depths = new Dictionary<Guid, int>();
        foreach (var row in tree) depths[row.Id] = row.Parent is { } parent && depths.TryGetValue(parent, out var above) ? above + 1 : 1;
        return depths;
    }
}
