using System.Globalization;
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
        var (parameters, cancel, problems) = (page.Parameters, http.RequestAborted, new Dictionary<string, string>());
        var (from, to, before, after) = (Moment("from"), Moment("to"), Moment("before"), Moment("after"));
        var subject = parameters["person"] is { } name ? await SubjectAsync(name.Trim(), cancel) : null;
        if (parameters["person"] is not null && subject is null) problems["person"] = http.Language()["There is no user with this name."];

        var search = new AuditSearch
        {
            Client = parameters["client"]?.Trim(),
            Subject = subject,
            Event = parameters["event"],
            Outcome = parameters["outcome"],
            Request = parameters["request"]?.Trim(),
            Since = from,
            Before = to,
            Limit = MostCounted + 1,
        };
        var found = problems.Count > 0 ? []
            : await audit.SearchAsync(search with { Before = before < to ? before : to ?? before, After = after, Limit = PageLength + 1 },
                cancel);
        var (rows, more) = Cut(found, after is not null);
        await http.AuditAsync(page.NavigationOf(Paths.AdminAudit), new AuditSearchView
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

        DateTimeOffset? Moment(string field)
        {
            if (parameters[field] is not { } text) return null;
            if (DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture,
                DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var moment)) return moment;
            problems[field] = http.Language()["Enter a date and time such as 2026-11-20T14:00."];
            return null;
        }
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

    // By name; by subject, for people who are gone.
    private async Task<string?> SubjectAsync(string person, CancellationToken cancel) =>
        Guid.TryParse(person, out var subject) ? subject.ToString()
            : (await users.FindAsync(person.ToLowerInvariant(), cancel))?.Subject.ToString();
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
