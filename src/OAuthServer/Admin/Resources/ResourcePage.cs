using OAuthServer.Html;
using OAuthServer.Protocol;
using OAuthServer.Tokens;

namespace OAuthServer.Admin.Resources;

/// <summary>One resource: its URI for good, its name, and its names in other languages.</summary>
public static class ResourcePage
{
    /// <summary>Name of a claim's checkbox.</summary>
    public static string FieldOf(string claim) => "claim-" + claim;

    /// <param name="enabled">Of the row; null: it is a new one.</param>
    /// <param name="access">Who can reach it; null: it is a new one.</param>
    public static Task ResourceAsync(
        this HttpContext http, Markup antiforgery, Navigation frame, RowForm form, bool? enabled, ResourceAccessView? access)
    {
        var (settings, say) = (http.RequestServices.GetRequiredService<Settings>(), http.Language());
        var fields = new Fields(say, form.Values, form.Problems);
        Markup uri = form.Key is null
            ? fields.Text("uri", "URI", "Absolute, without a fragment. Used in tokens exactly as written; cannot be changed later",
                attributes: $"required inputmode=\"url\" spellcheck=\"false\"")
            : $"""<p class="url"><code>{form.Key}</code></p>""";
        Markup inputs = $"""
            {uri}
            {fields.Text("name", "Name", "Shown where no name in the person's language is given", attributes: $"required")}
            <div class="columns">{RowForm.Words(fields, say["Name ({0})"])}</div>
            {fields.Group("claims", "Its tokens tell of the user", "The consent page says so; who allowed it before is asked again",
                $"{PersonClaims.OfResources.Select(claim => fields.Check(FieldOf(claim), claim))}")}
            """;
        var columns =
            new[] { ("name", say["Name"]) }.Concat(
                Language.All.Select(language => (RowForm.WordsField(language), say["Name ({0})"].Replace("{0}", language.Code))));
        var title = (form.Key, form.Status) switch
        {
            (null, 200) => say["Add a resource"],
            (null, _) => say["Error: Add a resource"],
            (_, 200) => say["Edit a resource"],
            _ => say["Error: Edit a resource"],
        };
        return http.PageAsync(form.Status, title, $"""
            <h1>{(form.Key is null ? say["Add a resource"] : say["Edit a resource"])}</h1>
            {fields.Summary()}
            {form.Overtaken(columns, say)}
            <form method="post" action="{settings.IssuerPath + Paths.AdminResource}">
            {antiforgery}{form.Hidden}
            {inputs}
            <div class="actions"><button class="primary" type="submit">{say["Save"]}</button>
                <a class="button" href="{settings.IssuerPath + Paths.AdminResources}">{say["Cancel"]}</a></div>
            </form>
            {State()}
            {(form.Key is { } of && access is not null ? ResourceAccess.Section(of, access, settings, say) : Markup.None)}
            """, frame);

        Markup State() => (form.Key, enabled) switch
        {
            ({ } key, true) => $"""
                <h2>{say["Disable"]}</h2>
                <p>{say["No new tokens are issued for a disabled resource."]}</p>
                <p class="actions"><a class="button danger"
                    href="{settings.IssuerPath}{Paths.AdminResourceState}?uri={Uri.EscapeDataString(key)}">{say["Disable…"]}</a></p>
                """,
            ({ } key, false) => $"""
                <h2>{say["Enable"]}</h2>
                <p>{say["This resource is disabled: no new tokens are issued for it."]}</p>
                <form method="post" action="{settings.IssuerPath + Paths.AdminResourceState}">
                {antiforgery}<input type="hidden" name="uri" value="{key}">
                <input type="hidden" name="version" value="{form.Version}"><input type="hidden" name="enabled" value="yes">
                <button type="submit">{say["Enable"]}</button>
                </form>
                """,
            _ => Markup.None,
        };
    }
}
