using OAuthServer.Html;
using OAuthServer.Protocol;
using OAuthServer.Stores.Grants;

namespace OAuthServer.Admin.Delegation;

/// <summary>
/// One rule of token exchange as a form. Who it is for and between which resources stays once it is made: people allowed that very rule.
/// </summary>
public static class ExchangeRulePage
{
    /// <summary>The field of the column resource: a parameter of that name may come more than once (RFC 8707 §2).</summary>
    public const string Target = "to";

    private static readonly (string Name, string Label)[] Editable =
        [("subject_clients", "Tokens of"), ("scopes", "Scopes"), ("note", "Note")];

    /// <summary>A field's text in a row; null: empty, or not ticked.</summary>
    internal static string? Value(ExchangeRuleForm row, string name) => name switch
    {
        "actor" => row.Actor,
        "from_resource" => row.FromResource,
        Target => row.Resource,
        "subject_clients" => string.Join(' ', row.SubjectClients),
        "scopes" => string.Join(' ', row.Scopes),
        "impersonate" => row.Impersonate ? "yes" : null,
        "note" => row.Note,
        _ => null,
    };

    /// <summary>The row that was typed.</summary>
    /// <param name="before">What a form of a rule that is there does not have stays so.</param>
    internal static ExchangeRuleForm Read(Parameters form, ExchangeRuleForm? before, Guid id, Language say)
    {
        var typed = new TypedValues(form, say, []);
        return new ExchangeRuleForm
        {
            Id = id,
            Actor = before?.Actor ?? typed.Text("actor") ?? "",
            FromResource = before?.FromResource ?? typed.Text("from_resource") ?? "",
            Resource = before?.Resource ?? typed.Text(Target) ?? "",
            Impersonate = before?.Impersonate ?? typed.Ticked("impersonate"),
            SubjectClients = typed.List("subject_clients"),
            Scopes = typed.List("scopes"),
            Note = form["note"],
            Version = form["version"] ?? "",
        };
    }

    /// <summary>The row with a refused column as one that no trigger refuses, so that the next is judged; else as it is.</summary>
    internal static ExchangeRuleForm Restore(ExchangeRuleForm row, string column) =>
        column == "subject_clients" ? row with { SubjectClients = [] } : row;

    /// <param name="resources">URIs of those there are.</param>
    /// <param name="rule">As it stands; null: it is a new one.</param>
    /// <param name="reach">What stands on it.</param>
    public static Task ExchangeRuleAsync(
        this HttpContext http, Markup antiforgery, Navigation frame, RowForm form, IReadOnlyList<string> resources, ExchangeRuleRow? rule,
        ExchangeRuleReach? reach)
    {
        var (settings, say) = (http.RequestServices.GetRequiredService<Settings>(), http.Language());
        var fields = new Fields(say, form.Values, form.Problems);
        Markup words = $"spellcheck=\"false\"";
        Markup who = rule is not null ? Fixed(rule, say) : (Markup)$"""
            {fields.Text("actor", "Agent", "The id of the client that exchanges and acts, with a secret or a key",
                attributes: $"required spellcheck=\"false\"")}
            {fields.Choice("from_resource", "From", resources.Select(uri => (uri, uri)), "The resource it stands behind")}
            {fields.Choice(Target, "To", resources.Select(uri => (uri, uri)), "What its tokens are for")}
            """;
        Markup inputs = $"""
            {who}
            {fields.Text("scopes", "Scopes", "What its tokens may allow at most, separated by blanks", attributes: words)}
            {fields.Text("subject_clients", "Tokens of", "Ids of clients, separated by blanks; empty: any other client", attributes: words)}
            {(rule is not null ? Markup.None : fields.Check("impersonate", say["Impersonates: its tokens do not name the agent"]))}
            {fields.Text("note", "Note", "For operators")}
            """;
        var title = (form.Key, form.Status) switch
        {
            (null, 200) => say["Add a rule"],
            (null, _) => say["Error: Add a rule"],
            (_, 200) => say["Edit a rule"],
            _ => say["Error: Edit a rule"],
        };
        Markup ends = reach is null ? Markup.None : (Markup)$"""
            <p class="note">{say["Taking a scope or a client away ends what stands on the rule. People are asked again where it becomes wider."]}
                {say.Put("Live grants that allow it: {0}", $"{reach.Grants}")}.
                {say.Put("Delegations that stand on it: {0}", $"{reach.Delegations}")}.</p>
            """;
        return http.PageAsync(form.Status, title, $"""
            <h1>{(form.Key is null ? say["Add a rule"] : say["Edit a rule"])}</h1>
            {fields.Summary()}
            {form.Overtaken(Editable.Select(column => (column.Name, say[column.Label])), say)}
            {ends}
            <form method="post" action="{settings.IssuerPath + Paths.AdminDelegationRule}">
            {antiforgery}{form.Hidden}
            {inputs}
            <div class="actions"><button class="primary" type="submit">{say["Save"]}</button>
                <a class="button" href="{settings.IssuerPath + Paths.AdminDelegation}">{say["Cancel"]}</a></div>
            </form>
            """, frame);
    }

    private static Markup Fixed(ExchangeRuleRow rule, Language say) => $"""
        <dl class="facts">
        <div><dt>{say["Agent"]}</dt><dd><bdi>{Words.Sanitize(rule.ActorName)}</bdi> <code>{rule.Actor}</code></dd></div>
        <div><dt>{say["From"]}</dt><dd><bdi dir="ltr">{rule.FromResource}</bdi></dd></div>
        <div><dt>{say["To"]}</dt><dd><bdi dir="ltr">{rule.Resource}</bdi></dd></div>
        <div><dt>{say["Impersonates"]}</dt><dd>{say[rule.Impersonate ? "Yes" : "No"]}</dd></div>
        </dl>
        <p class="note">{say["These stay: people allowed this very rule. For others disable it and add another one."]}</p>
        """;
}
