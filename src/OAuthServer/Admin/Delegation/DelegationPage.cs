using OAuthServer.Clients;
using OAuthServer.Html;
using OAuthServer.Protocol;
using OAuthServer.Stores.Grants;

namespace OAuthServer.Admin.Delegation;

/// <summary>What the page of delegation shows.</summary>
public sealed record DelegationView
{
    public required IReadOnlyList<ExchangeRuleRow> Rules { get; init; }

    /// <summary>Only what stands on this rule is shown; null: on any.</summary>
    public required Guid? Rule { get; init; }

    /// <summary>Those used last.</summary>
    public required IReadOnlyList<DelegationRow> Live { get; init; }

    /// <summary>Fewer than so many are all there are.</summary>
    public required int IsAll { get; init; }
    public required ResourceDirectory.Snapshot Known { get; init; }

    /// <summary>The key of a <see cref="Notice"/>, or null.</summary>
    public required string? Done { get; init; }
}

/// <summary>Rules of token exchange, and the chains that stand on them.</summary>
public static class DelegationPage
{
    public static Task DelegationAsync(this HttpContext http, Navigation frame, Markup antiforgery, DelegationView view)
    {
        var (settings, say) = (http.RequestServices.GetRequiredService<Settings>(), http.Language());
        Markup rules = view.Rules.Count == 0
            ? $"""<p class="empty">{say["No rules yet: no client exchanges tokens."]}</p>"""
            : (Markup)$"""
                <table>
                <caption>{say["Rules"]}</caption>
                <thead><tr><th scope="col">{say["Agent"]}</th><th scope="col">{say["State"]}</th><th scope="col">{say["From"]}</th>
                    <th scope="col">{say["To"]}</th><th scope="col">{say["Scopes"]}</th><th scope="col">{say["Tokens of"]}</th>
                    <th scope="col"><span class="unseen">{say["Change"]}</span></th></tr></thead>
                <tbody>
                {view.Rules.Select(rule => Rule(rule, antiforgery, settings, say))}
                </tbody>
                </table>
                """;
        return http.PageAsync(200, "Delegation", $"""
            {Paging.Heading("Delegation", settings, say, (Paths.AdminDelegationRule, "Add a rule"))}
            {Notice.Of(view.Done, say)}
            <p class="lead">{say["Agents exchange tokens of people and machines to act for them elsewhere. A rule says which; people see it on the consent page."]}</p>
            {rules}
            <section aria-labelledby="live"><h2 id="live">{say["Who acts for whom now"]}</h2>
            {Live(view, settings, say)}
            </section>
            """, frame);
    }

    private static Markup Rule(ExchangeRuleRow rule, Markup antiforgery, Settings settings, Language say)
    {
        Markup state = rule.Enabled && rule.ActorEnabled ? (Markup)$"""<span class="mark yes">{say["Enabled"]}</span>"""
            : $"""<span class="mark no">{say["Disabled"]}</span>""";
        Markup hidden = rule.Impersonate ? (Markup)$"""<span class="mark soon">{say["Impersonates"]}</span>""" : Markup.None;
        Markup whose = rule.SubjectClients.Length == 0 ? (Markup)$"{say["any other client"]}"
            : $"{rule.SubjectClients.Select(one => (Markup)$"<bdi>{Words.Sanitize(one)}</bdi> ")}";
        Markup change = rule.Enabled
            ? $"""
                <a class="button small danger" href="{settings.IssuerPath}{PageUrl.Of(Paths.AdminDelegationState,
                    ("id", $"{rule.Id}"))}">{say["Disable…"]}<span class="unseen"> {rule.Id.ToString()}</span></a>
                """
            : (Markup)$"""
                <form method="post" action="{settings.IssuerPath + Paths.AdminDelegationState}">{antiforgery}<input
                    type="hidden" name="id" value="{rule.Id.ToString()}"><input type="hidden" name="enabled" value="yes"><button
                    class="small" type="submit">{say["Enable"]}<span class="unseen"> {rule.Id.ToString()}</span></button></form>
                """;
        return $"""
            <tr>
            <th scope="row"><a href="{settings.IssuerPath}{PageUrl.Of(Paths.AdminDelegation, ("rule", $"{rule.Id}"))}"><bdi>{Words.Sanitize(
                rule.ActorName)}</bdi></a> <span class="url"><code>{rule.Id.ToString()}</code></span></th>
            <td data-label="{say["State"]}">{state}{hidden}</td>
            <td data-label="{say["From"]}"><bdi dir="ltr">{rule.FromResource}</bdi></td>
            <td data-label="{say["To"]}"><bdi dir="ltr">{rule.Resource}</bdi></td>
            <td data-label="{say["Scopes"]}">{rule.Scopes.Select(scope => (Markup)$"<code>{scope}</code> ")}</td>
            <td data-label="{say["Tokens of"]}">{whose}</td>
            <td><a class="button small" href="{settings.IssuerPath}{PageUrl.Of(Paths.AdminDelegationRule, ("rule", $"{rule.Id}"))}">{say[
                "Edit"]}<span class="unseen"> {rule.Id.ToString()}</span></a> {change}</td>
            </tr>
            """;
    }

    private static Markup Live(DelegationView view, Settings settings, Language say)
    {
        if (view.Live.Count == 0) return $"""<p class="empty">{say["Nobody acts for anybody."]}</p>""";
        Markup all = view.Rule is null ? Markup.None : (Markup)$"""
            <p><a href="{settings.IssuerPath + Paths.AdminDelegation}">{say["Those of all rules"]}</a></p>
            """;
        Markup more = view.Live.Count < view.IsAll ? Markup.None
            : (Markup)$"""<p class="note">{say.Put("The {0} used last are shown.", $"{view.Live.Count}")}</p>""";
        return $"""
            {all}{more}
            <ul class="things">
            {view.Live.GroupBy(row => (row.GrantId, row.ClientId, row.Username)).Select(Chain)}
            </ul>
            """;

        Markup Chain(IGrouping<(Guid? Grant, string Client, string? Username), DelegationRow> rows)
        {
            var who = Words.Sanitize(rows.Key.Username ?? rows.Key.Client);
            Markup through = rows.Key.Username is null ? Markup.None
                : (Markup)$""" <span class="detail">{say.Put("through {0}", $"<bdi>{Words.Sanitize(rows.Key.Client)}</bdi>")}</span>""";
            return $"""
                <li><h3><bdi>{who}</bdi></h3>{through}
                {DelegationTree.Of([.. rows], view.Known, say, Cut)}
                </li>
                """;
        }

        Markup Cut(DelegationRow row) => $"""
            <a class="button small danger" href="{settings.IssuerPath}{PageUrl.Of(Paths.AdminDelegationCut,
                ("id", $"{row.Id}"))}">{say["Cut…"]}<span class="unseen"> {row.Id.ToString()}</span></a>
            """;
    }
}
