using OAuthServer.Html;
using OAuthServer.Protocol;
using OAuthServer.Stores.Trust;

namespace OAuthServer.Admin.Trust;

/// <summary>One rule of workloads: every column of its row, its state, and its end.</summary>
public static class RulePage
{
    /// <param name="issuers">Those a rule can be for.</param>
    /// <param name="row">As it stands; null: it is a new one.</param>
    /// <param name="done">The key of a <see cref="Notice"/>, or null.</param>
    public static Task RuleAsync(
        this HttpContext http, Markup antiforgery, Navigation frame, RowForm form, IReadOnlyList<IssuerRow> issuers, RuleRow? row,
        string? done)
    {
        var (settings, say) = (http.RequestServices.GetRequiredService<Settings>(), http.Language());
        var fields = new Fields(say, form.Values, form.Problems);
        Markup inputs = $"""
            {fields.Choice("issuer", "Issuer", issuers.Select(one => (one.Issuer, one.Issuer)), "Whose assertions: a platform")}
            {fields.Text("client_id", "Client", "The machine the workload then is, with the authentication federated",
                attributes: $"required spellcheck=\"false\"")}
            {fields.Lines("claims", "Claims",
                "JSON: the value or the values each named claim may have. A * is one or more characters but : and /", 4)}
            {fields.Lines("resources", "Resources", "One URI per line; empty: all the client's", 2)}
            {fields.Lines("scopes", "Scopes", "One per line; empty: all the client's", 2)}
            {fields.Text("note", "Note", "For operators")}
            """;
        var title = (form.Key, form.Status) switch
        {
            (null, 200) => say["Add a rule"],
            (null, _) => say["Error: Add a rule"],
            (_, 200) => say["Edit a rule"],
            _ => say["Error: Edit a rule"],
        };
        Markup state = row is null ? Markup.None : (Markup)$"""
            <p>{TrustPage.State(row is { Enabled: true, GrantId: not null }, say)}</p>
            <p class="note">{say["A change of anything but the note ends the rule's tokens; workloads get new ones under what is saved."]}</p>
            """;
        return http.PageAsync(form.Status, title, $"""
            <h1>{(form.Key is null ? say["Add a rule"] : say["Edit a rule"])}</h1>
            {Notice.Of(done, say)}
            {fields.Summary()}
            {form.Overtaken(RuleForm.Columns.Select(column => (column.Name, say[column.Label])), say)}
            {state}
            <form method="post" action="{settings.IssuerPath + Paths.AdminTrustRule}">
            {antiforgery}{form.Hidden}
            {inputs}
            <div class="actions"><button class="primary" type="submit">{say["Save"]}</button>
                <a class="button" href="{settings.IssuerPath + Paths.AdminTrust}">{say["Cancel"]}</a></div>
            </form>
            {(row is null ? Markup.None : More(antiforgery, row, settings, say))}
            """, frame);
    }

    private static Markup More(Markup antiforgery, RuleRow row, Settings settings, Language say) => $"""
        <h2>{say["State"]}</h2>
        <div class="actions">{TrustPage.Switch(antiforgery, "rule", $"{row.Id}", $"{row.Id}", row.Enabled, settings, say)}
            {TrustPage.DeleteLink("rule", $"{row.Id}", $"{row.Id}", settings, say)}</div>
        """;
}
