using System.Text;
using OAuthServer.Html;
using OAuthServer.Http;
using OAuthServer.Protocol;
using OAuthServer.Stores.Postgres;
using OAuthServer.Stores.Users;

namespace OAuthServer.Account;

/// <summary>
/// /account/data gives a person all rows about themselves; /account/delete deletes them, after a recent sign-in and their name typed. What
/// is not theirs cannot be named.
/// </summary>
public sealed class OwnDataEndpoint(SignedInGate gate, OwnDataStore data, UserEdits users, Cookies cookies, Settings settings)
{
    private const string Confirmation = "confirm";

    public Task ExportAsync(HttpContext http) => gate.ShowAsync(http, AccountEndpoint.Page, async page =>
    {
        if (await data.ExportAsync(page.Session.Subject, page.Context.RequestId, page.Context.Address, page.Context.At) is not { } json)
        {
            await SignedInGate.NotFoundAsync(page);
            return;
        }

        var octets = Encoding.UTF8.GetBytes(json);
        http.Response.NoStore();
        http.Response.ContentType = "application/json";
        http.Response.Headers.ContentDisposition = "attachment; filename=\"account.json\"";
        http.Response.Headers.XContentTypeOptions = "nosniff";
        http.Response.ContentLength = octets.Length;
        await http.Response.Body.WriteAsync(octets, CancellationToken.None);
    });

    public Task ConfirmAsync(HttpContext http) => gate.ShowAsync(http, AccountEndpoint.Page, page =>
        settings.SelfDeletion ? ShowAsync(page, null) : SignedInGate.NotFoundAsync(page));

    public Task DeleteAsync(HttpContext http) => gate.ChangeAccountAsync(http, AccountEndpoint.Page, async page =>
    {
        if (!settings.SelfDeletion)
        {
            await SignedInGate.NotFoundAsync(page);
            return;
        }

        if (!string.Equals(page.Parameters[Confirmation]?.Trim(), page.Session.Username, StringComparison.OrdinalIgnoreCase))
        {
            await ShowAsync(page, "This is not your username. Nothing was deleted.");
            return;
        }

        // Of what is written about it only the subject stays.
        var author = page.Author with { Name = $"user:{page.Session.Subject}" };
        if (await Edit.TryAsync(() => users.DeleteAsync(page.Session.Subject, author)) is { } refusal)
        {
            await ShowAsync(page, refusal.Message);
            return;
        }

        cookies.EndSession(http);
        await http.AccountDeletedAsync();
    });

    private static Task ShowAsync(PageRequest page, string? problem)
    {
        var (http, say) = (page.Http, page.Http.Language());
        var settings = http.RequestServices.GetRequiredService<Settings>();
        var fields = new Fields(say, _ => null, problem is null ? [] : new Dictionary<string, string> { [Confirmation] = problem });
        Markup input = fields.Text(Confirmation, "Your username",
            attributes: $"required maxlength=\"128\" autocapitalize=\"none\" spellcheck=\"false\"");
        return http.PageAsync(problem is null ? 200 : 409, problem is null ? "Delete your account" : "Error: Delete your account", $"""
            <h1>{say["Delete your account?"]}</h1>
            <p class="lead">
                {say["You are signed out everywhere, every app loses its access, and all that is kept about you here is deleted."]}
            </p>
            <p>{say["This cannot be undone. Apps may keep what they have of you: ask each of them. Type your username to confirm."]}</p>
            {fields.Summary()}
            <form method="post" action="{settings.IssuerPath + Paths.AccountDelete}">
            {page.Antiforgery}
            {input}
            <p class="actions"><button class="danger" type="submit">{say["Delete my account"]}</button>
                <a class="way" href="{settings.IssuerPath + Paths.Account}">{say["Cancel"]}</a></p>
            </form>
            """, page.NavigationOf(Paths.Account));
    }
}

/// <summary>The last page of an account.</summary>
public static class AccountDeletedPage
{
    public static Task AccountDeletedAsync(this HttpContext http)
    {
        var say = http.Language();
        return http.PageAsync(200, "Your account is deleted", $"""
            <h1>{say["Your account is deleted"]}</h1>
            <p class="lead">{say["Nothing is kept about you here but what the audit log has, without your name."]}</p>
            """);
    }
}
