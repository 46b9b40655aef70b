using System.Globalization;
using OAuthServer.Pages;
using OAuthServer.Pages.Admin;
using OAuthServer.Protocol;
using OAuthServer.Stores;

namespace OAuthServer.Endpoints.Admin;

/// <summary>/admin/audit searches the audit log, /admin/why tells the story of one request. Both only read.</summary>
public sealed class AuditEndpoint(Gate gate, AuditStore audit, UserEdits users)
{
    private const int PageLength = 50;

    public Task SearchAsync(HttpContext http) => gate.ShowAdminAsync(http, async visit =>
    {
        var (asked, cancel, problems) = (visit.Asked, http.RequestAborted, new Dictionary<string, string>());
        var (from, to, before) = (Moment("from"), Moment("to"), Moment("before"));
        var subject = asked["person"] is { } name ? await SubjectAsync(name.Trim(), cancel) : null;
        if (asked["person"] is not null && subject is null) problems["person"] = http.Language()["Nobody has this user name."];

        var rows = problems.Count > 0
            ? []
            : await audit.SearchAsync(new AuditSearch
            {
                Client = asked["client"]?.Trim(),
                Subject = subject,
                Event = asked["event"],
                Outcome = asked["outcome"],
                Request = asked["request"]?.Trim(),
                Since = from,
                Before = before < to ? before : to ?? before,
                Limit = PageLength + 1,
            }, cancel);
        // Rows of one moment stay on one page: the next one begins before it.
        DateTimeOffset? last = rows.Count > PageLength ? rows[PageLength - 1].At : null;
        await http.AuditAsync(visit.FrameOf(Paths.AdminAudit), new AuditSearchView
        {
            Asked = asked,
            Problems = problems,
            Found = await users.NameAsync([.. rows.Where(row => last is null || row.At >= last)], cancel),
            Older = last,
        });

        DateTimeOffset? Moment(string field)
        {
            if (asked[field] is not { } text) return null;
            if (DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var moment)) return moment;
            problems[field] = http.Language()["Write a moment such as 2026-11-20T14:00."];
            return null;
        }
    });

    public Task WhyAsync(HttpContext http) => gate.ShowAdminAsync(http, async visit =>
    {
        var id = visit.Asked["id"]?.Trim();
        var rows = id is null ? [] : await audit.FindAsync(id, http.RequestAborted);
        await http.WhyAsync(visit.FrameOf(Paths.AdminWhy), id, await users.NameAsync(rows, http.RequestAborted));
    });

    // By name; by subject, for people who are gone.
    private async Task<string?> SubjectAsync(string person, CancellationToken cancel) =>
        Guid.TryParse(person, out var subject) ? subject.ToString() : (await users.FindAsync(person.ToLowerInvariant(), cancel))?.Subject.ToString();
}

/// <summary>The names of the people in rows of the audit log.</summary>
internal static class AuditNames
{
    public static async Task<AuditView> NameAsync(this UserEdits users, IReadOnlyList<AuditRow> rows, CancellationToken cancel)
    {
        var subjects = rows.Select(row => Guid.TryParse(row.Subject, out var subject) ? subject : (Guid?)null).OfType<Guid>().Distinct().ToArray();
        var known = subjects.Length == 0 ? [] : await users.NamesAsync(subjects, cancel);
        return new AuditView { Rows = rows, Names = known.ToDictionary(person => person.Subject.ToString(), person => person.Username) };
    }
}

/// <summary>Where they are found.</summary>
public static class AuditRoutes
{
    extension(IEndpointRouteBuilder app)
    {
        public void MapAdminAudit()
        {
            var audit = app.ServiceProvider.GetRequiredService<AuditEndpoint>();
            app.MapGet(Paths.AdminAudit, audit.SearchAsync);
            app.MapGet(Paths.AdminWhy, audit.WhyAsync);
        }
    }
}
