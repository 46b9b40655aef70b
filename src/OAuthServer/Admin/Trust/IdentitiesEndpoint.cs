using OAuthServer.Html;
using OAuthServer.Protocol;
using OAuthServer.Stores.Federation;
using OAuthServer.Stores.Postgres;
using OAuthServer.Stores.Users;

namespace OAuthServer.Admin.Trust;

/// <summary>/admin/trust/identities: who people are at companies, found by issuer, by person and by what they are called there.</summary>
public sealed class IdentitiesEndpoint(SignedInGate gate, IdentityQueries queries, UserEdits users)
{
    private const int PageLength = 50;

    public Task ListAsync(HttpContext http) => gate.ShowAdminAsync(http, async page =>
    {
        var (form, cancel) = (page.Parameters, http.RequestAborted);
        var name = form["person"]?.Trim().ToLowerInvariant();
        var person = name is null ? null : await users.FindAsync(name, cancel);
        var (search, cursor) = (new IdentitySearch
        {
            Text = form["q"]?.Trim() ?? "",
            Issuer = form["issuer"]?.Trim(),
            // Nobody has it: a search that finds nothing.
            Subject = name is null ? null : person?.Subject ?? Guid.Empty,
        }, new Cursor(form["after"], form["before"]));
        var found = await queries.ListAsync(search, cursor, PageLength, cancel);
        (string, string?)[] filters = [("q", search.Text), ("issuer", search.Issuer), ("person", name)];
        await http.IdentitiesAsync(page.NavigationOf(Paths.AdminTrust), new IdentitiesView
        {
            Rows = found.Rows,
            Filters = filters,
            Paging = Paging.Of(found, Paths.AdminTrustIdentities, IdentityQueries.KeyOf, cursor, filters),
            Done = form[Notice.Field],
        });
    });
}
