using OAuthServer.Html;
using OAuthServer.Protocol;
using OAuthServer.Stores.Postgres;
using OAuthServer.Stores.Trust;

namespace OAuthServer.Admin.Trust;

/// <summary>The row of a rule of workloads as its form says it, and back.</summary>
internal static class RuleForm
{
    /// <summary>The fields, by the names of their columns, with their labels in English.</summary>
    public static IReadOnlyList<(string Name, string Label)> Columns { get; } =
    [
        ("issuer", "Issuer"), ("client_id", "Client"), ("claims", "Claims"), ("resources", "Resources"), ("scopes", "Scopes"),
        ("note", "Note"),
    ];

    /// <summary>What is there before anything was typed.</summary>
    public static RuleRow New { get; } = new()
    {
        Id = 0,
        Issuer = "",
        ClientId = "",
        Claims = "{}",
        Resources = null,
        Scopes = null,
        Enabled = true,
        Note = "",
        GrantId = null,
    };

    /// <summary>A field's text in a row; null: empty.</summary>
    public static string? Value(RuleRow row, string name) => name switch
    {
        "issuer" => row.Issuer,
        "client_id" => row.ClientId,
        "claims" => row.Claims,
        "resources" => string.Join('\n', row.Resources ?? []),
        "scopes" => string.Join('\n', row.Scopes ?? []),
        "note" => row.Note,
        _ => null,
    };

    /// <summary>The row that was typed; what no column could take is as it was before, and said in <paramref name="problems"/>.</summary>
    public static RuleRow Read(Parameters form, RuleRow before, Language say, Dictionary<string, string> problems)
    {
        var typed = new TypedValues(form, say, problems);
        return before with
        {
            Issuer = typed.Text("issuer") ?? "",
            ClientId = typed.Text("client_id") ?? "",
            Claims = typed.Json("claims", before.Claims) ?? "{}",
            Resources = typed.List("resources") is { Length: > 0 } resources ? resources : null,
            Scopes = typed.List("scopes") is { Length: > 0 } scopes ? scopes : null,
            Note = form["note"] ?? "",
            Version = form["version"] ?? "",
        };
    }

    /// <summary>The edit of a row. A refused column, and whatever depends on it, is judged on as what no trigger refuses.</summary>
    public static RowEdit<RuleRow> Edit(RuleRow row, bool write) => new()
    {
        Row = row,
        Restore = (one, column) => column switch
        {
            "claims" => one with { Claims = """{"sub": "to-be-judged"}""" },
            // Of a client that is none, nothing else can be judged.
            "client_id" => one with { Enabled = false, Resources = null, Scopes = null },
            "resources" => one with { Resources = null },
            "scopes" => one with { Scopes = null },
            _ => one,
        },
        Write = write,
    };
}

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
