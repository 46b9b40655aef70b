using System.Text.RegularExpressions;
using AngleSharp.Dom;
using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Stores.Audit;
using OAuthServer.Stores.Clients;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Admin;

/// <summary>A client's settings: saved with one statement, refused beside the field, never put over what somebody else saved
/// unseen.</summary>
[Behaviour(7, 26)]
public sealed class ClientSettingsTest : ServerFixture
{
    [Test]
    public async Task An_edit_takes_effect_within_moments_and_is_audited_with_its_author()
    {
        var (olivia, person) = await Server.SignedInAsync("olivia", "admin");
        var app = await Server.ConfidentialClientAsync();
        var page = await olivia.FollowAsync(ClientPages.Of(app.Id));

        var saved = await olivia.SubmitToAsync(Paths.AdminClient, page, ("name", " New name "),
            ("redirect_uris", $"{Cast.Redirect}\r\nhttp://127.0.0.1/cb\r\n\r\n{Cast.Redirect}"), ("scope notes:write", null),
            ("scope read_sensors", "yes"), ("default notes:read", "yes"), ("resource " + Cast.Notes, null),
            ("resource " + Cast.Sensors, "yes"), ("default_resource", ""), ("access_token_seconds", "60"),
            ("refresh_token_seconds", "1000"), ("refresh_idle_seconds", "100"), ("auth_method", "client_secret_post"), ("note", "A note"));

        saved.Status.Should().Be(303, saved.ToString());
        (await olivia.FollowAsync(saved, "")).Reply.Body.Should().Contain("Saved. The change is in effect.");
        var row = (await Server.Get<ClientEdits>().FindAsync(app.Id, default))!;
        row.Should().BeEquivalentTo(new
        {
            Name = "New name",
            RedirectUris = new[] { Cast.Redirect, "http://127.0.0.1/cb" },
            Scopes = new[] { "notes:read", "offline_access", "read_sensors" },
            DefaultScopes = new[] { "notes:read" },
            Resources = new[] { Cast.Sensors },
            DefaultResource = (string?)null,
            AccessTokenSeconds = 60,
            RefreshTokenSeconds = 1000,
            RefreshIdleSeconds = 100,
            AuthMethod = "client_secret_post",
            Note = "A note",
            Enabled = true,
        });
        var edit = (await Server.QueryAsync<AuditRow>("select * from audit_events where request_id = @id and event = 'edit'",
            new { id = saved.RequestId })).Single();
        (edit.Actor, edit.ClientId, edit.Address).Should().Be(($"admin:{person.Username}", app.Id, "127.0.0.1"));
        edit.Detail.Should().Contain("access_token_seconds").And.Contain("redirect_uris");
    }

    [Test]
    public async Task Only_who_is_away_at_times_is_offered_to_stay_connected()
    {
        var (olivia, app, machine, odd) = (await Server.OliviaAsync(), await Server.PublicClientAsync(), await Server.MachineAsync(),
            await Server.MachineAsync());
        await Server.ExecuteAsync("update clients set scopes = scopes || '{offline_access}' where client_id = @Id", new { odd.Id });

        (await olivia.GetAsync(ClientPages.Of(app.Id))).Body.Should().Contain("name=\"scope offline_access\"")
            .And.Contain("every scope marked Open").And.Contain("<span class=\"mark\">Open</span>");
        (await olivia.GetAsync(ClientPages.Of(odd.Id))).Body.Should()
            .Contain("name=\"scope offline_access\"", "it has it, and can be rid of it");
        foreach (var path in new[] { ClientPages.Of(machine.Id), Paths.AdminClientNew + "?kind=machine" })
            (await olivia.GetAsync(path)).Body.Should().Contain("name=\"scope notes:read\"").And.NotContain("name=\"scope offline_access\"")
                .And.NotContain("<span class=\"mark\">Open</span>");
    }

    [Test]
    public async Task A_machine_gets_tokens_by_its_new_settings()
    {
        var (olivia, machine) = (await Server.OliviaAsync(), await Server.MachineAsync());
        (await machine.CredentialsAsync()).Should().HaveIssuedTokens("notes:read");

        await olivia.SubmitToAsync(Paths.AdminClient, await olivia.FollowAsync(ClientPages.Of(machine.Id)), ("scope notes:write", "yes"),
            ("default notes:read", null), ("default notes:write", "yes"), ("access_token_seconds", "30"));

        await Eventually.BecomesTrueAsync(async () => (await machine.CredentialsAsync()).Json is var json && json.GetProperty("expires_in")
            .GetInt32() == 30 && json.GetProperty("scope").GetString() == "notes:write");
    }

    [TestCase("redirect_uris", "https://*.example/cb", "redirect_uris", "A redirect URI has a wildcard")]
    [TestCase("redirect_uris", "myapp:/cb", "redirect_uris", "A private-use scheme needs a dot")]
    [TestCase("access_token_seconds", "3601", "access_token_seconds", "An access token lives at most an hour")]
    [TestCase("access_token_seconds", "an hour", "access_token_seconds", "Enter a number of seconds.")]
    [TestCase("access_token_seconds", "99999999999", "access_token_seconds", "Enter a number of seconds.")]
    [TestCase("refresh_token_seconds", "0", "refresh_token_seconds", "A refresh token lives at most a year")]
    [TestCase("default read_sensors", "yes", "default_scopes", "A default scope is not among the client")]
    [TestCase("resource https://nowhere.example/", "yes", "resources", "A resource in this row does not exist")]
    [TestCase("default_resource", "https://nowhere.example/", "default_resource", "The default resource of this row does not exist")]
    [TestCase("scope gone", "yes", "scopes", "A scope in this row does not exist")]
    [TestCase("auth_method", "magic", "auth_method", "This authentication method does not exist")]
    [TestCase("name", " ", "name", "Enter a name that people can read.")]
    public async Task A_refused_field_is_explained_beside_it_and_everything_typed_is_kept(string field, string value, string marked,
        string words)
    {
        var (olivia, app) = (await Server.OliviaAsync(), await Server.PublicClientAsync());
        var before = await Server.Get<ClientEdits>().FindAsync(app.Id, default);

        var refused = await olivia.SubmitToAsync(Paths.AdminClient, await olivia.FollowAsync(ClientPages.Of(app.Id)),
            ("note", "typed \"too\""), ("scope notes:delete", null), (field, value));

        refused.Should().BeAPage(400);
        refused.Body.Should().MatchRegex($"id=\"{marked}-problem\">[^<]*{Regex.Escape(words.Replace("'", "&#x27;"))}")
            .And.Contain("Nothing was saved.");
        var invalid = marked is "scopes" or "default_scopes" or "resources" ? "" : " aria-invalid=\"true\"";
        refused.Body.Should().MatchRegex($"id=\"{marked}\"[^>]*aria-describedby=\"[^\"]*{marked}-problem\"{invalid}");
        refused.Text().Should().Contain("value=\"typed \"too\"\"");
        if (value.Length > 1 && value != "yes" && field is not ("auth_method" or "default_resource"))
            refused.Text().Should().Contain(value);
        var form = Browser.Form.To(refused.Body, Paths.AdminClient)!;
        form.Fields.Should().Contain(one => one.Key == "scope notes:read").And.NotContain(one => one.Key == "scope notes:delete");
        (await Server.Get<ClientEdits>().FindAsync(app.Id, default)).Should().BeEquivalentTo(before);
    }

    [Test]
    public async Task Every_refused_setting_is_marked_at_once_with_a_link_from_the_summary()
    {
        var (olivia, app) = (await Server.OliviaAsync(), await Server.PublicClientAsync());
        var before = await Server.Get<ClientEdits>().FindAsync(app.Id, default);
        (string Field, string Label)[] marked =
        [
            ("name", "Name"), ("redirect_uris", "Redirect URIs"), ("auth_method", "Authentication"), ("default_scopes", "Default scopes"),
            ("resources", "Resources"), ("default_resource", "Default resource"),
            ("access_token_seconds", "Access token lifetime (seconds)"), ("refresh_token_seconds", "Grant lifetime (seconds)"),
            ("refresh_idle_seconds", "Unused refresh token lifetime (seconds)"),
        ];

        var refused = await olivia.SubmitToAsync(Paths.AdminClient, await olivia.FollowAsync(ClientPages.Of(app.Id)), ("name", ""),
            ("redirect_uris", "https://*.example/cb"), ("auth_method", "magic"),
            ("default read_sensors", "yes"), ("resource https://nowhere.example/", "yes"), ("default_resource", "https://nowhere.example/"),
            ("access_token_seconds", "3601"), ("refresh_token_seconds", "0"),
            ("refresh_idle_seconds", "31536001"), ("note", "kept"));

        refused.Should().BeAPage(400);
        var document = refused.Page;
        var summary = document.QuerySelector("div.error[role=alert]")!;
        summary.QuerySelectorAll("a").Select(link => (link.GetAttribute("href")![1..], link.TextContent)).Should().Equal(marked);
        foreach (var (field, _) in marked)
            refused.Body.Should().MatchRegex($"id=\"{field}\"[^>]*aria-describedby=\"[^\"]*{field}-problem\"")
                .And.Contain($"id=\"{field}-problem\"");
        summary.CompareDocumentPosition(document.GetElementById("secrets")!).Should()
            .HaveFlag(DocumentPositions.Following, "it stands at the top of the page");
        refused.Body.Should().Contain("value=\"kept\"");
        (await Server.Get<ClientEdits>().FindAsync(app.Id, default)).Should().BeEquivalentTo(before);
        (await Server.ScalarAsync<int>("select count(*)::int from audit_events where request_id = @id and event = 'edit'",
            new { id = refused.RequestId })).Should().Be(0);
    }

    [Test]
    public async Task A_setting_that_depends_on_a_refused_one_is_not_refused_with_it()
    {
        var (olivia, app) = (await Server.OliviaAsync(), await Server.PublicClientAsync());

        var refused = await olivia.SubmitToAsync(Paths.AdminClient, await olivia.FollowAsync(ClientPages.Of(app.Id)), ("scope gone", "yes"),
            ("scope read_sensors", "yes"), ("default read_sensors", "yes"));

        refused.Should().BeAPage(400);
        refused.Body.Should().Contain("id=\"scopes-problem\"").And.NotContain("id=\"default_scopes-problem\"");
        var corrected = await olivia.SubmitToAsync(Paths.AdminClient, new Landing(Paths.AdminClient, refused));
        corrected.Status.Should().Be(303, "the scope that is gone has no checkbox");
        (await Server.Get<ClientEdits>().FindAsync(app.Id, default))!.DefaultScopes.Should().Equal("read_sensors");
    }

    [Test]
    public async Task Secrets_stand_above_the_settings_and_scopes_under_their_resource()
    {
        var (olivia, machine) = (await Server.OliviaAsync(), await Server.MachineAsync());

        var page = await olivia.GetAsync(ClientPages.Of(machine.Id));

        page.Body.IndexOf("id=\"secrets\"", StringComparison.Ordinal).Should().BePositive()
            .And.BeLessThan(page.Body.IndexOf("id=\"settings\"", StringComparison.Ordinal));
        page.Body.Should().MatchRegex("<legend><bdi>[^<]+</bdi></legend><ul>((?!</ul>).)*name=\"scope notes:read\"")
            .And.Contain($"name=\"resource {Cast.Notes}\" value=\"yes\" checked");
    }

    [Test]
    public async Task Of_two_administrators_the_second_is_told_who_changed_what_and_may_save_over_it()
    {
        var ((olivia, oliviaHerself), (oscar, _)) = (await Server.SignedInAsync("olivia", "admin"),
            await Server.SignedInAsync("oscar", "admin"));
        var app = await Server.PublicClientAsync();
        var (hers, his) = (await olivia.FollowAsync(ClientPages.Of(app.Id)), await oscar.FollowAsync(ClientPages.Of(app.Id)));
        (await olivia.SubmitToAsync(Paths.AdminClient, hers, ("name", "Hers: of Olivia"), ("access_token_seconds", "300"))).Status.Should()
            .Be(303);

        var stale = await oscar.SubmitToAsync(Paths.AdminClient, his, ("name", "His <name>"), ("note", "His note"));

        stale.Should().BeAPage(409);
        stale.Body.Should().Contain($"<bdi>admin:{oliviaHerself.Username}</bdi></strong> changed this client on <time")
            .And.Contain("Changed: Access token lifetime (seconds), Name.");
        stale.Body.Should()
            .MatchRegex("<th scope=\"row\">Name</th><td[^>]*><code>Hers: of Olivia</code></td><td[^>]*><code>His &lt;name&gt;</code>");
        stale.Body.Should()
            .MatchRegex("<th scope=\"row\">Access token lifetime \\(seconds\\)</th>"
                + "<td[^>]*><code>300</code></td><td[^>]*><code>600</code>");
        stale.Body.Should().NotContain("<th scope=\"row\">Redirect URIs</th>", "they do not differ");
        (await RowAsync()).Should().Be("Hers: of Olivia 300 ");

        // Somebody uses it meanwhile, which is no change.
        await Server.ExecuteAsync("update clients set last_used_at = now() where client_id = @Id", new { app.Id });
        var saved = await oscar.SubmitToAsync(Paths.AdminClient, new Landing(Paths.AdminClient, stale));

        saved.Status.Should().Be(303, saved.ToString());
        (await RowAsync()).Should().Be("His <name> 600 His note");

        Task<string> RowAsync() =>
            Server.ScalarAsync<string>("select concat_ws(' ', name, access_token_seconds, coalesce(note, '')) from clients "
                + "where client_id = @Id", new { app.Id });
    }

    [Test]
    public async Task A_form_that_was_refused_is_still_of_the_row_it_was_made_from()
    {
        var (olivia, oscar, app) = (await Server.OliviaAsync(), await Server.OliviaAsync(), await Server.PublicClientAsync());
        var his = await oscar.FollowAsync(ClientPages.Of(app.Id));
        await olivia.SubmitToAsync(Paths.AdminClient, await olivia.FollowAsync(ClientPages.Of(app.Id)), ("name", "Hers"));
        var refused = await oscar.SubmitToAsync(Paths.AdminClient, his, ("access_token_seconds", "soon"));
        refused.Should().BeAPage(400);

        var corrected = await oscar.SubmitToAsync(Paths.AdminClient, new Landing(Paths.AdminClient, refused),
            ("access_token_seconds", "60"));

        corrected.Should().BeAPage(409);
        (await Server.ScalarAsync<string>("select name from clients where client_id = @Id", new { app.Id })).Should().Be("Hers");
    }

    [Test]
    public async Task Of_many_who_save_at_once_one_wins_and_the_others_are_told()
    {
        var app = await Server.PublicClientAsync();
        var pages = await Task.WhenAll(Enumerable.Range(0, 6).Select(async i =>
        {
            var browser = await Server.OliviaAsync();
            return (Browser: browser, Page: await browser.FollowAsync(ClientPages.Of(app.Id)), Name: $"Name {i}");
        }));

        var replies = await Task.WhenAll(pages.Select(one => one.Browser.SubmitToAsync(Paths.AdminClient, one.Page, ("name", one.Name))));

        replies.Select(reply => reply.Status).Order().Should().Equal(303, 409, 409, 409, 409, 409);
        (await Server.ScalarAsync<string>("select name from clients where client_id = @Id", new { app.Id })).Should()
            .Be(pages[Array.FindIndex(replies, reply => reply.Status == 303)].Name);
    }

    [Test]
    public async Task A_client_that_no_operator_made_is_shown_and_not_edited()
    {
        var olivia = await Server.OliviaAsync();
        var stranger = await Server.PublicClientAsync(origin: "self-registered", resource: null);
        await Server.ExecuteAsync("""
            insert into registrations (client_id, token_hash, scope, client_uri, tos_uri, issued_at, seen_at)
            values (@Id, sha256(@Id::bytea), '{notes:read}', 'https://home.example/<x>', 'https://home.example/terms', now(), now())
            """, new { stranger.Id });
        var document = $"https://{Guid.NewGuid():N}.example/a\"b'c<d>\\";
        await Server.ExecuteAsync("""
            insert into clients
                (client_id, kind, name, origin, redirect_uris, resources, default_resource, refresh_token_seconds, refresh_idle_seconds)
            values (@document, 'user-facing', 'Doc', 'document', '{https://app.example/cb}', array[@Notes, @Sensors], @Notes, 172800, 7200);
            insert into client_documents (client_id, fetched_at, fresh_until, body_hash, trust_hash)
            values (@document, '2026-09-12T10:11:00Z', now(), '', '');
            """, new { document, Cast.Notes, Cast.Sensors });

        var (registered, published) = (await olivia.FollowAsync(ClientPages.Of(stranger.Id)),
            await olivia.FollowAsync(ClientPages.Of(document)));

        registered.Reply.Should().BeAPage(200);
        registered.Reply.Body.Should().Contain("the client&#x27;s own registration")
            .And.Contain("<code>https://home.example/&lt;x&gt;</code>").And.NotContain("href=\"https://home.example")
            .And.NotContain("name=\"redirect_uris\"");
        published.Reply.Should().BeAPage(200);
        published.Reply.Body.Should().Contain("the client&#x27;s document").And.Contain("12 Sep 2026, <bdi>10:11 UTC</bdi>")
            .And.NotContain("name=\"redirect_uris\"").And.NotContain("Add a secret");
        published.Reply.Body.Should().Contain($"<code>{Cast.Notes}</code> <code>{Cast.Sensors}</code>").And.Contain("172800 (2 days)")
            .And.Contain("7200 (2 hours)").And.Contain("600 (10 minutes)");
        // A form made up by hand changes nothing either.
        foreach (var (page, id) in new[] { (registered, stranger.Id), (published, document) })
        {
            var token = (await olivia.FollowAsync(ClientPages.Of(id,
                Paths.AdminClientDelete))).Reply.Page.QuerySelector("[name=antiforgery]")!.GetAttribute("value")!;
            var version =
                await Server.ScalarAsync<string>("select md5((to_jsonb(c) - 'last_used_at')::text) from clients c where client_id = @id",
                new { id });
            KeyValuePair<string, string>[] form = [new("antiforgery", token), new("id", id), new("version", version), new("name", "Forged"),
                new("access_token_seconds", "1"), new("refresh_token_seconds", "1"), new("refresh_idle_seconds", "1")];
            (await olivia.PostAsync(Paths.AdminClient, form)).Should().BeAPage(404);
            (await olivia.PostAsync(Paths.AdminClientSecrets, form)).Should().BeAPage(404);
        }

        (await Server.ScalarAsync<int>("select count(*)::int from clients where name = 'Forged'")).Should().Be(0);
    }

    [Test, Case("UI-036")]
    public async Task Hostile_names_are_shown_and_never_obeyed()
    {
        var (olivia, app) = (await Server.OliviaAsync(), await Server.ConfidentialClientAsync());
        const string words = "\"><script>alert(1)</script>";
        await Server.ExecuteAsync("update clients set name = @name, note = @words where client_id = @Id",
            new { app.Id, words, name = words + "\u202E" + new string('W', 10_000) });
        await Server.ExecuteAsync("update client_secrets set label = @words where client_id = @Id", new { app.Id, words });

        foreach (var page in new[] { Paths.AdminApps + "?q=" + app.Id, ClientPages.Of(app.Id),
            ClientPages.Of(app.Id, Paths.AdminClientDelete), ClientPages.Of(app.Id, Paths.AdminClientDisable) })
        {
            var reply = await olivia.GetAsync(page);
            reply.Should().BeAPage(200);
            reply.Body.Should().NotContain("<script").And.NotContain("\u202E<").And.Contain("&lt;script&gt;");
            var document = reply.Page;
            foreach (var input in document.QuerySelectorAll("input")) input.Remove();
            document.DocumentElement.OuterHtml.Should().NotContain(new string('W', 81));
        }
    }
}
