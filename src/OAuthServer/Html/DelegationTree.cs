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

        // A cut one stays to be seen: it does not begin again under its grant.
        Markup Step(DelegationRow row)
        {
            Markup when = row.EndedAt is { } at
                ? $"""<span class="mark no">{say["Ended"]}</span> <span class="detail">{say.Put("Cut on {0}", say.Time(at))}</span>"""
                : (Markup)$"""<span class="detail">{say.Put("Last used: {0}", say.Time(row.LastUsedAt))}</span>""";
            return $"""
                <li><div class="step"><span>{Who(row.ActorName, row.Resource, row.Scope, known, say)}
                    {when}</span>{(row.EndedAt is null ? cut(row) : Markup.None)}</div>
                {Branches(below[row.Id])}
                </li>
                """;
        }
    }

    /// <summary>Agents that may act and do not.</summary>
    public static Markup Of(IEnumerable<IdleAgent> agents, ResourceDirectory.Snapshot known, Language say) => $"""
        <ul class="tree">
        {agents.Select(agent => (Markup)$"""
            <li><div class="step"><span>{Who(agent.ActorName, agent.Resource, agent.Scopes, known, say)}
                <span class="detail">{say[agent.HasActed
                    ? "May act for you; does not at present" : "May act for you; has not yet"]}</span></span></div>
            </li>
            """)}
        </ul>
        """;

    private static Markup Who(string name, string resource, string[] scopes, ResourceDirectory.Snapshot known, Language say) => $"""
        <strong><bdi>{Words.Sanitize(name)}</bdi></strong>
            {say.Put("at {0}", $"<bdi>{Words.Sanitize(known.NameOf(resource, say.Code))}</bdi>")}
            <span class="url"><bdi>{resource}</bdi></span>
            {scopes.Select(scope => (Markup)$"""<span class="detail"><bdi>{AppText.Scope(scope, known, say)}</bdi></span>""")}
        """;
}
