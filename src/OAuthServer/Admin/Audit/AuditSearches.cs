using System.Globalization;
using OAuthServer.Html;
using OAuthServer.Protocol;
using OAuthServer.Stores.Audit;
using OAuthServer.Stores.Users;

namespace OAuthServer.Admin.Audit;

/// <summary>What a query looks for in the audit log: client, person, event, outcome, request, from, to.</summary>
internal static class AuditSearches
{
    /// <summary>The search, and what is wrong with the query, by field, in the page's language.</summary>
    public static async Task<(AuditSearch Search, Dictionary<string, string> Problems)> OfAsync(
        Parameters query, UserEdits users, Language say, CancellationToken cancel)
    {
        var problems = new Dictionary<string, string>();
        var subject = query["person"] is { } name ? await SubjectAsync(name.Trim(), users, cancel) : null;
        if (query["person"] is not null && subject is null) problems["person"] = say["There is no user with this name."];
        foreach (var field in (string[])["from", "to", "before", "after"])
            if (query[field] is { } text && Moment(text) is null)
                problems[field] = say["Enter a date and time such as 2026-11-20T14:00."];
        return (new AuditSearch
        {
            Client = query["client"]?.Trim(),
            Subject = subject,
            Event = query["event"],
            Outcome = query["outcome"],
            Request = query["request"]?.Trim(),
            Since = Moment(query["from"]),
            Before = Moment(query["to"]),
            Limit = 1,
        }, problems);
    }

    /// <summary>UTC; null: no moment.</summary>
    public static DateTimeOffset? Moment(string? text) => DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture,
        DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var moment) ? moment : null;

    // By name; by subject, for people who are gone.
    private static async Task<string?> SubjectAsync(string person, UserEdits users, CancellationToken cancel) =>
        Guid.TryParse(person, out var subject) ? subject.ToString()
            : (await users.FindAsync(person.ToLowerInvariant(), cancel))?.Subject.ToString();
}
