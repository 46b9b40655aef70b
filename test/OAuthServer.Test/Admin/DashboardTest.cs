using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Admin;

/// <summary>The dashboard's numbers are those of the rows.</summary>
public sealed class DashboardTest : AdminFixture
{
    [Test]
    public async Task Every_number_is_the_one_of_the_rows()
    {
        var (_, browser) = await OliviaAsync();
        var (machine, app, alice) = (await Server.MachineAsync(), await Server.PublicClientAsync(), await Server.UserAsync());
        await Server.ResourceServerAsync();
        await Server.PublicClientAsync();
        await Server.TokensAsync(app, alice);
        await RowsAsync(8, "token", "ok", TimeSpan.FromHours(2));
        await RowsAsync(12, "token", "ok", TimeSpan.FromDays(3));
        await RowsAsync(40, "token", "ok", TimeSpan.FromDays(31));
        await RowsAsync(3, "token", "refused", TimeSpan.FromHours(3));
        await RowsAsync(2, "sign-in", "refused", TimeSpan.FromHours(3));
        await RowsAsync(4, "token", "refused", TimeSpan.FromDays(2), "refresh_reused");
        await RowsAsync(1, "token", "refused", TimeSpan.FromDays(6), "code_replayed");
        await RowsAsync(9, "token", "refused", TimeSpan.FromDays(8), "refresh_reused");
        await RowsAsync(5, "registration", "ok", TimeSpan.FromDays(1), "registered an app");
        await RowsAsync(6, "registration", "ok", TimeSpan.FromDays(8), "registered an app");
        await Server.ExecuteAsync("update client_secrets set expires_at = @at where client_id = @Id",
            new { at = (Server.Clock.GetUtcNow() + TimeSpan.FromDays(29)).UtcDateTime, machine.Id });

        // Rows of the past are made here after their hours were added up.
        await Server.ExecuteAsync("delete from audit_hours");
        var page = await browser.GetAsync(Paths.Admin);

        page.Should().BeAPage(200, drawn: true);
        // One token more than the rows above: Alice's.
        Tile(page, "Tokens issued, 24 hours").Should().Be(9);
        Tile(page, "Refusals, 24 hours").Should().Be(5);
        Tile(page, "Codes and refresh tokens reused, 7 days").Should().Be(5);
        Tile(page, "Registrations, 7 days").Should().Be(5);
        Tile(page, "Live grants").Should().Be(1);
        Tile(page, "Users").Should().Be(await Server.ScalarAsync<int>("select count(*)::int from users")).And.BeGreaterThan(1);
        Tile(page, "Machine clients").Should().Be(1);
        Tile(page, "User-facing clients").Should().Be(2);
        Tile(page, "Resource servers").Should().Be(1);
        page.Body.Should().Contain("role=\"img\" aria-label=\"In the last 24 hours, tokens issued: 9, requests refused: 5.\"")
            .And.Contain("role=\"img\" aria-label=\"In the last 30 days, tokens issued: 21, requests refused: 19.\"");
        var hour = Server.Clock.GetUtcNow().AddHours(-2).UtcDateTime.ToString("HH:00");
        page.Body.Should().Contain($"""<tr><th scope="row"><bdi>{hour}</bdi></th><td class="number" data-label="Tokens issued">8</td>"""
            + """<td class="number" data-label="Refused">0</td></tr>""");
        page.Body.Should().Contain($"The {machine.Id} app").And.Contain("Expires soon");
        page.Body.Split("href=\"/admin/why?id=").Should().HaveCountGreaterThan(2, "a reuse leads to its story");
    }

    [Test]
    public async Task Days_of_the_chart_are_written_in_the_readers_language()
    {
        var (_, browser) = await OliviaAsync();
        browser.Headers["Accept-Language"] = "ar";

        var page = await browser.GetAsync(Paths.Admin);

        page.Body.Should()
            .MatchRegex("<text x=\"[0-9]+\" y=\"[0-9]+\" class=\"rtl\" text-anchor=\"end\">[0-9]{1,2} [\u0621-\u064A]+</text>")
            .And.MatchRegex("<th scope=\"row\"><bdi>[0-9]{1,2} [\u0621-\u064A]+ 20[0-9]{2}</bdi></th>")
                .And.NotMatchRegex("<text[^>]*>[0-9]+ [A-Z][a-z]+");
    }

    private static int Tile(Reply page, string text) =>
        page.Page.QuerySelectorAll("span.figure + a").FirstOrDefault(link => link.TextContent == text)
            is { PreviousElementSibling: { } figure }
            ? int.Parse(figure.TextContent)
            : -1;

    private Task RowsAsync(int count, string @event, string outcome, TimeSpan ago, string? detail = null) => Server.ExecuteAsync(
        "insert into audit_events (at, request_id, event, outcome, client_id, detail) "
        + "select @at, 'made-' || @event || n, @event, @outcome, 'somebody', @detail from generate_series(1, @count) n",
        new { count, @event, outcome, detail, at = (Server.Clock.GetUtcNow() - ago).UtcDateTime });
}
