using OAuthServer.Html;
using OAuthServer.Protocol;
using OAuthServer.Stores.Trust;

namespace OAuthServer.Admin.Trust;

/// <summary>One trusted issuer: every column of its row, its state, and its end.</summary>
public static class IssuerPage
{
    /// <param name="row">As it stands; null: it is a new one.</param>
    /// <param name="reach">What stands on it.</param>
    /// <param name="done">The key of a <see cref="Notice"/>, or null.</param>
    public static Task IssuerAsync(
        this HttpContext http, Markup antiforgery, Navigation frame, RowForm form, IssuerRow? row, TrustReach? reach, string? done)
    {
        var (settings, say) = (http.RequestServices.GetRequiredService<Settings>(), http.Language());
        var fields = new Fields(say, form.Values, form.Problems);
        var inputs = Inputs(fields, form, say);
        var title = (form.Key, form.Status) switch
        {
            (null, 200) => say["Add an issuer"],
            (null, _) => say["Error: Add an issuer"],
            (_, 200) => say["Edit an issuer"],
            _ => say["Error: Edit an issuer"],
        };
        Markup state = row is null ? Markup.None : (Markup)$"<p>{TrustPage.State(row.Enabled, say)}</p>";
        Markup ends = reach is null ? Markup.None : (Markup)$"""
            <p class="note">{say["A change of what it may say ends the tokens that stand on it; another name, note or key ends nothing."]}
                {say.Put("Live grants: {0}", $"{reach.Grants}")}. {say.Put("Enabled rules: {0}", $"{reach.Rules}")}.</p>
            """;
        return http.PageAsync(form.Status, title, $"""
            <h1>{(form.Key is null ? say["Add an issuer"] : say["Edit an issuer"])}</h1>
            {Notice.Of(done, say)}
            {state}
            {fields.Summary()}
            {form.Overtaken(IssuerForm.Columns.Select(column => (column.Name, say[column.Label])), say)}
            {ends}
            <form method="post" action="{settings.IssuerPath + Paths.AdminTrustIssuer}">
            {antiforgery}{form.Hidden}
            {inputs}
            <div class="actions"><button class="primary" type="submit">{say["Save"]}</button>
                <a class="button" href="{settings.IssuerPath + Paths.AdminTrust}">{say["Cancel"]}</a></div>
            </form>
            {(row is null ? Markup.None : More(antiforgery, row, reach, settings, say))}
            """, frame);
    }

    private static Markup Inputs(Fields fields, RowForm form, Language say)
    {
        Markup words = $"spellcheck=\"false\"";
        Markup issuer = form.Key is null
            ? fields.Text("issuer", "Issuer", "Exactly as the claim iss of its assertions says; cannot be changed later",
                attributes: $"required spellcheck=\"false\"")
            : $"""<p class="url"><bdi dir="ltr">{form.Key}</bdi></p>""";
        return $"""
            {issuer}
            {fields.Choice("kind", "Kind", [("people", "people"), ("workload", "workload")],
                "people: a company that speaks for its people. workload: a platform that says what runs on it")}
            {fields.Text("name", "Name", "What people and operators read", attributes: $"required")}
            {fields.Lines("jwks", "Public keys", "A JWK set of at most ten public keys; or the URL below", rows: 4)}
            {fields.Text("jwks_uri", "Public keys at a URL", "Neither: the keys are found by its discovery document", attributes: words)}
            {fields.Text("algs", "Algorithms", "Of ES256, PS256 and RS256, separated by blanks; empty: all three", attributes: words)}
            {fields.Text("max_age_seconds", "Oldest assertion (seconds)", "Empty: 600 of a company, 3600 of a platform",
                attributes: $"inputmode=\"numeric\"")}
            <h2>{say["Of a platform"]}</h2>
            {fields.Text("audience", "Audience", "The claim aud, alone; empty: this server's issuer or its token endpoint",
                attributes: words)}
            {fields.Text("must_name", "Claims each rule names",
                "With exact values, separated by blanks: ids where names are given out again", attributes: words)}
            {fields.Check("single_use", say["Each assertion works once"])}
            <h2>{say["Of a company"]}</h2>
            {fields.Text("clients", "Clients that may bring its assertions",
                "Separated by blanks; empty: every confidential client that an operator made", attributes: words)}
            {fields.Check("create_people", say["People nobody here is linked to are added"])}
            <h2>{say["For operators"]}</h2>
            {fields.Text("note", "Note")}
            """;
    }

    private static Markup More(Markup antiforgery, IssuerRow row, TrustReach? reach, Settings settings, Language say) => $"""
        <h2>{say["Identities"]}</h2>
        <p><a href="{settings.IssuerPath}{PageUrl.Of(Paths.AdminTrustIdentities, ("issuer", row.Issuer))}">{say.Put(
            "Identities of its issuer: {0}", $"{reach?.Identities ?? 0}")}</a></p>
        <h2>{say["State"]}</h2>
        <div class="actions">{TrustPage.Switch(antiforgery, "issuer", row.Issuer, row.Name, row.Enabled, settings, say)}
            {TrustPage.DeleteLink("issuer", row.Issuer, row.Name, settings, say)}</div>
        """;
}
