using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Stores.Clients;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Admin;

/// <summary>Secrets and new clients: a secret is seen once, works, and leaves nothing but its hash.</summary>
public sealed class ClientSecretsTest : ServerFixture
{
    [Test, Behaviour(12)]
    public async Task A_second_secret_is_shown_once_and_works_beside_the_first()
    {
        var (olivia, person) = await Server.SignedInAsync("olivia", "admin");
        var machine = await Server.MachineAsync();
        var page = await olivia.FollowAsync(ClientPages.Of(machine.Id));

        var made = await olivia.SubmitToAsync(Paths.AdminClientSecrets, page, ("label", "2027 <x>"),
            ("expires", Server.Clock.GetUtcNow().AddDays(10).ToString("yyyy-MM-dd")));

        made.Should().BeAPage(200);
        var secret = made.Page.QuerySelector("pre#secret")!.TextContent;
        secret.Should().MatchRegex("^[A-Za-z0-9_-]{43}$");
        made.Text().Should()
            .Contain($"<pre id=\"curl\">curl -s -u {machine.Id}:{secret} -d grant_type=client_credentials {Server.Issuer}/token</pre>");
        (await machine.With(secret).CredentialsAsync()).Should().HaveIssuedTokens();
        (await machine.CredentialsAsync()).Should().HaveIssuedTokens();
        var after = await olivia.GetAsync(ClientPages.Of(machine.Id));
        after.Body.Should().NotContain(secret).And.Contain("2027 &lt;x&gt;").And.Contain("Expires soon");
        var row = (await Server.QueryAsync<SecretRow>("select * from client_secrets where client_id = @Id order by id desc limit 1",
            new { machine.Id })).Single();
        row.Hash.Should().MatchRegex(@"^\$2a\$1[0-4]\$").And.NotContain(secret);
        row.ExpiresAt.Should()
            .Be(new DateTimeOffset(Server.Clock.GetUtcNow().UtcDateTime.Date.AddDays(11), TimeSpan.Zero), "the day itself counts");
        (await Server.ScalarAsync<string>("select actor from audit_events where request_id = @id and event = 'edit'",
            new { id = made.RequestId })).Should().Be($"admin:{person.Username}");
        (await Server.ScalarAsync<int>("select count(*)::int from audit_events "
            + "where to_jsonb(audit_events)::text like '%' || @secret || '%'", new { secret })).Should().Be(0);

        var third = await olivia.SubmitToAsync(Paths.AdminClientSecrets, page, ("label", "kept"));
        third.Should().BeAPage(400);
        third.Body.Should().Contain("A client has at most two secrets that are not revoked").And.NotContain("<pre id=\"secret\">");
        foreach (var full in new[] { third, after })
            full.Body.Should().Contain("This client has two secrets that are not revoked")
                .And.NotContain($"action=\"{Paths.AdminClientSecrets}\"");
        await Server.ExecuteAsync("update client_secrets set revoked_at = now() where id = @Id", new { row.Id });
        (await olivia.GetAsync(ClientPages.Of(machine.Id))).Body.Should().Contain($"action=\"{Paths.AdminClientSecrets}\"")
            .And.NotContain("This client has two secrets");
    }

    [TestCase("2020-01-01"), TestCase("tomorrow"), TestCase("9999-12-31"), TestCase("2027-02-30")]
    public async Task A_day_that_is_over_or_none_is_refused_beside_its_field(string day)
    {
        var (olivia, machine) = (await Server.OliviaAsync(), await Server.MachineAsync());

        var refused = await olivia.SubmitToAsync(Paths.AdminClientSecrets, await olivia.FollowAsync(ClientPages.Of(machine.Id)),
            ("label", "kept"), ("expires", day));

        refused.Should().BeAPage(400);
        refused.Body.Should().Contain("id=\"expires-problem\"").And.Contain($"value=\"{day}\"").And.Contain("value=\"kept\"");
        (await Server.ScalarAsync<int>("select count(*)::int from client_secrets where client_id = @Id", new { machine.Id })).Should()
            .Be(1);
    }

    [Test]
    public async Task A_secret_is_revoked_after_its_reach_was_shown()
    {
        var (olivia, machine) = (await Server.OliviaAsync(), await Server.MachineAsync());
        await machine.CredentialsAsync();
        var page = await olivia.FollowAsync(ClientPages.Of(machine.Id));
        var link = page.Reply.Page.QuerySelector($"a[href^='{Paths.AdminClientSecretRevoke}?secret=']")!.GetAttribute("href")!;

        var asked = await olivia.FollowAsync(link);
        asked.Reply.Should().BeAPage(200);
        asked.Reply.Body.Should().Contain("Other secrets in use: 0").And.Contain("Live access tokens, at most: 1")
            .And.Contain(
                $"<pre>update client_secrets set revoked_at = now() where id = {link.Split('=')[1]} and revoked_at is null;</pre>");
        (await machine.CredentialsAsync()).Should().HaveIssuedTokens();

        var done = await olivia.SubmitToAsync(Paths.AdminClientSecretRevoke, asked);

        done.Status.Should().Be(303);
        (await olivia.FollowAsync(done, "")).Reply.Body.Should().Contain("Revoked on");
        await Eventually.BecomesTrueAsync(async () => (await machine.CredentialsAsync()).Error == "invalid_client");
        (await olivia.GetAsync(link)).Status.Should().Be(303, "there is nothing left to ask");
    }

    [TestCase("machine"), TestCase("user-facing"), TestCase("resource-server")]
    public async Task A_client_of_each_kind_is_added(string kind)
    {
        var (olivia, id) = (await Server.OliviaAsync(), $"new-{Guid.NewGuid():N}");
        var page = await olivia.FollowAsync($"{Paths.AdminClientNew}?kind={kind}");

        var added = await olivia.SubmitToAsync(Paths.AdminClientNew, page, ("client_id", id), ("name", "A new one"),
            ("resource " + Cast.Notes, "yes"), ("default_resource", Cast.Notes), ("scope notes:read", "yes"),
            ("redirect_uris", kind == "user-facing" ? Cast.Redirect : null));

        var row = (await Server.Get<ClientEdits>().FindAsync(id, default))!;
        (row.Kind, row.Origin, row.Enabled, row.AccessTokenSeconds, row.DefaultResource).Should()
            .Be((kind, "operator", true, 600, Cast.Notes));
        if (kind == "user-facing")
        {
            (added.Status, added.Location).Should().Be((303, $"{Server.Issuer}{ClientPages.Of(id)}&done=saved"));
            row.GrantTypes.Should().Equal("authorization_code", "refresh_token");
            return;
        }

        added.Should().BeAPage(200);
        var secret = added.Page.QuerySelector("pre#secret")!.TextContent;
        var client = new TestClient(Server, id, secret, "client_secret_basic", "");
        if (kind == "machine") (await client.CredentialsAsync()).Should().HaveIssuedTokens("notes:read");
        else (await client.IntrospectAsync("nonsense")).Json.GetProperty("active").GetBoolean().Should().BeFalse();
    }

    [Test]
    public async Task Every_refused_field_of_a_new_client_is_marked_at_once()
    {
        var olivia = await Server.OliviaAsync();
        var page = await olivia.FollowAsync($"{Paths.AdminClientNew}?kind=user-facing");

        var refused = await olivia.SubmitToAsync(Paths.AdminClientNew, page, ("client_id", "a b"), ("name", ""),
            ("redirect_uris", "ftp://"), ("scope notes:read", "yes"), ("access_token_seconds", "0"), ("refresh_idle_seconds", "x"));
        var none = await olivia.SubmitToAsync(Paths.AdminClientNew, page, ("client_id", ""), ("name", "A name"),
            ("redirect_uris", "https://*"));

        refused.Should().BeAPage(400);
        Marked(refused).Should().Equal("client_id", "name", "redirect_uris", "access_token_seconds", "refresh_idle_seconds");
        Marked(none).Should().Equal("client_id", "redirect_uris");
        (await Server.ScalarAsync<int>("select count(*)::int from clients where client_id in ('a b', 'to-be-judged')")).Should().Be(0);

        static IEnumerable<string> Marked(Reply reply) => reply.Page.QuerySelectorAll("li > a[href^='#']")
            .Select(link => link.GetAttribute("href")![1..]);
    }

    [Test]
    public async Task A_client_that_is_not_taken_is_told_why_and_what_was_typed_is_kept()
    {
        var (olivia, machine) = (await Server.OliviaAsync(), await Server.MachineAsync());
        var page = await olivia.FollowAsync($"{Paths.AdminClientNew}?kind=machine");

        var taken = await olivia.SubmitToAsync(Paths.AdminClientNew, page, ("client_id", machine.Id), ("name", "Typed name"),
            ("scope notes:write", "yes"));
        var bad = await olivia.SubmitToAsync(Paths.AdminClientNew, page, ("client_id", "a b"), ("name", "Typed name"));
        var none = await olivia.SubmitToAsync(Paths.AdminClientNew, page, ("client_id", ""), ("name", "Typed name"));

        taken.Should().BeAPage(400);
        taken.Body.Should().MatchRegex("id=\"client_id-problem\">There is already a client with this id.")
            .And.Contain("value=\"Typed name\"").And.Contain($"value=\"{machine.Id}\"")
            .And.MatchRegex("name=\"scope notes:write\" value=\"yes\" checked");
        bad.Should().BeAPage(400);
        bad.Body.Should().MatchRegex("id=\"client_id-problem\">A client id has characters").And.Contain("value=\"Typed name\"");
        none.Body.Should().MatchRegex("id=\"client_id-problem\">Enter an id");
        foreach (var reply in new[] { taken, bad, none }) reply.Body.Should().NotContain("<pre id=\"secret\">");
        (await Server.ScalarAsync<int>("select count(*)::int from clients where name = 'Typed name'")).Should().Be(0);
    }
}
