using System.Text.RegularExpressions;
using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Admin;

/// <summary>The audit log is searched, and every request has its story.</summary>
public sealed partial class AuditPageTest : AdminFixture
{
    private const string Hostile = "<script>alert(1)</script>\u202e\"'&";

    [Test, Behaviour(25)]
    public async Task Every_field_of_the_search_narrows_it()
    {
        var (olivia, browser) = await OliviaAsync();
        var (one, other) = (await Server.MachineAsync(), await Server.MachineAsync());
        var (issued, refused) = (await one.CredentialsAsync(), await one.CredentialsAsync(("scope", "no:such")));
        var (elsewhere, now) = (await other.CredentialsAsync(), Server.Clock.GetUtcNow());

        // Its row was written by SQL, which is an edit.
        (await FoundAsync(browser, $"client={one.Id}")).Where(id => !id.StartsWith("sql-", StringComparison.Ordinal)).Should()
            .Equal(refused.RequestId, issued.RequestId);
        (await FoundAsync(browser, $"client={one.Id}&outcome=refused")).Should().Equal(refused.RequestId);
        (await FoundAsync(browser, $"client={one.Id}&event=token&outcome=ok")).Should().Equal(issued.RequestId);
        (await FoundAsync(browser, $"client={one.Id}&event=sign-in")).Should().BeEmpty();
        (await FoundAsync(browser, $"request={elsewhere.RequestId}")).Should().Equal(elsewhere.RequestId);
        (await FoundAsync(browser, $"person={olivia.Username}&event=sign-in")).Should().ContainSingle();
        (await FoundAsync(browser, $"client={one.Id}&event=token&from={now.AddMinutes(-1).UtcDateTime:yyyy-MM-ddTHH:mm}")).Should()
            .HaveCount(2);
        (await FoundAsync(browser, $"client={one.Id}&from={now.AddMinutes(2).UtcDateTime:yyyy-MM-ddTHH:mm}")).Should().BeEmpty();
        (await FoundAsync(browser, $"client={one.Id}&to={now.AddMinutes(-2).UtcDateTime:yyyy-MM-ddTHH:mm}")).Should().BeEmpty();
    }

    [Test]
    public async Task Thousands_of_rows_of_one_moment_are_shown_by_the_first_thousand()
    {
        var (_, browser) = await OliviaAsync();
        await Server.ExecuteAsync("insert into audit_events (at, request_id, event, outcome, client_id) "
            + "select now(), 'crowd', 'revocation', 'ok', 'crowd' from generate_series(1, 3000)");

        (await browser.GetAsync($"{Paths.AdminAudit}?client=crowd")).Page.QuerySelectorAll("tr").Length.Should().BeInRange(1000, 1100);
    }

    [Test]
    public async Task Pages_follow_each_other_without_a_row_left_out_or_shown_twice()
    {
        var (_, browser) = await OliviaAsync();
        var client = $"many-{Guid.NewGuid():N}";
        // Three of each moment, so that a page would end between rows of one.
        await Server.ExecuteAsync(
            "insert into audit_events (at, request_id, event, outcome, client_id) "
            + "select @now::timestamptz - (n / 3) * interval '1 second', 'many-' || n, 'token', 'ok', @client "
            + "from generate_series(1, 170) n",
            new { client, now = Server.Clock.GetUtcNow().UtcDateTime });

        var (seen, path, pages) = (new List<string>(), $"{Paths.AdminAudit}?client={client}&outcome=ok", 0);
        while (path is not null && pages++ < 10)
        {
            var page = await browser.GetAsync(path);
            page.Should().BeAPage(200);
            seen.AddRange(Requests(page));
            path = Older().Match(page.Body) is { Success: true } next ? System.Net.WebUtility.HtmlDecode(next.Groups[1].Value) : null;
        }

        pages.Should().BeGreaterThan(3);
        seen.Should().HaveCount(170).And.OnlyHaveUniqueItems();

        var before = Uri.EscapeDataString(Server.Clock.GetUtcNow().AddSeconds(-53).UtcDateTime.ToString("O"));
        var last = await browser.GetAsync(path = $"{Paths.AdminAudit}?client={client}&outcome=ok&before={before}");
        var back = Requests(last);
        for (var previous = Newer(last); previous is not null;)
        {
            var page = await browser.GetAsync(previous);
            page.Body.Should().Contain("Total: 170");
            back.InsertRange(0, Requests(page));
            previous = Newer(page);
        }

        back.Should().OnlyHaveUniqueItems().And.BeEquivalentTo(seen, "pages lead back the way they came");

        static string? Newer(Reply page) => page.Page.QuerySelector("[rel=prev]")?.GetAttribute("href");
    }

    [Test]
    public async Task More_rows_than_are_counted_are_said_to_be_more()
    {
        var (_, browser) = await OliviaAsync();
        await Server.ExecuteAsync("insert into audit_events (at, request_id, event, outcome, client_id) "
            + "select now() - n * interval '1 second', 'counted', 'revocation', 'ok', 'counted' from generate_series(1, 1001) n");

        (await browser.GetAsync($"{Paths.AdminAudit}?client=counted")).Body.Should().Contain("Total: more than 1000");
    }

    [TestCase("person=nobody-at-all", "There is no user with this name."), TestCase("from=yesterday", "Enter a date and time"),
        TestCase("to=31.12.", "Enter a date and time")]
    public async Task A_search_that_cannot_be_read_is_explained_beside_its_field(string query, string problem)
    {
        var (_, browser) = await OliviaAsync();

        var page = await browser.GetAsync($"{Paths.AdminAudit}?{query}");

        page.Should().BeAPage(400);
        page.Body.Should().Contain(problem);
    }

    [Test, Behaviour(25)]
    public async Task Why_tells_the_rule_what_it_expected_and_what_came()
    {
        var (_, browser) = await OliviaAsync();
        var machine = await Server.MachineAsync();
        var refused = await machine.CredentialsAsync(("scope", "no:such"));
        var line = (await Server.AuditAsync(refused)).Single();

        var why = await browser.GetAsync($"{Paths.AdminWhy}?id={refused.RequestId}");

        why.Should().BeAPage(200);
        var text = System.Net.WebUtility.HtmlDecode(why.Body);
        text.Should().Contain("Refused by").And.Contain(line.Rule!).And.Contain(line.Reason!).And.Contain(line.Expected!)
            .And.Contain(line.Got!).And.Contain("invalid_scope").And.Contain(machine.Id);
        // The log is kept in English, whatever the page speaks.
        foreach (var page in new[] { why, await browser.GetAsync($"{Paths.AdminAudit}?request={refused.RequestId}") })
            System.Net.WebUtility.HtmlDecode(page.Body).Should().Contain($"<bdi lang=\"en\">{line.Reason}</bdi>")
                .And.Contain($"<bdi lang=\"en\">{line.Rule}</bdi>").And.Contain($"<code lang=\"en\">{line.Expected}</code>")
                .And.Contain($"<code lang=\"en\">{line.Got}</code>");
    }

    [Test]
    public async Task Why_says_in_words_when_nothing_was_kept()
    {
        var (_, browser) = await OliviaAsync();
        using var http = Server.NewHttp();
        var missing = await Reply.ReadAsync(await http.GetAsync("/nowhere"));

        var why = await browser.GetAsync($"{Paths.AdminWhy}?id={missing.RequestId}");
        var hostile = await browser.GetAsync($"{Paths.AdminWhy}?id={Uri.EscapeDataString(Hostile)}");

        missing.Status.Should().Be(404);
        why.Should().BeAPage(200);
        why.Body.Should().Contain("No audit entry for").And.Contain("404, 405, 500 and 503");
        hostile.Should().BeAPage(200);
        hostile.Body.Should().NotContain("<script").And.NotContain("<code>\u202e");
    }

    [Test]
    public async Task Whatever_others_wrote_into_the_log_is_shown_and_never_obeyed()
    {
        var (_, browser) = await OliviaAsync();
        var id = TimedId.NewRequestId(Server.Clock.GetUtcNow());
        await Server.ExecuteAsync(
            """
            insert into audit_events
                (at, request_id, event, outcome, client_id, subject, address, actor, error, rule, reason, expected, got, detail)
            values (@now, @id, 'token', 'refused', @text, @text, @text, @text, @text, @text, @text, @text, @text, @text)
            """, new { id, text = Hostile + new string('x', 10_000), now = TimedId.TimeOf(id)!.Value.UtcDateTime });

        foreach (var page in new[] { await browser.GetAsync($"{Paths.AdminWhy}?id={id}"),
            await browser.GetAsync($"{Paths.AdminAudit}?request={id}") })
        {
            page.Should().BeAPage(200);
            page.Body.Should().Contain("&lt;script&gt;alert(1)&lt;/script&gt;").And.NotContain("\u202e");
            page.Body.Length.Should().BeLessThan(60_000);
        }
    }

    private static async Task<List<string>> FoundAsync(Browser browser, string query)
    {
        var page = await browser.GetAsync($"{Paths.AdminAudit}?{query}");
        page.Should().BeAPage(200);
        return Requests(page);
    }

    private static List<string> Requests(Reply page) => [.. AuditFormatter().Matches(page.Body).Select(match => match.Groups[1].Value)];

    [GeneratedRegex("/admin/why\\?id=([^\"]+)\"")]
    private static partial Regex AuditFormatter();

    [GeneratedRegex("rel=\"next\" href=\"([^\"]+)\"")]
    private static partial Regex Older();
}
