using System.Text.RegularExpressions;
using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Pages.Admin;

/// <summary>The lists of clients: by kind, with what an administrator looks for.</summary>
public sealed class ClientListTest : ServerFixture
{
    [Test]
    public async Task Each_kind_has_its_list_with_origin_state_and_last_use()
    {
        var olivia = await Server.OliviaAsync();
        var (machine, app, api) = (await Server.MachineAsync(), await Server.PublicClientAsync(), await Server.ResourceServerAsync());
        var stranger = await Server.PublicClientAsync(origin: "self-registered", resource: null);
        await Server.ExecuteAsync("insert into clients (client_id, kind, name, origin) values ('https://apps.example/a''b', 'user-facing', 'Doc', 'document')");
        await Server.ExecuteAsync("update clients set last_used_at = '2026-09-12T10:11:00Z', enabled = false where client_id = @Id", new { machine.Id });

        var (machines, apps, apis) = (await BodyAsync(Paths.AdminMachines), await BodyAsync(Paths.AdminApps), await BodyAsync(Paths.AdminResourceServers));

        machines.Should().Contain(machine.Id).And.NotContain(app.Id).And.NotContain(api.Id);
        Row(machines, machine.Id).Should().Contain("Disabled").And.Contain("12 Sep 2026").And.Contain("Registered by the operator");
        Row(apps, app.Id).Should().Contain("Enabled").And.Contain("Never").And.NotContain("No secret");
        Row(apps, stranger.Id).Should().Contain("Registered itself on");
        Row(apps, "https://apps.example/a&#x27;b").Should().Contain("Published by <bdi>apps.example</bdi>").And.Contain("?id=https%3A%2F%2Fapps.example%2Fa%27b\"");
        apis.Should().Contain(api.Id).And.NotContain(machine.Id);

        async Task<string> BodyAsync(string path) => (await olivia.GetAsync(path)).Body;
    }

    [TestCase("now() - interval '1 hour'", "Secret expired"), TestCase("now() + interval '29 days'", "Secret expires on"), TestCase("now() + interval '31 days'", null), TestCase("null", null)]
    public async Task A_secret_that_expires_is_told_before_it_does(string expires, string? told)
    {
        var (olivia, machine) = (await Server.OliviaAsync(), await Server.MachineAsync());
        await Server.ExecuteAsync($"update client_secrets set expires_at = {expires} where client_id = @Id", new { machine.Id });

        var row = Row((await olivia.GetAsync($"{Paths.AdminMachines}?q={machine.Id}")).Body, machine.Id);
        await Server.ExecuteAsync("insert into client_secrets (client_id, hash) values (@Id, @hash)", new { machine.Id, hash = Cast.SecretHashed });
        var replaced = Row((await olivia.GetAsync($"{Paths.AdminMachines}?q={machine.Id}")).Body, machine.Id);
        await Server.ExecuteAsync("update client_secrets set revoked_at = now() where client_id = @Id", new { machine.Id });
        var none = Row((await olivia.GetAsync($"{Paths.AdminMachines}?q={machine.Id}")).Body, machine.Id);

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
        (await FoundAsync("_________________")).Should().Contain("Nothing fits.");
        (await FoundAsync("' or true --")).Should().Contain("Nothing fits.");

        async Task<string> FoundAsync(string text) => (await olivia.GetAsync($"{Paths.AdminMachines}?q={Uri.EscapeDataString(text)}")).Body;
    }

    [Test]
    public async Task Fifty_stand_on_a_page_and_the_next_goes_on_from_there()
    {
        var (olivia, seen) = (await Server.OliviaAsync(), new List<string>());
        await Server.ExecuteAsync("insert into clients (client_id, kind, name) select 'many-' || lpad(i::text, 3, '0'), 'machine', 'Many & more' from generate_series(1, 120) i");

        var pages = new List<int>();
        for (string? next = $"{Paths.AdminMachines}?q={Uri.EscapeDataString("Many & more")}"; next is not null && pages.Count < 9;)
        {
            var page = await olivia.GetAsync(next);
            page.Should().BeAPage(200);
            var ids = Regex.Matches(page.Body, "<code>(many-[0-9]+)</code>").Select(match => match.Groups[1].Value).ToList();
            pages.Add(ids.Count);
            seen.AddRange(ids);
            next = Regex.Match(page.Body, "rel=\"next\" href=\"([^\"]+)\"") is { Success: true } link ? System.Net.WebUtility.HtmlDecode(link.Groups[1].Value) : null;
        }

        pages.Should().Equal(50, 50, 20);
        seen.Should().Equal(Enumerable.Range(1, 120).Select(i => $"many-{i:000}"));
    }

    private static string Row(string body, string id) =>
        Regex.Matches(body, "<tr>.*?</tr>", RegexOptions.Singleline).Select(match => match.Value).Single(row => row.Contains($"<code>{id}</code>"));
}
