using OAuthServer.Html;
using OAuthServer.Protocol;

namespace OAuthServer.Admin.Resources;

/// <summary>One scope: its name for good, who may ask for it, and the words people read before they allow it.</summary>
public static class ScopePage
{
    /// <summary>The field of the resource: parameters called resource may repeat (RFC 8707), so they are kept elsewhere.</summary>
    public const string Resource = "belongs_to";

    /// <param name="resources">URIs to choose from.</param>
    public static Task ScopeAsync(this HttpContext http, Markup antiforgery, Navigation frame, RowForm form, IEnumerable<string> resources)
    {
        var (settings, say) = (http.RequestServices.GetRequiredService<Settings>(), http.Language());
        var fields = new Fields(say, form.Values, form.Problems);
        Markup name = form.Key is null
            ? fields.Text("name", "Name", "As clients request it, such as notes:read; cannot be changed later",
                attributes: $"required maxlength=\"128\" spellcheck=\"false\" autocapitalize=\"none\"")
            : $"""<p class="url"><code>{form.Key}</code></p>""";
        Markup inputs = $"""
            {name}
            <div class="columns">
            {fields.Choice(Resource, "Resource", [("", say["None"]), .. resources.Select(uri => (uri, uri))], "The resource it applies to")}
            {fields.Choice("access", "Type of access", [("read", say["Read"]), ("write", say["Make changes"])])}
            </div>
            {fields.Check("open", say["Open: any user-facing client may request it, including self-registered ones"])}
            {fields.Check("sensitive", say["Sensitive: not ticked by default on the consent page"])}
            {fields.Check("optional", say["Optional: the person can untick it"])}
            <h2>{say["Text on the consent page"]}</h2>
            <div class="columns">{RowForm.Words(fields, say["Text ({0})"])}</div>
            """;
        (string, string)[] columns =
        [
            (Resource, say["Resource"]), ("access", say["Type of access"]), ("open", say["Open"]), ("sensitive", say["Sensitive"]),
                ("optional", say["Optional"]),
            .. Language.All.Select(language => (RowForm.WordsField(language), say["Text ({0})"].Replace("{0}", language.Code))),
        ];
        var title = (form.Key, form.Status) switch
        {
            (null, 200) => say["Add a scope"],
            (null, _) => say["Error: Add a scope"],
            (_, 200) => say["Edit a scope"],
            _ => say["Error: Edit a scope"],
        };
        Markup delete = form.Key is null or Scope.OfflineAccess ? Markup.None : $"""
            <h2>{say["Delete"]}</h2>
            <p>{say["A deleted scope can no longer be requested, and existing grants lose it."]}</p>
            <p class="actions"><a class="button danger"
                href="{settings.IssuerPath}{Paths.AdminScopeDelete}?name={Uri.EscapeDataString(form.Key)}">{say["Delete…"]}</a></p>
            """;
        return http.PageAsync(form.Status, title, $"""
            <h1>{(form.Key is null ? say["Add a scope"] : say["Edit a scope"])}</h1>
            {fields.Summary()}
            {form.Overtaken(columns, say)}
            <form method="post" action="{settings.IssuerPath + Paths.AdminScope}">
            {antiforgery}{form.Hidden}
            {inputs}
            <div class="actions"><button class="primary" type="submit">{say["Save"]}</button>
                <a class="button" href="{settings.IssuerPath + Paths.AdminResources}">{say["Cancel"]}</a></div>
            </form>
            {delete}
            """, frame);
    }
}
