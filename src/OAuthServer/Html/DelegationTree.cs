using OAuthServer.Clients;
using OAuthServer.Stores.Grants;

namespace OAuthServer.Html;

/// <summary>Who acts for whom, as a tree: each step below the one it stands on.</summary>
public static class DelegationTree
{
    /// <param name="cut">The button of one step, or nothing.</param>
    public static Markup Of(
        IReadOnlyCollection<DelegationRow> rows, ResourceDirectory.Snapshot known, Language say, Func<DelegationRow, Markup> cut)
    {
        var below = rows.OrderByDescending(row => row.LastUsedAt).ThenBy(row => row.Id).ToLookup(row => row.Parent);
        var ids = rows.Select(row => row.Id).ToHashSet();
        return Branches(rows.Where(row => row.Parent is not { } parent || !ids.Contains(parent)).OrderByDescending(row => row.LastUsedAt));

        Markup Branches(IEnumerable<DelegationRow> steps)
        {
            DelegationRow[] all = [.. steps];
            return all.Length == 0 ? Markup.None : $"""
                <ul class="tree">
                {all.Select(Step)}
                </ul>
                """;
        }

        Markup Step(DelegationRow row) => $"""
            <li><div class="step"><span><strong><bdi>{Words.Sanitize(row.ActorName)}</bdi></strong>
                {say.Put("at {0}", $"<bdi>{Words.Sanitize(known.NameOf(row.Resource, say.Code))}</bdi>")}
                <span class="url"><bdi>{row.Resource}</bdi></span>
                {row.Scope.Select(scope => (Markup)$"""<span class="detail"><bdi>{AppText.Scope(scope, known, say)}</bdi></span>""")}
                <span class="detail">{say.Put("Last used: {0}", say.Time(row.LastUsedAt))}</span></span>{cut(row)}</div>
            {Branches(below[row.Id])}
            </li>
            """;
    }
}
