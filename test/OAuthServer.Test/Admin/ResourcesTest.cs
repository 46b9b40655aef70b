using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Stores.Resources;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Admin;

/// <summary>Resources and scopes, with the words people read.</summary>
public sealed class ResourcesTest : AdminFixture
{
    private static string Open(string uri) => $"{Paths.AdminResource}?uri={Uri.EscapeDataString(uri)}";

    private static string Scope(string name) => $"{Paths.AdminScope}?name={Uri.EscapeDataString(name)}";

    [Test, Behaviour(34)]
    public async Task Words_written_here_are_what_people_read_on_the_consent_page()
    {
        var (olivia, browser) = await OliviaAsync();
        var (uri, name) = ($"https://{Guid.NewGuid():N}.example/", $"paint:{Guid.NewGuid():N}");

        var added = await ChangeAsync(browser, Paths.AdminResource, Paths.AdminResource, ("uri", uri), ("name", "Canvas"),
            ("words-ar", "لوحة"));
        added.Status.Should().Be(303, added.Body);
        var scope = await ChangeAsync(browser, Paths.AdminScope, Paths.AdminScope, ("name", name), ("belongs_to", uri), ("access", "write"),
            ("open", "yes"), ("words-en", "Paint for you"), ("words-ar", "الرسم نيابة عنك"));
        scope.Status.Should().Be(303, scope.Body);

        (await ActsAsync(added)).Should()
            .BeEquivalentTo($"admin:{olivia.Username} insert resources {uri}: enabled: true; name: Canvas",
                $"admin:{olivia.Username} insert resource_texts {uri} ar: name: \"لوحة\"");
        (await ActsAsync(scope)).Should().HaveCount(3).And.Contain($"admin:{olivia.Username} insert scopes {name}: access: write; "
            + $"identity: false; open: true; optional: true; resource: {uri}; sensitive: false");
        await Server.HearsAsync(heard => heard.TextOf(name, "ar") is "الرسم نيابة عنك"
            && heard.NameOf(uri, "ar") == "لوحة");
        var client = await Server.PublicClientAsync(scopes: $"{name} notes:read");
        await Server.ExecuteAsync("update clients set resources = @resources where client_id = @Id",
            new { resources = new[] { uri }, client.Id });
        foreach (var (locale, words, called) in new[] { ("en", "Paint for you", "Canvas"),
            ("ar", "الرسم نيابة عنك", "لوحة") })
        {
            var consent = await Server.NewBrowser()
                .ReachConsentAsync(client.AuthorizeQuery(TestClient.NewVerifier(), ("scope", name), ("resource", uri),
                ("ui_locales", locale)), await Server.UserAsync());
            consent.Reply.Body.Should().Contain(words).And.Contain(called);
        }

        var list = await browser.GetAsync(Paths.AdminResources);
        list.Should().BeAPage(200);
        list.Body.Should().Contain("Canvas").And.Contain(uri).And.Contain("Paint for you").And.Contain("الرسم نيابة عنك");
    }

    [Test]
    public async Task An_error_stands_beside_its_field_and_everything_typed_stays()
    {
        var (_, browser) = await OliviaAsync();

        var uri = await ChangeAsync(browser, Paths.AdminResource, Paths.AdminResource, ("uri", "not a uri"), ("name", "Mine <b>"));
        var taken = await ChangeAsync(browser, Paths.AdminResource, Paths.AdminResource, ("uri", Cast.Notes), ("name", "Mine"));
        var name = await ChangeAsync(browser, Paths.AdminScope, Paths.AdminScope, ("name", "two words"), ("access", "read"),
            ("words-en", "Typed already"));
        var nowhere = await ChangeAsync(browser, Paths.AdminScope, Paths.AdminScope, ("name", "some:scope"), ("access", "read"),
            ("belongs_to", "https://nowhere.example/"));

        uri.Should().BeAPage(400);
        uri.Body.Should().Contain("id=\"uri-problem\">This is no URI of a resource.").And.Contain("value=\"Mine &lt;b&gt;\"")
            .And.Contain("value=\"not a uri\"");
        taken.Body.Should().Contain("id=\"uri-problem\">There is already a resource with this URI.");
        name.Should().BeAPage(400);
        name.Body.Should().Contain("id=\"name-problem\">This is no name of a scope.").And.Contain("value=\"Typed already\"");
        nowhere.Should().BeAPage(400);
        nowhere.Body.Should().Contain("id=\"belongs_to-problem\">The resource of this scope does not exist");
    }

    [Test]
    public async Task Every_refused_field_is_marked_at_once()
    {
        var (_, browser) = await OliviaAsync();

        var resource = await ChangeAsync(browser, Paths.AdminResource, Paths.AdminResource, ("uri", "not a uri"), ("name", ""),
            ("words-ar", "لوحة"));
        var scope = await ChangeAsync(browser, Paths.AdminScope, Paths.AdminScope, ("name", "two words"), ("access", "all"),
            ("belongs_to", "https://nowhere.example/"));

        Marked(resource).Should().Equal("uri", "name");
        Marked(scope).Should().Equal("name", "belongs_to", "access");
        resource.Body.Should().Contain("value=\"لوحة\"");
        (await Server.ScalarAsync<int>("select count(*)::int from (select uri from resources union select name from scopes) as known "
            + "where uri like '%to-be-judged%'")).Should().Be(0);

        static IEnumerable<string> Marked(Reply reply) => reply.Page.QuerySelectorAll("li > a[href^='#']")
            .Select(link => link.GetAttribute("href")![1..]);
    }

    [Test]
    public async Task Fifty_resources_stand_on_a_page_and_scopes_of_none_on_the_last()
    {
        var (_, browser) = await OliviaAsync();
        await Server.ExecuteAsync("insert into resources (uri, name) select 'https://many-' || lpad(i::text, 3, '0') || '.example/', 'One "
            + "of many' from generate_series(1, 60) i");

        var first = await browser.GetAsync(Paths.AdminResources);
        var last = await browser.GetAsync($"{Paths.AdminResources}?page=2");
        var beyond = await browser.GetAsync($"{Paths.AdminResources}?page=99");

        first.Page.QuerySelectorAll("h2").Should().HaveCount(50);
        first.Body.Should().Contain("rel=\"next\" href=\"/admin/resources?page=2\"").And.NotContain("rel=\"prev\"")
            .And.NotContain("Not tied to a resource").And.MatchRegex("Resources: 6[0-9]");
        last.Body.Should().Contain("rel=\"prev\" href=\"/admin/resources?page=1\"").And.NotContain("rel=\"next\"")
            .And.Contain("Not tied to a resource");
        Browser.Form.On(last.Body, null, null).Should().BeNull("it changes nothing");
        beyond.Body.Should().Contain("rel=\"prev\"");
        await Server.ExecuteAsync("delete from resources where uri like 'https://many-%'");
    }

    [Test]
    public async Task Of_two_administrators_with_one_resource_open_the_second_is_told_and_loses_nothing()
    {
        var ((_, first), (_, second)) = (await OliviaAsync(), await OliviaAsync());
        var uri = await ResourceAsync();
        var (open, late) = (await first.GetAsync(Open(uri)), await second.GetAsync(Open(uri)));

        (await SendAsync(first, open, Paths.AdminResource, ("name", "By the first"), ("words-ar", "الأولى"))).Status.Should().Be(303);
        var told = await SendAsync(second, late, Paths.AdminResource, ("name", "By the second"));

        told.Should().BeAPage(409);
        told.Body.Should().Contain("Someone else changed this").And.Contain("By the first").And.Contain("الأولى")
            .And.Contain("value=\"By the second\"");
        (await Server.ScalarAsync<string>("select name from resources where uri = @uri", new { uri })).Should().Be("By the first");
        (await SendAsync(second, told, Paths.AdminResource)).Status.Should().Be(303, "she has seen what stands, and replaces it knowingly");
        (await Server.ScalarAsync<string>("select name from resources where uri = @uri", new { uri })).Should().Be("By the second");
    }

    [Test]
    public async Task Of_two_administrators_with_one_scope_open_the_second_is_told_even_when_only_its_words_changed()
    {
        var ((_, first), (_, second)) = (await OliviaAsync(), await OliviaAsync());
        var name = await ScopeAsync();
        var (open, late) = (await first.GetAsync(Scope(name)), await second.GetAsync(Scope(name)));

        (await SendAsync(first, open, Paths.AdminScope, ("belongs_to", Cast.Notes), ("access", "read"),
            ("words-en", "By the first"))).Status.Should().Be(303);
        var told = await SendAsync(second, late, Paths.AdminScope, ("belongs_to", Cast.Notes), ("access", "write"),
            ("words-en", "By the second"));

        told.Should().BeAPage(409);
        told.Body.Should().Contain("By the first").And.Contain("value=\"By the second\"");
        (await Server.ScalarAsync<string>("select access || text from scopes join scope_texts on scope = name and locale = 'en' "
            + "where name = @name", new { name })).Should().Be("readBy the first");
    }

    [Test]
    public async Task Of_those_who_save_words_at_the_same_moment_all_but_one_are_told()
    {
        var uri = await ResourceAsync();
        var pages = await Task.WhenAll(Enumerable.Range(0, 4).Select(async _ =>
        {
            var (_, browser) = await OliviaAsync();
            return (browser, page: await browser.GetAsync(Open(uri)));
        }));

        var replies = await Task.WhenAll(pages.Select((one, index) =>
            SendAsync(one.browser, one.page, Paths.AdminResource, ("words-ar", $"By number {index}"))));

        replies.Select(reply => reply.Status).Order().Should().Equal(303, 409, 409, 409);
    }

    [Test]
    public async Task Disabling_a_resource_says_first_what_it_reaches_and_the_same_in_SQL()
    {
        var (olivia, browser) = await OliviaAsync();
        var uri = await ResourceAsync();
        var client = await Server.PublicClientAsync();
        await Server.ExecuteAsync("update clients set resources = @resources, default_resource = @uri where client_id = @Id",
            new { resources = new[] { uri }, uri, client.Id });
        await Server.GrantAsync(client, await Server.UserAsync(), resources: [uri]);
        var path = $"{Paths.AdminResourceState}?uri={Uri.EscapeDataString(uri)}";

        var asked = await browser.GetAsync(path);
        asked.Should().BeAPage(200);
        asked.Body.Should().Contain("Live grants: <strong>1</strong>").And.Contain("Clients that use it: <strong>1</strong>")
            .And.Contain(client.Id)
            .And.Contain($"<pre>update resources set enabled = false where uri = &#x27;{uri}&#x27;;</pre>");
        (await Server.ScalarAsync<bool>("select enabled from resources where uri = @uri", new { uri })).Should()
            .BeTrue("a page that was opened changes nothing");

        var done = await SendAsync(browser, asked, Paths.AdminResourceState);
        done.Status.Should().Be(303);
        (await ActsAsync(done)).Should().Equal($"admin:{olivia.Username} update resources {uri}: enabled: true → false");
        (await Server.ScalarAsync<bool>("select enabled from resources where uri = @uri", new { uri })).Should().BeFalse();
        (await browser.GetAsync(path)).Status.Should().Be(404, "it is disabled already");

        (await ChangeAsync(browser, Open(uri), Paths.AdminResourceState)).Status.Should().Be(303);
        (await Server.ScalarAsync<bool>("select enabled from resources where uri = @uri", new { uri })).Should().BeTrue();
    }

    [Test]
    public async Task Deleting_a_scope_takes_it_from_clients_and_from_the_next_token()
    {
        var (olivia, browser) = await OliviaAsync();
        var name = await ScopeAsync();
        var client = await Server.PublicClientAsync(scopes: $"notes:read {name} offline_access");
        var tokens = await Server.TokensAsync(client, await Server.UserAsync(), $"notes:read {name}");

        var asked = await browser.GetAsync($"{Paths.AdminScopeDelete}?name={Uri.EscapeDataString(name)}");
        asked.Should().BeAPage(200);
        asked.Body.Should().Contain("Live grants: <strong>1</strong>").And.Contain("Clients that use it: <strong>1</strong>")
            .And.Contain(client.Id).And.Contain("delete from scopes where name = &#x27;");
        var done = await SendAsync(browser, asked, Paths.AdminScopeDelete);

        done.Status.Should().Be(303, done.Body);
        (await ActsAsync(done)).Should().Contain(act => act.StartsWith($"admin:{olivia.Username} delete scopes {name}: "))
            .And.Contain(act => act.StartsWith($"admin:{olivia.Username} update clients"));
        (await Server.ScalarAsync<bool>("select @name = any (scopes) from clients where client_id = @Id", new { name, client.Id })).Should()
            .BeFalse();
        await Server.HearsAsync(heard => heard.Scopes.All(scope => scope.Name != name));
        (await browser.GetAsync(Scope(name))).Status.Should().Be(404);
        var next = await client.RefreshAsync(tokens.RefreshToken!);
        next.Json.GetProperty("scope").GetString().Should().NotContain(name);
    }

    [Test]
    public async Task A_scope_somebody_edited_is_not_deleted_unseen()
    {
        var (_, browser) = await OliviaAsync();
        var name = await ScopeAsync();
        var asked = await browser.GetAsync($"{Paths.AdminScopeDelete}?name={Uri.EscapeDataString(name)}");
        await Server.ExecuteAsync("update scopes set sensitive = true where name = @name", new { name });

        var told = await SendAsync(browser, asked, Paths.AdminScopeDelete);

        told.Should().BeAPage(409);
        told.Body.Should().Contain("Someone else changed this");
        (await Server.ScalarAsync<int>("select count(*)::int from scopes where name = @name", new { name })).Should().Be(1);
        (await SendAsync(browser, told, Paths.AdminScopeDelete)).Status.Should().Be(303);
    }

    [Test]
    public async Task A_deleted_scope_or_resource_leaves_every_client_whoever_deletes_it()
    {
        var (name, uri, renamed) = (await ScopeAsync(), $"https://gone-{Guid.NewGuid():N}.example/", await ScopeAsync());
        var client = await Server.MachineAsync(scopes: $"notes:read {name} {renamed}");
        await Server.ExecuteAsync("insert into resources (uri, name) values (@uri, 'Gone'); update clients set resources = array[@uri] "
            + "where client_id = @Id", new { uri, client.Id });

        await Server.ExecuteAsync("delete from scopes where name = @name; delete from resources where uri = @uri; update scopes "
            + "set name = name || ':new' where name = @renamed", new { name, uri, renamed });

        (await Server.QueryAsync<string>("select array_to_string(scopes || resources, ' ') from clients where client_id = @Id", client))
            .Should().Equal($"notes:read {renamed}:new");
        await Server.ExecuteAsync("update clients set enabled = false where client_id = @Id", client);
    }

    [Test]
    public async Task A_scope_is_not_deleted_when_a_client_would_get_more_without_it()
    {
        var (_, browser) = await OliviaAsync();
        var name = await ScopeAsync();
        await Server.MachineAsync(scopes: $"notes:read {name}", defaultScopes: name);

        var told = await ChangeAsync(browser, $"{Paths.AdminScopeDelete}?name={Uri.EscapeDataString(name)}", Paths.AdminScopeDelete);

        told.Should().BeAPage(409);
        told.Body.Should().Contain("A client would be left without a default scope");
        (await Server.ScalarAsync<int>("select count(*)::int from scopes where name = @name", new { name })).Should().Be(1);
    }

    [Test]
    public async Task A_scope_deleted_while_a_client_is_given_it_leaves_that_client_too()
    {
        var name = await ScopeAsync();
        var client = await Server.MachineAsync();

        var giving =
            Server.ExecuteAsync("begin; update clients set scopes = scopes || @name where client_id = @Id; select pg_sleep(1); commit",
            new { name, client.Id });
        await Server.SleepsAsync();
        await Server.ExecuteAsync("delete from scopes where name = @name", new { name });
        await giving;

        (await Server.ScalarAsync<bool>("select @name = any (scopes) from clients where client_id = @Id", new { name, client.Id })).Should()
            .BeFalse();
    }

    [Test]
    public async Task The_scope_of_refresh_tokens_cannot_be_deleted()
    {
        var (_, browser) = await OliviaAsync();
        (await browser.GetAsync(Scope("offline_access"))).Body.Should().NotContain(Paths.AdminScopeDelete);
        (await browser.GetAsync($"{Paths.AdminScopeDelete}?name=offline_access")).Status.Should().Be(404);

        var asked = await browser.GetAsync($"{Paths.AdminScopeDelete}?name={Uri.EscapeDataString(await ScopeAsync())}");
        var version = await Server.ScalarAsync<string>("select version from (" + ScopeEdits.FindSql + ") as found",
            new { name = "offline_access" });
        (await SendAsync(browser, asked, Paths.AdminScopeDelete, ("name", "offline_access"), ("version", version))).Status.Should().Be(404);

        (await Server.ScalarAsync<int>("select count(*)::int from scopes where name = 'offline_access'")).Should().Be(1);
    }

    private async Task<string> ResourceAsync()
    {
        var uri = $"https://{Guid.NewGuid():N}.example/";
        await Server.ExecuteAsync("insert into resources (uri, name) values (@uri, 'Before')", new { uri });
        await Server.HearsAsync(heard => heard.Find(uri) is not null);
        return uri;
    }

    private async Task<string> ScopeAsync()
    {
        var name = $"scope:{Guid.NewGuid():N}";
        await Server.ExecuteAsync("insert into scopes (name, resource, access) values (@name, @Notes, 'read')", new { name, Cast.Notes });
        await Server.ExecuteAsync("insert into scope_texts (scope, locale, text) values (@name, 'en', 'Before')", new { name });
        await Server.HearsAsync(heard => heard.TextOf(name, "en") == "Before");
        return name;
    }
}
