using OAuthServer.Html;
using OAuthServer.Protocol;

namespace OAuthServer.Admin.Clients;

/// <summary>The form that adds a client.</summary>
public static class ClientAddPage
{
    /// <param name="typed">What was typed and refused; null: nothing yet.</param>
    /// <param name="problems">What is wrong with it, by field.</param>
    public static Task AddClientAsync(
        this HttpContext http, Markup antiforgery, Navigation frame, ClientKind kind, ClientFields.Known known, Parameters? typed,
            IReadOnlyDictionary<string, string> problems)
    {
        var (settings, say) = (http.RequestServices.GetRequiredService<Settings>(), http.Language());
        var blank = ClientFields.Blank(http.RequestServices.GetRequiredService<Capabilities>(), "", kind.Kind);
        Func<string, string?> values = typed is not null ? name => typed[name] : name => ClientFields.Value(blank, name);
        var fields = new Fields(say, values, problems);
        var id = fields.Text("client_id", "Client id", "Letters A-Z a-z, digits and _ . ~ - only; cannot be changed later",
            attributes: $"required");
        var inputs = new ClientInputs(fields, values, blank, known, say).All();
        return http.PageAsync(problems.Count == 0 ? 200 : 400, problems.Count == 0 ? "Add a client" : "Error: Add a client", $"""
            <h1>{say["Add a client"]}</h1>
            <p class="lead">{Lead(kind.Kind, say)}</p>
            {fields.Summary()}
            <form method="post" action="{settings.IssuerPath + Paths.AdminClientNew}">
            {antiforgery}<input type="hidden" name="kind" value="{kind.Kind}">
            {id}
            {inputs}
            <div class="actions"><button class="primary" type="submit">{say["Add"]}</button>
                <a class="button" href="{settings.IssuerPath + kind.Path}">{say["Cancel"]}</a></div>
            </form>
            """, frame);
    }

    private static string Lead(string kind, Language say) => kind switch
    {
        "machine" => say["Gets tokens for itself, with a secret (client_credentials)."],
        "user-facing" => say["Acts for people, who sign in and consent (authorization_code)."],
        _ => say["Protects a resource and checks tokens with this server (introspection)."],
    };
}
