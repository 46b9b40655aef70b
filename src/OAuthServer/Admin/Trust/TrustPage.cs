using System.Globalization;
using OAuthServer.Html;
using OAuthServer.Protocol;
using OAuthServer.Stores.Trust;
using OAuthServer.Trust;

namespace OAuthServer.Admin.Trust;

/// <summary>What the page of trust shows.</summary>
public sealed record TrustView
{
    public required Markup Antiforgery { get; init; }
    public required IReadOnlyList<IssuerRow> Issuers { get; init; }
    public required IReadOnlyList<RuleRow> Rules { get; init; }
    public required IReadOnlyList<WaitingSubject> Waiting { get; init; }

    /// <summary>What a test has found just now; null: none was made.</summary>
    public required IReadOnlyList<TrialLine>? Tried { get; init; }

    /// <summary>The key of a <see cref="Notice"/>, or null.</summary>
    public required string? Done { get; init; }
}

/// <summary>Whose assertions are taken: companies and platforms, rules, who waits, and a test.</summary>
public static class TrustPage
{
    public static Task TrustAsync(this HttpContext http, Navigation frame, TrustView view)
    {
        var (settings, say) = (http.RequestServices.GetRequiredService<Settings>(), http.Language());
        return http.PageAsync(200, "Trust", $"""
            {Paging.Heading("Trust", settings, say, (Paths.AdminTrustIssuer, "Add an issuer"), (Paths.AdminTrustRule, "Add a rule"))}
            {Notice.Of(view.Done, say)}
            <p class="lead">{say["Companies that speak for their people, and platforms that say what runs on them."]}
                <a href="{settings.IssuerPath + Paths.AdminTrustIdentities}">{say["Who is who: linked identities"]}</a></p>
            {Issuers(view, settings, say)}
            {Rules(view, settings, say)}
            {Waiting(view, settings, say)}
            <h2>{say["Test"]}</h2>
            <p>{say["Paste an assertion to see which check or rule it fails. It is not spent, not kept and not shown again."]}</p>
            {Tried(view.Tried, say)}
            <form method="post" action="{settings.IssuerPath + Paths.AdminTrustTest}">
            {view.Antiforgery}
            {new Fields(say, _ => null, new Dictionary<string, string>()).Lines("assertion", "Assertion")}
            <button type="submit">{say["Test"]}</button>
            </form>
            """, frame);
    }

    private static Markup Issuers(TrustView view, Settings settings, Language say) => view.Issuers.Count == 0
        ? $"""<p class="empty">{say["No issuer is trusted yet."]}</p>"""
        : (Markup)$"""
            <table>
            <caption>{say["Issuers"]}</caption>
            <thead><tr><th scope="col">{say["Name"]}</th><th scope="col">{say["Kind"]}</th><th scope="col">{say["State"]}</th>
                <th scope="col">{say["Issuer"]}</th><th scope="col">{say["Action"]}</th></tr></thead>
            <tbody>
            {view.Issuers.Select(row => (Markup)$"""
                <tr>
                <th scope="row"><a href="{settings.IssuerPath}{PageUrl.Of(Paths.AdminTrustIssuer,
                    ("issuer", row.Issuer))}"><bdi>{Words.Sanitize(row.Name)}</bdi></a></th>
                <td data-label="{say["Kind"]}"><code>{row.Kind}</code></td>
                <td data-label="{say["State"]}">{State(row.Enabled, say)}</td>
                <td data-label="{say["Issuer"]}"><bdi dir="ltr">{row.Issuer}</bdi></td>
                <td>{Switch(view.Antiforgery, "issuer", row.Issuer, row.Name, row.Enabled, settings, say)}</td>
                </tr>
                """)}
            </tbody>
            </table>
            """;

    private static Markup Rules(TrustView view, Settings settings, Language say)
    {
        return view.Rules.Count == 0 ? Markup.None : $"""
            <table>
            <caption>{say["Rules of workloads"]}</caption>
            <thead><tr><th scope="col">{say["Rule"]}</th><th scope="col">{say["Client"]}</th><th scope="col">{say["State"]}</th>
                <th scope="col">{say["Claims"]}</th><th scope="col">{say["Action"]}</th></tr></thead>
            <tbody>
            {view.Rules.Select(Row)}
            </tbody>
            </table>
            """;

        Markup Row(RuleRow row)
        {
            var number = row.Id.ToString(CultureInfo.InvariantCulture);
            return $"""
                <tr>
                <th scope="row"><a href="{settings.IssuerPath}{PageUrl.Of(Paths.AdminTrustRule, ("rule", number))}">{say.Put("Rule {0}",
                    $"{number}")}</a> <span class="url"><bdi dir="ltr">{row.Issuer}</bdi></span></th>
                <td data-label="{say["Client"]}"><bdi>{row.ClientId}</bdi></td>
                <td data-label="{say["State"]}">{State(row is { Enabled: true, GrantId: not null }, say)}</td>
                <td data-label="{say["Claims"]}"><code dir="ltr">{Words.Sanitize(row.Claims, "–", 400)}</code></td>
                <td>{Switch(view.Antiforgery, "rule", number, number, row.Enabled, settings, say)}</td>
                </tr>
                """;
        }
    }

    private static Markup Waiting(TrustView view, Settings settings, Language say) => view.Waiting.Count == 0 ? Markup.None : $"""
        <h2>{say["Waiting to be linked"]}</h2>
        <p>{say["A company spoke for these in the last seven days, and nobody here is linked to them. Link only whom you know by another way."]}</p>
        <ul class="things">
        {view.Waiting.Select((one, index) => (Markup)$"""
            <li>
            <p><bdi dir="ltr">{Words.Sanitize(one.Sub)}</bdi> <span class="url"><bdi dir="ltr">{one.Issuer}</bdi></span>
                {say.Put("Last refused: {0}", say.Time(one.LastAt))}</p>
            <form method="post" action="{settings.IssuerPath + Paths.AdminTrustLink}">
            {view.Antiforgery}<input type="hidden" name="issuer" value="{one.Issuer}"><input type="hidden" name="tenant"
                value="{one.Tenant}"><input type="hidden" name="sub" value="{one.Sub}">
            <p><label for="username-{index}">{say["Username"]}</label>
                <input id="username-{index}" name="username" required autocomplete="off" spellcheck="false"></p>
            <button class="small" type="submit">{say["Link"]}<span class="unseen"> <bdi>{Words.Sanitize(one.Sub)}</bdi></span></button>
            </form>
            </li>
            """)}
        </ul>
        """;

    private static Markup Tried(IReadOnlyList<TrialLine>? lines, Language say) => lines is null ? Markup.None : $"""
        <section aria-labelledby="found"><h3 id="found">{say["What the test found"]}</h3>
        <ul lang="en" dir="ltr">{lines.Select(line => (Markup)$"""
            <li><code>{(line.Holds ? "ok" : "no")}</code> {Words.Sanitize(line.What)}: {Words.Sanitize(line.Detail, "–", 500)}</li>
            """)}</ul>
        </section>
        """;

    /// <summary>Whether it is in force.</summary>
    internal static Markup State(bool enabled, Language say) => enabled
        ? $"""<span class="mark yes">{say["Enabled"]}</span>""" : (Markup)$"""<span class="mark no">{say["Disabled"]}</span>""";

    /// <summary>The way to the other state of an issuer or a rule: disabling says first what ends.</summary>
    /// <param name="what">issuer or rule: the name of its key.</param>
    internal static Markup Switch(
        Markup antiforgery, string what, string key, string name, bool enabled, Settings settings, Language say) => enabled
            ? $"""
                <a class="button small danger" href="{settings.IssuerPath}{PageUrl.Of(
                    Paths.AdminTrustState, (what, key))}">{say["Disable…"]}<span class="unseen">
                    <bdi>{Words.Sanitize(name)}</bdi></span></a>
                """
            : (Markup)$"""
                <form method="post" action="{settings.IssuerPath + Paths.AdminTrustState}">
                {antiforgery}<input type="hidden" name="{what}" value="{key}"><input type="hidden" name="enabled" value="yes">
                <button class="small" type="submit">{say["Enable"]}<span class="unseen"> <bdi>{Words.Sanitize(name)}</bdi></span></button>
                </form>
                """;

    /// <summary>The way to the end of an issuer or a rule.</summary>
    internal static Markup DeleteLink(string what, string key, string name, Settings settings, Language say) => $"""
        <a class="button small danger" href="{settings.IssuerPath}{PageUrl.Of(Paths.AdminTrustDelete, (what, key))}">{say[
            "Delete…"]}<span class="unseen"> <bdi>{Words.Sanitize(name)}</bdi></span></a>
        """;
}
