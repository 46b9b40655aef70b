using System.Diagnostics;
using System.Net;
using System.Text.RegularExpressions;

namespace OAuthServer.Bench;

/// <summary>How long the administration's pages take, signed in, one after the other.</summary>
internal sealed partial class GrownPages(PublishedServer published)
{
    private const int Times = 20;

    /// <summary>Name, path and the most milliseconds; {subject} is a person's.</summary>
    private static readonly (string Name, string Path)[] Pages =
    [
        ("dashboard", "/admin"),
        ("clients, first page", "/admin/apps"),
        ("clients, a later page", "/admin/apps?after=app-0005000"),
        ("clients of a rare kind", "/admin/resource-servers"),
        ("clients, an operator's", "/admin/apps?origin=operator"),
        ("clients, disabled", "/admin/apps?state=disabled"),
        ("clients by text, one", "/admin/apps?q=app-0004321"),
        ("clients by text, none", "/admin/apps?q=nothing-has-this"),
        ("clients by text, one of ten", "/admin/apps?q=calendar"),
        ("client", "/admin/client?id=app-0001234"),
        ("client, before it is disabled", "/admin/client/disable?id=nightly-etl"),
        ("resources", "/admin/resources"),
        ("resource", "/admin/resource?uri=https%3A%2F%2Fapi-042.example.test%2Fmcp"),
        ("resource, before it is disabled", "/admin/resource/state?uri=https%3A%2F%2Fapi-042.example.test%2Fmcp"),
        ("scope", "/admin/scope?name=api-042%3Aread"),
        ("scope, before it is deleted", "/admin/scope/delete?name=api-042%3Aread"),
        ("people", "/admin/users"),
        ("people by text", "/admin/users?q=0001234"),
        ("people by text, none", "/admin/users?q=nobody-has-this"),
        ("person", "/admin/user?subject={subject}"),
        ("person, before being disabled", "/admin/user/state?subject={subject}"),
        ("audit", "/admin/audit"),
        ("audit, next page", "{next}"),
        ("audit of a client", "/admin/audit?client=nightly-etl"),
        ("audit of a client, refusals", "/admin/audit?client=nightly-etl&outcome=refused"),
        ("audit of a client, edits", "/admin/audit?client=nightly-etl&event=edit"),
        ("audit of a person", "/admin/audit?person=person-0001234"),
        ("audit by event", "/admin/audit?event=registration"),
        ("audit by event, refusals", "/admin/audit?event=registration&outcome=refused"),
        ("audit, refusals", "/admin/audit?outcome=refused"),
        ("audit of a day", "/admin/audit?from=2026-01-01T00:00"),
        ("why", "/admin/why?id={request}"),
    ];

    /// <summary>Middle, least and most of twenty, in milliseconds.</summary>
    public async Task<IReadOnlyList<Row>> MeasureAsync(CancellationToken cancel)
    {
        var server = new Uri($"http://127.0.0.1:{published.Port}");
        using var person = new SignIn(server, published.Host);
        using var http = new HttpClient { BaseAddress = server, DefaultRequestHeaders = { Host = published.Host } };
        // What the load left behind is being written down: the first tries may be told to come back.
        for (var tries = 1; ; tries++)
        {
            try { http.DefaultRequestHeaders.Add("Cookie", await person.AdministratorAsync(cancel)); break; }
            catch (BenchException) when (tries < 5) { await Task.Delay(TimeSpan.FromSeconds(5), cancel); }
        }

        var subject = (await published.Cluster.SqlAsync("select bench.subject(1234)", cancel))[0];
        var audit = await http.GetStringAsync("/admin/audit", cancel);
        var rows = new List<Row>();
        foreach (var (name, path) in Pages)
        {
            var url = path.Replace("{subject}", subject, StringComparison.Ordinal)
                .Replace("{next}", WebUtility.HtmlDecode(NextPage().Match(audit).Groups[1].Value), StringComparison.Ordinal)
                .Replace("{request}", Request().Match(audit).Groups[1].Value, StringComparison.Ordinal);
            var times = new List<double>();
            while (times.Count < Times)
            {
                var began = Stopwatch.GetTimestamp();
                using var answer = await http.GetAsync(url, cancel);
                await answer.Content.ReadAsByteArrayAsync(cancel);
                // A page that gave up counts with the time it took to.
                times.Add(answer.IsSuccessStatusCode || answer.StatusCode == HttpStatusCode.ServiceUnavailable
                    ? Stopwatch.GetElapsedTime(began).TotalMilliseconds
                    : throw new BenchException($"{name} ({url}) was answered with {(int)answer.StatusCode}"));
            }

            rows.Add(new()
            {
                Name = $"page_{name.Replace(", ", "_", StringComparison.Ordinal).Replace(' ', '_')}",
                Title = $"page: {name}",
                Unit = "ms",
                Value = Spread.Of(times),
                Target = name == "why" ? 50 : 200,
            });
        }

        return rows;
    }

    [GeneratedRegex("rel=\"next\" href=\"([^\"]*)\"")]
    private static partial Regex NextPage();

    [GeneratedRegex("/admin/why\\?id=([^\"]*)\"")]
    private static partial Regex Request();
}
