using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Admin;

/// <summary>The lists of clients: by kind, with what an administrator looks for.</summary>
public sealed class ClientListTest : ServerFixture
{
    [Test]
    public async Task Each_kind_has_its_list_with_origin_state_and_last_use()
    {
        var olivia = await Server.OliviaAsync();
        var (machine, app, api) = (await Server.MachineAsync(), await Server.PublicClientAsync(), await Server.ResourceServerAsync());
        var stranger = await Server.PublicClientAsync(origin: "self-registered", resource: null);
        await Server.ExecuteAsync("insert into clients (client_id, kind, name, origin) "
            + "values ('https://apps.example/a''b', 'user-facing', 'Doc', 'document')");
        await Server.ExecuteAsync("update clients set last_used_at = '2026-09-12T10:11:00Z', enabled = false where client_id = @Id",
            new { machine.Id });

        var (machines, apps, apis) = (await olivia.GetAsync(Paths.AdminMachines), await olivia.GetAsync(Paths.AdminApps),
            await olivia.GetAsync(Paths.AdminResourceServers));

        machines.Body.Should().Contain(machine.Id).And.NotContain(app.Id).And.NotContain(api.Id);
        Row(machines, machine.Id).Should().Contain("Disabled").And.Contain("12 Sep 2026").And.Contain("Registered by the operator");
        Row(apps, app.Id).Should().Contain("Enabled").And.Contain("Never").And.NotContain("No secret");
        Row(apps, stranger.Id).Should().Contain("Self-registered on");
        Row(apps, "https://apps.example/a'b").Should().Contain("Published by <bdi>apps.example</bdi>")
            .And.Contain("?id=https%3A%2F%2Fapps.example%2Fa%27b\"");
        apis.Body.Should().Contain(api.Id).And.NotContain(machine.Id);
    }

    [TestCase("now() - interval '1 hour'", "Secret expired"), TestCase("now() + interval '29 days'", "Secret expires on"),
        TestCase("now() + interval '31 days'", null), TestCase("null", null)]
    public async Task A_secret_that_expires_is_told_before_it_does(string expires, string? told)
    {
        var (olivia, machine) = (await Server.OliviaAsync(), await Server.MachineAsync());
        await Server.ExecuteAsync($"update client_secrets set expires_at = {expires} where client_id = @Id", new { machine.Id });

        var row = Row(await olivia.GetAsync($"{Paths.AdminMachines}?q={machine.Id}"), machine.Id);
        await Server.ExecuteAsync("insert into client_secrets (client_id, hash) values (@Id, @hash)",
            new { machine.Id, hash = Cast.SecretHashed });
        var replaced = Row(await olivia.GetAsync($"{Paths.AdminMachines}?q={machine.Id}"), machine.Id);
        await Server.ExecuteAsync("update client_secrets set revoked_at = now() where client_id = @Id", new { machine.Id });
        var none = Row(await olivia.GetAsync($"{Paths.AdminMachines}?q={machine.Id}"), machine.Id);

        if (told is null) row.Should().NotContain("Secret expire");
        else row.Should().Contain(told);
        replaced.Should().NotContain("Secret expire", "another one works on");
        none.Should().Contain("No secret");
    }

    [Test]
    public async Task A_search_looks_in_names_and_ids_and_takes_no_pattern()
    {
        var (olivia, machine, other) = (await Server.OliviaAsync(), await Server.MachineAsync(), await Server.MachineAsync());
        await Server.ExecuteAsync("update clients set name = 'Größe 100% der <Welt>' where client_id = @Id", new { machine.Id });

        (await FoundAsync("größe 100%")).Should().Contain(machine.Id).And.NotContain(other.Id).And.Contain("value=\"größe 100%\"");
        (await FoundAsync(machine.Id.ToUpperInvariant())).Should().Contain(machine.Id).And.NotContain(other.Id);
        (await FoundAsync("%")).Should().NotContain(other.Id);
        (await FoundAsync("_________________")).Should().Contain("No results");
        (await FoundAsync("' or true --")).Should().Contain("No results");

        async Task<string> FoundAsync(string text) => (await olivia.GetAsync($"{Paths.AdminMachines}?q={Uri.EscapeDataString(text)}")).Body;
    }

    [Test]
    public async Task Fifty_stand_on_a_page_and_the_next_goes_on_from_there()
    {
        var (olivia, seen) = (await Server.OliviaAsync(), new List<string>());
        await Server.ExecuteAsync("insert into clients (client_id, kind, name) "
            + "select 'many-' || lpad(i::text, 3, '0'), 'machine', 'Many & more' from generate_series(1, 120) i");

        var pages = new List<int>();
        for (string? next = $"{Paths.AdminMachines}?q={Uri.EscapeDataString("Many & more")}"; next is not null && pages.Count < 9;)
        {
            var page = await olivia.GetAsync(next);
            page.Should().BeAPage(200);
            var ids = page.Page.QuerySelectorAll("code").Select(id => id.TextContent)
                .Where(id => id.StartsWith("many-", StringComparison.Ordinal)).ToList();
            pages.Add(ids.Count);
            seen.AddRange(ids);
            next = page.Page.QuerySelector("[rel=next]")?.GetAttribute("href");
        }

        pages.Should().Equal(50, 50, 20);
        seen.Should().Equal(Enumerable.Range(1, 120).Select(i => $"many-{i:000}"));
    }

    [Test]
    public async Task Pages_lead_back_the_way_they_came_with_the_total_and_the_filters()
    {
        var olivia = await Server.OliviaAsync();
        await Server.ExecuteAsync("insert into clients (client_id, kind, name, enabled) "
            + "select 'back-' || lpad(i::text, 3, '0'), 'machine', 'Back & forth', false from generate_series(1, 120) i");

        var (seen, shown) = (new List<string>(), new List<string>());
        var page = await olivia.GetAsync($"{Paths.AdminMachines}?q={Uri.EscapeDataString("Back & forth")}&state=disabled");
        page.Body.Should().NotContain("rel=\"prev\"");
        for (var next = Link(page, "next"); next is not null; next = Link(page, "next")) page = await olivia.GetAsync(next);
        for (string? here = "the last page"; here is not null;)
        {
            page.Body.Should().Contain("Total: 120").And.Contain("value=\"Back &amp; forth\"");
            shown.Add($"{Ids(page).Count}");
            seen.InsertRange(0, Ids(page));
            here = Link(page, "prev");
            here?.Should().Contain("state=disabled");
            if (here is not null) page = await olivia.GetAsync(here);
        }

        shown.Should().Equal("20", "50", "50");
        seen.Should().Equal(Enumerable.Range(1, 120).Select(i => $"back-{i:000}"));
        (await olivia.GetAsync($"{Paths.AdminMachines}?q=back-&after=zzz")).Body.Should().Contain("No results")
            .And.Contain("rel=\"prev\"", "a page beyond the end leads back");

        static List<string> Ids(Reply page) =>
            [.. page.Page.QuerySelectorAll("code").Select(id => id.TextContent)
            .Where(id => id.StartsWith("back-", StringComparison.Ordinal))];

        static string? Link(Reply page, string rel) => page.Page.QuerySelector($"[rel={rel}]")?.GetAttribute("href");
    }

    [Test]
    public async Task A_list_is_narrowed_by_origin_and_state()
    {
        var (olivia, own, off) = (await Server.OliviaAsync(), await Server.PublicClientAsync(), await Server.PublicClientAsync());
        var registered = await Server.PublicClientAsync(origin: "self-registered", resource: null);
        await Server.ExecuteAsync("update clients set enabled = false where client_id = @Id", new { off.Id });

        (await BodyAsync("origin=self-registered")).Should().Contain(registered.Id).And.NotContain(own.Id).And.NotContain(off.Id);
        (await BodyAsync("origin=operator&state=disabled")).Should().Contain(off.Id).And.NotContain(own.Id).And.NotContain(registered.Id);
        (await BodyAsync("state=enabled")).Should().Contain(own.Id).And.Contain(registered.Id).And.NotContain(off.Id);
        (await BodyAsync("origin=nowhere")).Should().Contain("No results").And.Contain("Show all");

        async Task<string> BodyAsync(string query) => (await olivia.GetAsync($"{Paths.AdminApps}?{query}")).Body;
    }

    [Test]
    public async Task A_heading_has_what_adds_to_its_list_beside_it()
    {
        var olivia = await Server.OliviaAsync();
        await Server.MachineAsync();
        await Server.PublicClientAsync();

        foreach (var (list, add) in new[] { (Paths.AdminMachines, Paths.AdminClientNew), (Paths.AdminApps, Paths.AdminClientNew),
            (Paths.AdminUsers, Paths.AdminUsersAdd), (Paths.AdminResources, Paths.AdminResource),
            (Paths.AdminKeys, Paths.AdminKeysRotate) })
            (await olivia.GetAsync(list)).Body.Should()
                .MatchRegex($"(?s)<div class=\"heading\"><h1>[^<]+</h1>((?!</div>).)*(href|action)=\"{add}")
                .And.Contain(list == Paths.AdminResources ? "Resources: " : "Total: ");
    }

    private static string Row(Reply page, string id) =>
        page.Page.QuerySelectorAll("tr").Single(row => row.QuerySelectorAll("code").Any(code => code.TextContent == id)).OuterHtml;
}
