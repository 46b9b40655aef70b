using OAuthServer.Federation;
using OAuthServer.Html;
using OAuthServer.Protocol;

namespace OAuthServer.Admin.Providers;

/// <summary>What the page of a company shows beside its form.</summary>
public sealed record ProviderView
{
    /// <summary>Its state; null: it is a new one.</summary>
    public required ProviderState? State { get; init; }

    /// <summary>What a test has found just now; null: none was made.</summary>
    public IReadOnlyList<ProbeStep>? Steps { get; init; }

    /// <summary>The key of a <see cref="Notice"/>, or null.</summary>
    public string? Done { get; init; }
}

/// <summary>One company: every column of its row, its secret, a test, and its end.</summary>
public static class ProviderPage
{
    /// <summary>The name of the secret's field.</summary>
    public const string Secret = "secret";

    public static Task ProviderAsync(this HttpContext http, Markup antiforgery, Navigation frame, RowForm form, ProviderView view)
    {
        var (settings, say) = (http.RequestServices.GetRequiredService<Settings>(), http.Language());
        var fields = new Fields(say, form.Values, form.Problems);
        var inputs = Inputs(fields, form, settings, say);
        var title = (form.Key, form.Status) switch
        {
            (null, 200) => say["Add a company"],
            (null, _) => say["Error: Add a company"],
            (_, 200) => say["Edit a company"],
            _ => say["Error: Edit a company"],
        };
        return http.PageAsync(form.Status, title, $"""
            <h1>{(form.Key is null ? say["Add a company"] : say["Edit a company"])}</h1>
            {Notice.Of(view.Done, say)}
            {(view.State is { } state ? (Markup)$"<p>{ProvidersPage.State(state, say)}</p>" : Markup.None)}
            {fields.Summary()}
            {form.Overtaken(ProviderForm.Columns.Select(name => (name, name)), say)}
            {Steps(view.Steps, say)}
            <form method="post" action="{settings.IssuerPath + Paths.AdminProvider}">
            {antiforgery}{form.Hidden}
            {inputs}
            <div class="actions"><button class="primary" type="submit">{say["Save"]}</button>
                <a class="button" href="{settings.IssuerPath + Paths.AdminProviders}">{say["Cancel"]}</a></div>
            </form>
            {(view.State is { } existing ? More(antiforgery, existing, settings, say) : Markup.None)}
            """, frame);
    }

    private static Markup Inputs(Fields fields, RowForm form, Settings settings, Language say)
    {
        Markup id = form.Key is null
            ? fields.Text("id", "Id", "Part of its URLs; cannot be changed later: a to z, 0 to 9 and -",
                attributes: $"required dir=\"ltr\"")
            : $"""
                <p class="url">{say["Redirect URI to register there"]}:
                    <code>{FederationRequests.RedirectUri(settings, form.Key)}</code></p>
                """;
        return $"""
            {id}
            {fields.Text("label", "Label", "What people read: Continue with this", attributes: $"required")}
            {fields.Text("issuer", "Issuer", "Exactly as its discovery document says; of Entra the tenant's own", attributes: Ltr())}
            {fields.Text("client_id", "Client id", "What it calls this server", attributes: Ltr())}
            {fields.Choice("auth_method", "How this server authenticates there",
                Codes("client_secret_basic", "client_secret_post", "none"))}
            {fields.Text("scopes", "Scopes", "What is asked for, separated by blanks; openid is among them", attributes: Ltr())}
            {fields.Choice("provisioning", "Admits", Codes("existing", "invited", "create"),
                "existing: linked people only. invited: with an invitation, too. create: everybody whom the filter admits")}
            {fields.Lines("allowed_claims", "Filter", "JSON: each named claim must have one of its values", 2)}
            {fields.Text("email_domains", "Domains of its people", "Separated by blanks; a hint in one puts its button first",
                attributes: Ltr())}
            {fields.Lines("claim_map", "Claims to fill", "JSON: which of its claims fill the user name, address and so on", 2)}
            {fields.Lines("role_map", "Roles by claims", "JSON; empty: roles stay as they are", 2)}
            {fields.Check("trust_email", say["An address it calls verified is verified here"])}
            {fields.Check("trust_amr", say["Its word on how people signed in counts"])}
            {fields.Choice("reauth", "Who asks people again", Codes("upstream", "local"),
                "upstream: the company. local: this server")}
            {fields.Lines("extra_params", "Further parameters", "JSON: hd or domain_hint", 2)}
            {fields.Choice("on_disable", "What ends with it", Codes("nothing", "sessions", "access"),
                "sessions: those that began there. access: what apps were granted in them, too")}
            {fields.Text("position", "Position", "Order of the buttons, the lowest first", attributes: $"inputmode=\"numeric\"")}
            """;

        static Markup Ltr() => $"spellcheck=\"false\"";
    }

    private static (string, string)[] Codes(params string[] codes) => [.. codes.Select(code => (code, code))];

    private static Markup Steps(IReadOnlyList<ProbeStep>? steps, Language say) => steps is null ? Markup.None : $"""
        <section aria-labelledby="found"><h2 id="found">{say["What the test found"]}</h2>
        <ul lang="en" dir="ltr">{steps.Select(step =>
            (Markup)$"<li><code>{step.Outcome}</code> {Words.Sanitize(step.What, "–", 400)}</li>")}</ul>
        </section>
        """;

    private static Markup More(Markup antiforgery, ProviderState one, Settings settings, Language say)
    {
        var row = one.Provider.Row;
        Markup key = $"""{antiforgery}<input type="hidden" name="id" value="{row.Id}">""";
        var fields = new Fields(say, _ => null, new Dictionary<string, string>());
        Markup secret = row.AuthMethod == "none" ? Markup.None : $"""
            <h2>{say["Secret"]}</h2>
            <p>{say[row.SecretSealed is null ? "There is no secret yet: the company is not offered."
                : "A secret is set. It is sealed and never shown."]}</p>
            <form method="post" action="{settings.IssuerPath + Paths.AdminProviderSecret}">
            {key}
            {fields.Password(Secret, "New secret", "off", "What the company gave this server")}
            <button type="submit">{say["Set the secret"]}</button>
            </form>
            """;
        Markup state = row.Enabled
            ? $"""
                <p class="actions"><a class="button danger" href="{settings.IssuerPath}{PageUrl.Of(
                    Paths.AdminProviderState, ("id", row.Id))}">{say["Disable…"]}</a></p>
                """
            : (Markup)$"""
                <form method="post" action="{settings.IssuerPath + Paths.AdminProviderState}">
                {key}<input type="hidden" name="enabled" value="yes">
                <button type="submit">{say["Enable"]}</button>
                </form>
                """;
        return $"""
            {secret}
            <h2>{say["Test"]}</h2>
            <p>{say["Fetches its document and keys, and asks whether it takes this server's credentials."]}</p>
            <form method="post" action="{settings.IssuerPath + Paths.AdminProviderTest}">
            {key}
            <button type="submit">{say["Test"]}</button>
            </form>
            <h2>{say["State"]}</h2>
            {state}
            <p class="actions"><a class="button danger" href="{settings.IssuerPath}{PageUrl.Of(
                Paths.AdminProviderDelete, ("id", row.Id))}">{say["Delete…"]}</a></p>
            """;
    }
}
