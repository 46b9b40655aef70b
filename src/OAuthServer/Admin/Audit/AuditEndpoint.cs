using OAuthServer.Html;
using OAuthServer.Protocol;
using OAuthServer.Stores.Audit;
using OAuthServer.Stores.Users;

namespace OAuthServer.Admin.Audit;

/// <summary>/admin/audit searches the audit log, /admin/why explains one request. Both only read.</summary>
public sealed class AuditEndpoint(SignedInGate gate, AuditStore audit, UserEdits users)
{
    private const int PageLength = 50;

    // The log grows without end: of more rows than these it is said that there are more.
    private const int MostCounted = 1000;

    public Task SearchAsync(HttpContext http) => gate.ShowAdminAsync(http, async page =>
    {
        var (parameters, cancel) = (page.Parameters, http.RequestAborted);
        var (search, problems) = await AuditSearches.OfAsync(parameters, users, http.Language(), cancel);
        var (before, after) = (AuditSearches.Moment(parameters["before"]), AuditSearches.Moment(parameters["after"]));
        search = search with { Limit = MostCounted + 1 };
        var found = problems.Count > 0 ? []
            : await audit.SearchAsync(search with
            {
                Before = before < search.Before ? before : search.Before ?? before,
                After = after,
                Limit = PageLength + 1,
            }, cancel);
        var (rows, more) = Cut(found, after is not null);
        await http.AuditAsync(page.Antiforgery, page.NavigationOf(Paths.AdminAudit), new AuditSearchView
        {
            Parameters = parameters,
            Problems = problems,
            Found = await users.NameAsync(rows, cancel),
            Paging = new Paging
            {
                Total = problems.Count > 0 ? 0 : await audit.CountAsync(search, cancel),
                Most = MostCounted,
                Previous = rows.Count > 0 && (after is null ? before is not null : more)
                    ? AuditPage.Url(parameters, "after", rows[0].At) : null,
                Next = rows.Count > 0 && (after is not null || more)
                    ? AuditPage.Url(parameters, "before", rows[^1].At) : null,
            },
        });
    });

    public Task WhyAsync(HttpContext http) => gate.ShowAdminAsync(http, async page =>
    {
        var id = page.Parameters["id"]?.Trim();
        var rows = id is null ? [] : await audit.FindAsync(id, http.RequestAborted);
        await http.WhyAsync(page.NavigationOf(Paths.AdminWhy), id, await users.NameAsync(rows, http.RequestAborted));
    });

    // A page ends before the moment of the first row too many, so that the next can begin there; backwards that is the newest. When
    // all are of one moment they stay together.
    private static (IReadOnlyList<AuditRow> Rows, bool More) Cut(List<AuditRow> found, bool backwards)
    {
        if (found.Count <= PageLength) return (found, false);
        var beyond = (backwards ? found[^(PageLength + 1)] : found[PageLength]).At;
        List<AuditRow> rows = [.. found.Where(row => backwards ? row.At < beyond : row.At > beyond)];
        return (rows.Count > 0 ? rows : found, true);
    }
}

/// <summary>The names of the people in rows of the audit log.</summary>
internal static class AuditNames
{
    public static async Task<AuditView> NameAsync(this UserEdits users, IReadOnlyList<AuditRow> rows, CancellationToken cancel)
    {
        var subjects = rows.Select(row => Guid.TryParse(row.Subject, out var subject) ? subject : (Guid?)null).OfType<Guid>().Distinct()
            .ToArray();
        var known = subjects.Length == 0 ? [] : await users.NamesAsync(subjects, cancel);
        return new AuditView { Rows = rows, Names = known.ToDictionary(person => person.Subject.ToString(), person => person.Username) };
    }
}
