using System.Text.Json;
using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Admin;

/// <summary>Who has access, on pages: grants, the people of a client, who can reach a resource, and acts on several rows.</summary>
[Behaviour(26)]
public sealed class GrantsPageTest : AdminFixture
{
    private static IEnumerable<string> Ticks(Reply page) =>
        page.Page.QuerySelectorAll("input[type=checkbox]").Select(box => box.GetAttribute("name")!);

    private Task<List<string>> EndedAsync(Reply reply) => Server.QueryAsync<string>(
        "select actor || ' ' || client_id from audit_events where request_id = @id and event = 'revocation'", new { id = reply.RequestId });

    [TestCase(""), TestCase("&sort=oldest")]
    public async Task Grants_are_narrowed_by_client_user_and_resource_and_have_pages(string sort)
    {
        var (_, browser) = await OliviaAsync();
        var (app, alice) = (await Server.PublicClientAsync(), await Server.UserAsync());
        await Server.TokensAsync(app, alice);
        await Server.ExecuteAsync("""
            insert into grants (id, client_id, subject, redirect_uri, code_challenge, scope, resources, offline, created_at, expires_at)
            select gen_random_uuid(), @Id, @Subject, 'https://app.example/', 'x', '{notes:read}', array[@Notes], false, now(),
                   now() + interval '1 hour'
              from generate_series(1, 120)
            """, new { app.Id, alice.Subject, Cast.Notes });

        var (seen, path) = (new List<string>(), $"{Paths.AdminGrants}?client={app.Id}&person={alice.Username}&uri={Cast.Notes}{sort}");
        for (var pages = 0; path is not null && pages < 5; pages++)
        {
            var page = await browser.GetAsync(path);
            page.Should().BeAPage(200);
            page.Body.Should().Contain("Live grants: 121");
            seen.AddRange(Ticks(page));
            path = page.Page.QuerySelector("a[rel=next]")?.GetAttribute("href");
            if (path is null) continue;
            var back = (await browser.GetAsync(path)).Page.QuerySelector("a[rel=prev]")!.GetAttribute("href")!;
            Ticks(await browser.GetAsync(back)).Should().Equal(Ticks(page));
        }

        seen.Should().HaveCount(121).And.OnlyHaveUniqueItems();
        (sort.Length > 0 ? seen : Enumerable.Reverse(seen)).Should().BeInAscendingOrder(StringComparer.Ordinal);
        (await browser.GetAsync($"{Paths.AdminGrants}?client=nobody")).Body.Should().Contain("No results");
        (await browser.GetAsync($"{Paths.AdminGrants}?person=nobody")).Should().BeAPage(400);
    }

    [Test]
    public async Task Selected_grants_are_revoked_once_what_is_affected_was_confirmed()
    {
        var (olivia, browser) = await OliviaAsync();
        var app = await Server.PublicClientAsync();
        var (alice, bob) = (await Server.UserAsync(), await Server.UserAsync());
        var (hers, his) = (await Server.TokensAsync(app, alice), await Server.TokensAsync(app, bob));
        var list = await browser.GetAsync($"{Paths.AdminGrants}?client={app.Id}&person={alice.Username}");
        var box = list.Page.QuerySelector("input[type=checkbox]")!.GetAttribute("name")!;

        var asked = await SendAsync(browser, list, Paths.AdminGrantsRevoke, (box, box["pick ".Length..]), ("what", "selected"));
        asked.Should().BeAPage(200);
        asked.Body.Should().Contain("Revoke the selected grants?").And.Contain("Live grants: <strong>1</strong>").And
            .Contain("update grants");
        (await (await Server.ResourceServerAsync()).SeesAsActiveAsync(hers.AccessToken)).Should()
            .BeTrue("nothing is done before it is confirmed");
        var done = await SendAsync(browser, asked, Paths.AdminGrantsRevoke);

        done.Status.Should().Be(303);
        (await EndedAsync(done)).Should().Equal($"admin:{olivia.Username} {app.Id}");
        (await app.RefreshAsync(hers.RefreshToken!)).Should().BeRefusedWith("invalid_grant");
        (await app.RefreshAsync(his.RefreshToken!)).Should().HaveIssuedTokens();
    }

    [Test]
    public async Task All_grants_that_were_found_are_revoked_together()
    {
        var (_, browser) = await OliviaAsync();
        var app = await Server.PublicClientAsync();
        var replies = new List<Reply>();
        for (var i = 0; i < 3; i++) replies.Add(await Server.TokensAsync(app, await Server.UserAsync()));

        var asked = await SendAsync(browser, await browser.GetAsync($"{Paths.AdminGrants}?client={app.Id}"), Paths.AdminGrantsRevoke,
            ("what", "all"));
        asked.Body.Should().Contain("Users with these grants: 3").And.Contain($"client_id = &#x27;{app.Id}&#x27;");
        (await EndedAsync(await SendAsync(browser, asked, Paths.AdminGrantsRevoke))).Should().HaveCount(3);

        foreach (var reply in replies) (await app.RefreshAsync(reply.RefreshToken!)).Should().BeRefusedWith("invalid_grant");
        await Server.TokensAsync(app, await Server.UserAsync());
        var everything = await SendAsync(browser, await browser.GetAsync($"{Paths.AdminGrants}?client={app.Id}"),
            Paths.AdminGrantsRevoke, ("client", null), ("what", "all"));
        everything.Status.Should().Be(303, "a form that narrows nothing revokes nothing");
        (await EndedAsync(everything)).Should().BeEmpty();
    }

    [Test]
    public async Task A_clients_page_shows_its_people_its_refusals_and_its_changes()
    {
        var (_, browser) = await OliviaAsync();
        var (app, alice) = (await Server.PublicClientAsync(), await Server.UserAsync());
        var tokens = await Server.TokensAsync(app, alice);
        var refused = await app.RefreshAsync(tokens.RefreshToken![..^4] + "AAAA");
        await Server.ExecuteAsync("update clients set access_token_seconds = 300 where client_id = @Id", new { app.Id });

        var page = await browser.GetAsync($"{Paths.AdminClient}?id={app.Id}");

        page.Body.Should().Contain($"<bdi>{alice.Username}</bdi>").And.Contain("Users with these grants: 1")
            .And.Contain($"{Paths.AdminWhy}?id={refused.RequestId}").And.Contain("access_token_seconds: 600 → 300")
            .And.Contain($"{Paths.AdminAudit}?client={app.Id}\"");
        page.Page.QuerySelector($"a[href*='{Paths.AdminUserGrant}']").Should().NotBeNull();
    }

    [Test]
    public async Task A_resources_page_says_who_can_reach_it()
    {
        var (_, browser) = await OliviaAsync();
        var uri = $"https://{Guid.NewGuid():N}.example/";
        await Server.ExecuteAsync("insert into resources (uri, name) values (@uri, 'Vault')", new { uri });
        (await browser.GetAsync($"{Paths.AdminResource}?uri={uri}")).Body.Should().Contain("No client names it.");
        var (app, alice) = (await Server.PublicClientAsync(), await Server.UserAsync());
        await Server.TokensAsync(app, alice);
        await Server.ExecuteAsync("update clients set resources = resources || @uri where client_id = @Id", new { uri, app.Id });
        await Server.ExecuteAsync("update grants set resources = array[@uri] where client_id = @Id", new { uri, app.Id });

        var page = await browser.GetAsync($"{Paths.AdminResource}?uri={uri}");

        page.Body.Should().Contain("Who can reach it").And.Contain(app.Id).And.Contain($"<bdi>{alice.Username}</bdi>")
            .And.Contain("Live grants: 1").And.Contain($"{Paths.AdminGrants}?uri={Uri.EscapeDataString(uri)}");
    }

    [Test]
    public async Task Several_clients_are_disabled_and_the_order_of_the_list_is_chosen()
    {
        var (olivia, browser) = await OliviaAsync();
        var mark = $"bulk-{Guid.NewGuid():N}"[..12];
        for (var i = 0; i < 3; i++)
            await Server.ExecuteAsync(
                "insert into clients (client_id, kind, name, created_at) values (@id, 'user-facing', @mark, now() + @i * interval '1 hour')",
                new { id = $"{mark}-{i}", mark, i });

        var newest = await browser.GetAsync($"{Paths.AdminApps}?sort=newest");
        newest.Page.QuerySelector("tbody th code")!.TextContent.Should().Be($"{mark}-2");
        var list = await browser.GetAsync($"{Paths.AdminApps}?q={mark}");
        var asked = await SendAsync(browser, list, Paths.AdminClientsState,
            ($"pick {mark}-0", $"{mark}-0"), ($"pick {mark}-1", $"{mark}-1"), ("what", "disable"));
        asked.Body.Should().Contain("Clients: <strong>2</strong>").And.Contain("Disable these clients?");
        (await ActsAsync(await SendAsync(browser, asked, Paths.AdminClientsState))).Should().BeEquivalentTo(
            $"admin:{olivia.Username} update clients {mark}-0: enabled: true → false",
            $"admin:{olivia.Username} update clients {mark}-1: enabled: true → false");
        asked = await SendAsync(browser, list, Paths.AdminClientsState, ("what", "disable-all"));
        (await ActsAsync(await SendAsync(browser, asked, Paths.AdminClientsState))).Should().ContainSingle("the others are disabled");
        asked = await SendAsync(browser, list, Paths.AdminClientsState, ($"pick {mark}-0", $"{mark}-0"), ("what", "enable"));
        (await ActsAsync(await SendAsync(browser, asked, Paths.AdminClientsState))).Should()
            .Equal($"admin:{olivia.Username} update clients {mark}-0: enabled: false → true");
        (await SendAsync(browser, list, Paths.AdminClientsState, ("what", "disable"))).Status.Should().Be(303, "nothing is ticked");

        // One of them with a name that is longer than the name of a field may be.
        await Server.ExecuteAsync(
            """
            insert into clients (client_id, kind, name)
                select case when n = 7 then 'https://long.example/' || repeat('x', 300) else @mark || '-many-' || n end,
                       'user-facing', @mark || '-many' from generate_series(1, 400) n
            """, new { mark });
        list = await browser.GetAsync($"{Paths.AdminApps}?q={mark}-many");
        asked = await SendAsync(browser, list, Paths.AdminClientsState, ("what", "disable-all"));
        (await ActsAsync(await SendAsync(browser, asked, Paths.AdminClientsState))).Should().HaveCount(400);
    }

    [Test]
    public async Task Users_are_narrowed_sorted_and_disabled_together()
    {
        var (olivia, browser) = await OliviaAsync();
        var (alice, bob) = (await Server.UserAsync(), await Server.UserAsync());
        await Server.ExecuteAsync("update users set created_at = now() + interval '1 hour' where subject = @Subject", bob);

        (await browser.GetAsync($"{Paths.AdminUsers}?sort=newest")).Page.QuerySelector("tbody th")!.TextContent.Trim().Should()
            .Be(bob.Username);
        (await browser.GetAsync($"{Paths.AdminUsers}?role=admin")).Body.Should().Contain(olivia.Username).And.NotContain(alice.Username);
        var asked = await SendAsync(browser, await browser.GetAsync(Paths.AdminUsers), Paths.AdminUsersState,
            ($"pick {alice.Subject}", $"{alice.Subject}"), ($"pick {bob.Subject}", $"{bob.Subject}"), ("what", "disable"));
        asked.Body.Should().Contain("Users: <strong>2</strong>");
        (await ActsAsync(await SendAsync(browser, asked, Paths.AdminUsersState))).Should().HaveCount(2);
        (await browser.GetAsync($"{Paths.AdminUsers}?state=disabled&q={alice.Username}")).Body.Should().Contain(alice.Username);
    }

    [Test]
    public async Task A_client_that_registered_itself_is_vouched_for_and_can_be_edited_then()
    {
        var (olivia, browser) = await OliviaAsync();
        var app = await Server.PublicClientAsync();
        await Server.ExecuteAsync("update clients set origin = 'self-registered' where client_id = @Id", new { app.Id });

        var page = await browser.GetAsync($"{Paths.AdminClient}?id={app.Id}");
        page.Page.QuerySelector("[name=access_token_seconds]").Should().BeNull();
        var asked = await browser.GetAsync($"{Paths.AdminClientVouch}?id={app.Id}");
        asked.Body.Should().Contain("It cannot change or remove its registration any more");
        await Server.ExecuteAsync("update clients set redirect_uris = '{https://other.example/cb}' where client_id = @Id", new { app.Id });
        await SendAsync(browser, asked, Paths.AdminClientVouch);
        (await Server.ScalarAsync<string>("select origin from clients where client_id = @Id", new { app.Id })).Should()
            .Be("self-registered", "another redirect URI than was shown");
        asked = await browser.GetAsync($"{Paths.AdminClientVouch}?id={app.Id}");
        asked.Body.Should().Contain("https://other.example/cb");
        var done = await SendAsync(browser, asked, Paths.AdminClientVouch);

        (await ActsAsync(done)).Should().Equal($"admin:{olivia.Username} update clients {app.Id}: origin: self-registered → operator");
        (await browser.GetAsync($"{Paths.AdminClient}?id={app.Id}")).Page.QuerySelector("[name=access_token_seconds]").Should().NotBeNull();
        (await browser.GetAsync($"{Paths.AdminClientVouch}?id=nobody")).Should().BeAPage(404);
    }

    [Test, Behaviour(25)]
    public async Task The_audit_log_is_downloaded_whole_and_no_cell_is_a_formula()
    {
        var (olivia, browser) = await OliviaAsync();
        var client = $"many-{Guid.NewGuid():N}";
        await Server.ExecuteAsync(
            "insert into audit_events (at, request_id, event, outcome, client_id, got, detail) "
            + "select @now::timestamptz - n * interval '1 second', 'many-' || n, 'token', 'refused', @client, "
            + "'=HYPERLINK(\"x\")', 'a, \"b\"' || chr(10) || 'c' from generate_series(1, 2500) n",
            new { client, now = Server.Clock.GetUtcNow().UtcDateTime });
        // As one act that ends thousands of grants writes them: all of one moment.
        await Server.ExecuteAsync(
            "insert into audit_events (at, request_id, event, outcome, client_id) "
            + "select @now::timestamptz - interval '1 day', 'at-once-' || n, 'edit', 'ok', @client from generate_series(1, 3000) n",
            new { client, now = Server.Clock.GetUtcNow().UtcDateTime });

        var list = await browser.GetAsync($"{Paths.AdminAudit}?client={client}");
        var csv = await SendAsync(browser, list, Paths.AdminAuditExport, ("format", "csv"));
        var json = await SendAsync(browser, list, Paths.AdminAuditExport, ("format", "json"));

        csv.ContentHeaders.ContentDisposition!.FileName.Should().EndWith(".csv");
        csv.Body.Should().StartWith("at,request_id,event,").And.Contain("many-1,").And.Contain("many-2500,")
            .And.Contain("\"'=HYPERLINK(\"\"x\"\")\",\"a, \"\"b\"\"\nc\"\r\n").And.NotContain(",=HYPERLINK");
        JsonDocument.Parse(json.Body).RootElement.EnumerateArray().Select(row => row.GetProperty("request_id").GetString()).Should()
            .StartWith(Enumerable.Range(1, 2500).Select(n => $"many-{n}")).And.HaveCount(5500).And.OnlyHaveUniqueItems();
        (await Server.QueryAsync<string>("select actor || ' ' || detail from audit_events where request_id = @id and event = 'export'",
            new { id = csv.RequestId })).Should().Equal($"admin:{olivia.Username} audit log as CSV, narrowed by client");
        (await browser.GetAsync($"{Paths.AdminAuditExport}?format=csv")).Status.Should().Be(404);
        await Server.ExecuteAsync(
            "update sessions set authenticated_at = authenticated_at - interval '16 minutes' where subject = @Subject", olivia);
        (await SendAsync(browser, list, Paths.AdminAuditExport, ("format", "csv"))).Body.Should()
            .Contain("Confirm that it is you");
    }
}
