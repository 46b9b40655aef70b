using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec;

[Behaviour(8)]
public sealed class RefreshTest : ServerFixture
{
    private TestClient client = null!;
    private TestClient resourceServer = null!;
    private Person alice = null!;

    [OneTimeSetUp]
    public async Task SetUpCastAsync()
    {
        client = await Server.PublicClientAsync();
        resourceServer = await Server.ResourceServerAsync();
        alice = await Server.UserAsync();
    }

    private async Task<string> NewAsync(TestClient? of = null, string scope = "notes:read notes:write", TimeSpan? life = null) =>
        (await Server.TokensAsync(of ?? client, alice, scope, life: life)).RefreshToken!;

    private async Task<string> NextAsync(string token, TestClient? of = null) => (await (of ?? client).RefreshAsync(token)).RefreshToken!;

    private void ExpireRetryWindow() => Server.Clock.Travel(TimeSpan.FromSeconds(Server.Settings.RetryWindowSeconds + 1));

    [Test, Rfc(6749, "6"), Rfc(9700, "4.14.2"), Case("REFRESH-001")]
    public async Task Each_use_brings_a_new_refresh_token()
    {
        var first = await Server.TokensAsync(client, alice);

        var second = await client.RefreshAsync(first.RefreshToken!);
        var third = await client.RefreshAsync(second.RefreshToken!);

        new[] { second, third }.Should().OnlyContain(reply => reply.Status == 200);
        new[] { first, second, third }.Select(reply => reply.RefreshToken).Should().OnlyHaveUniqueItems();
        new[] { first, second, third }.Select(reply => Jwt.Read(reply.AccessToken)["jti"]).Should().OnlyHaveUniqueItems();
        third.Should().HaveIssuedTokens("notes:read notes:write");
    }

    [Test, Rfc(9700, "4.14.2"), Case("REFRESH-002")]
    public async Task A_superseded_token_after_the_window_ends_the_family_of_a_public_client()
    {
        var first = await Server.TokensAsync(client, alice);
        var second = await client.RefreshAsync(first.RefreshToken!);
        ExpireRetryWindow();

        var replay = await client.RefreshAsync(first.RefreshToken!);

        replay.Should().BeRefusedWith("invalid_grant");
        (await client.RefreshAsync(second.RefreshToken!)).Should().BeRefusedWith("invalid_grant");
        (await resourceServer.SeesAsActiveAsync(first.AccessToken)).Should().BeFalse();
        (await resourceServer.SeesAsActiveAsync(second.AccessToken)).Should().BeFalse();
        var row = (await Server.AuditAsync(replay)).Should().ContainSingle().Subject;
        row.Detail.Should().Be("refresh_reused");
        row.ToString().Should().NotContain(first.RefreshToken!);
    }

    [Test, Rfc(9700, "4.14.2"), Case("REFRESH-003")]
    public async Task A_grandparent_is_a_replay_even_inside_the_window()
    {
        var first = await NewAsync();
        var third = await NextAsync(await NextAsync(first));

        (await client.RefreshAsync(first)).Should().BeRefusedWith("invalid_grant");
        (await client.RefreshAsync(third)).Should().BeRefusedWith("invalid_grant");
    }

    [Test, Rfc(9700, "4.14.2")]
    public async Task Inside_the_window_the_parent_yields_the_same_successor_and_a_fresh_access_token()
    {
        var parent = await NewAsync();

        var replies = new List<Reply>();
        for (var i = 0; i < 4; i++) replies.Add(await client.RefreshAsync(parent));

        replies.Select(reply => reply.RefreshToken).Distinct().Should().ContainSingle().Which.Should().NotBe(parent);
        replies.Select(reply => Jwt.Read(reply.AccessToken)["jti"]).Should().OnlyHaveUniqueItems();
        (await client.RefreshAsync(replies[0].RefreshToken!)).Should().HaveIssuedTokens();
    }

    [Test, Rfc(9700, "4.14.2")]
    public async Task The_window_does_not_slide()
    {
        var parent = await NewAsync();
        await NextAsync(parent);

        Server.Clock.Travel(TimeSpan.FromSeconds(20));
        (await client.RefreshAsync(parent)).Should().HaveIssuedTokens();
        Server.Clock.Travel(TimeSpan.FromSeconds(20));
        (await client.RefreshAsync(parent)).Should().BeRefusedWith("invalid_grant");
    }

    [Test, Rfc(9700, "4.14.2")]
    public async Task An_authenticated_clients_family_lives_on_after_a_replay()
    {
        var web = await Server.ConfidentialClientAsync();
        var parent = await NewAsync(web);
        var successor = await NextAsync(parent, web);
        ExpireRetryWindow();

        (await web.RefreshAsync(parent)).Should().BeRefusedWith("invalid_grant");
        (await web.RefreshAsync(successor)).Should().HaveIssuedTokens();
    }

    [Test, Rfc(6749, "6"), Case("REFRESH-007")]
    public async Task Another_clients_token_is_refused_and_its_owner_unaffected()
    {
        var mallory = await Server.PublicClientAsync();
        var (fresh, used) = (await NewAsync(), await NewAsync());
        var successor = await NextAsync(used);
        ExpireRetryWindow();

        (await mallory.RefreshAsync(fresh)).Should().BeRefusedWith("invalid_grant");
        (await mallory.RefreshAsync(used)).Should().BeRefusedWith("invalid_grant");

        (await client.RefreshAsync(fresh)).Should().HaveIssuedTokens();
        (await client.RefreshAsync(successor)).Should().HaveIssuedTokens();
    }

    [Test, Rfc(6749, "6"), Case("REFRESH-008", "REFRESH-009")]
    public async Task Without_its_clients_authentication_nothing_is_refreshed_or_consumed()
    {
        var web = await Server.ConfidentialClientAsync();
        var (confidential, open) = (await NewAsync(web), await NewAsync());

        (await web.With(null).RefreshAsync(confidential)).Should().BeRefusedWith("invalid_client");
        (await web.With("wrong").RefreshAsync(confidential)).Should().BeRefusedWith("invalid_client");
        (await Server.PostTokenAsync($"grant_type=refresh_token&refresh_token={open}")).Should().BeRefusedWith("invalid_client");

        (await web.RefreshAsync(confidential)).Should().HaveIssuedTokens();
        (await client.RefreshAsync(open)).Should().HaveIssuedTokens();
    }

    [Test, Rfc(6749, "6"), Case("REFRESH-011")]
    public async Task A_narrower_scope_narrows_the_access_token_only()
    {
        var narrow = await client.RefreshAsync(await NewAsync(), ("scope", "notes:read"));
        var wide = await client.RefreshAsync(narrow.RefreshToken!);

        narrow.Should().HaveIssuedTokens("notes:read");
        Jwt.Read(narrow.AccessToken)["scope"].Should().Be("notes:read");
        wide.Should().HaveIssuedTokens("notes:read notes:write");
    }

    [Test, Rfc(6749, "6")]
    public async Task A_wider_scope_or_another_resource_is_refused_before_anything_is_consumed()
    {
        var token = await NewAsync(scope: "notes:read");

        (await client.RefreshAsync(token, ("scope", "notes:read notes:write"))).Should().BeRefusedWith("invalid_scope");
        (await client.RefreshAsync(token, ("scope", "no:such"))).Should().BeRefusedWith("invalid_scope");
        (await client.RefreshAsync(token, ("scope", "a\"b"))).Should().BeRefusedWith("invalid_scope");
        (await client.RefreshAsync(token, ("resource", Cast.Sensors))).Should().BeRefusedWith("invalid_target");
        (await client.RefreshAsync(token, ("resource", "https://nobody.example/"))).Should().BeRefusedWith("invalid_target");

        (await Server.ScalarAsync<bool>("select rotated_at is null from grants where id = @id", new { id = Granted.GrantId(token) }))
            .Should().BeTrue();
        (await client.RefreshAsync(token, ("resource", Cast.Notes))).Should().HaveIssuedTokens("notes:read");
    }

    [Test, Rfc(6749, "6"), Behaviour(33)]
    public async Task Offline_access_asked_for_again_narrows_nothing() =>
        (await client.RefreshAsync(await NewAsync(), ("scope", "notes:read offline_access"))).Should().HaveIssuedTokens("notes:read");

    [Test, Rfc(6749, "6")]
    public async Task A_missing_token_is_a_malformed_request_and_an_unknown_one_a_dead_grant()
    {
        (await client.TokenAsync(("grant_type", "refresh_token")))
            .Should().BeRefusedWith("invalid_request", description: "refresh_token is required");
        (await client.RefreshAsync("")).Should().BeRefusedWith("invalid_request");
        (await client.RefreshAsync("nonsense")).Should().BeRefusedWith("invalid_grant");
        (await client.RefreshAsync((await Server.GrantAsync(client, alice)).Value)).Should().BeRefusedWith("invalid_grant");
        (await client.RefreshAsync((await Server.TokensAsync(client, alice)).AccessToken)).Should().BeRefusedWith("invalid_grant");
    }

    [Test, Rfc(9700, "4.14.2"), Case("REFRESH-016")]
    public async Task A_token_unused_for_the_idle_limit_is_dead()
    {
        var (used, idle) = (await NewAsync(), await NewAsync());

        Server.Clock.Travel(TimeSpan.FromDays(13));
        used = await NextAsync(used);
        Server.Clock.Travel(TimeSpan.FromDays(2));

        (await client.RefreshAsync(idle)).Should().BeRefusedWith("invalid_grant");
        (await client.RefreshAsync(used)).Should().HaveIssuedTokens();
    }

    [Test, Rfc(9700, "4.14.2"), Case("REFRESH-016")]
    public async Task Rotation_never_carries_a_token_past_the_end_of_the_consent()
    {
        var token = await NewAsync(life: TimeSpan.FromDays(20));

        Server.Clock.Travel(TimeSpan.FromDays(10));
        token = await NextAsync(token);
        Server.Clock.Travel(TimeSpan.FromDays(10) - TimeSpan.FromSeconds(100));
        var last = await client.RefreshAsync(token);
        Server.Clock.Travel(TimeSpan.FromSeconds(101));

        last.Should().HaveIssuedTokens();
        last.Json.GetProperty("expires_in").GetInt32().Should().BeInRange(90, 100, "an access token does not outlive the consent either");
        (await client.RefreshAsync(last.RefreshToken!)).Should().BeRefusedWith("invalid_grant");
        (await resourceServer.SeesAsActiveAsync(last.AccessToken)).Should().BeFalse();
    }

    [TestCase("update users set enabled = false where subject = @Subject")]
    [TestCase("update users set password_hash = crypt('another', gen_salt('bf', 10)) where subject = @Subject")]
    [TestCase("delete from users where subject = @Subject")]
    [Behaviour(35), Case("REFRESH-014")]
    public async Task A_persons_tokens_die_with_their_access(string edit)
    {
        var bob = await Server.UserAsync("bob");
        var tokens = await Server.TokensAsync(client, bob);

        await Server.ExecuteAsync(edit, new { bob.Subject });

        (await client.RefreshAsync(tokens.RefreshToken!)).Should().BeRefusedWith("invalid_grant");
        (await resourceServer.SeesAsActiveAsync(tokens.AccessToken)).Should().BeFalse();
    }

    [TestCase("update clients set enabled = false where client_id = @Id")]
    [TestCase("delete from clients where client_id = @Id")]
    [Behaviour(26), Case("REFRESH-015")]
    public async Task A_client_that_an_operator_ended_refreshes_nothing(string edit)
    {
        var ended = await Server.PublicClientAsync();
        var tokens = await Server.TokensAsync(ended, alice);
        (await resourceServer.SeesAsActiveAsync(tokens.AccessToken)).Should().BeTrue();

        await Server.ExecuteAsync(edit, new { ended.Id });

        await Eventually.BecomesTrueAsync(async () => (await ended.RefreshAsync("no token at all")).Error == "invalid_client");
        (await ended.RefreshAsync(tokens.RefreshToken!)).Should().BeRefusedWith("invalid_client");
        (await resourceServer.SeesAsActiveAsync(tokens.AccessToken)).Should().BeFalse();
    }

    [Test, Case("REFRESH-017")]
    public async Task A_revoked_token_stays_dead_when_the_server_starts_anew()
    {
        var (revoked, kept) = (await NewAsync(), await NewAsync());
        (await client.RevokeAsync(revoked)).Status.Should().Be(200);

        await using var anew = await Server.StartSecondInstanceAsync();

        (await client.At(anew).RefreshAsync(revoked)).Should().BeRefusedWith("invalid_grant");
        (await client.At(anew).RefreshAsync(kept)).Should().HaveIssuedTokens();
    }
}

[Behaviour(8)]
public sealed class StrictReuseTest : ServerFixture
{
    protected override Settings Change(Settings settings) => settings with { StrictReuse = true, RetryWindowSeconds = 0 };

    [Test, Rfc(9700, "4.14.2")]
    public async Task A_setting_ends_an_authenticated_clients_family_too()
    {
        var web = await Server.ConfidentialClientAsync();
        var parent = (await Server.TokensAsync(web, await Server.UserAsync())).RefreshToken!;
        var successor = (await web.RefreshAsync(parent)).RefreshToken!;

        (await web.RefreshAsync(parent)).Should().BeRefusedWith("invalid_grant");
        (await web.RefreshAsync(successor)).Should().BeRefusedWith("invalid_grant");
    }

    [Test, Rfc(9700, "4.14.2")]
    public async Task Without_a_window_every_second_use_is_a_replay()
    {
        var client = await Server.PublicClientAsync();
        var parent = (await Server.TokensAsync(client, await Server.UserAsync())).RefreshToken!;
        var successor = (await client.RefreshAsync(parent)).RefreshToken!;

        (await client.RefreshAsync(parent)).Should().BeRefusedWith("invalid_grant");
        (await client.RefreshAsync(successor)).Should().BeRefusedWith("invalid_grant");
    }
}

[Behaviour(8)]
public sealed class LostRefreshTest
{
    [Test, Rfc(9700, "4.14.2")]
    public async Task A_lost_answer_is_given_again_inside_the_window()
    {
        await using var cable = DatabaseProxy.To(await TestDatabase.CloneAsync());
        await using var server = await TestServer.StartAsync(settings => settings with { Database = cable.Through });
        var (client, alice) = (await server.PublicClientAsync(), await server.UserAsync());
        var token = (await client.RefreshAsync((await server.TokensAsync(client, alice)).RefreshToken!)).RefreshToken!;

        // The client's id is in the rotation, not in what is read before it.
        cable.DropResponses(client.Id);
        var lost = await client.RefreshAsync(token);
        cable.StopSwallowing();
        var generation = await server.ScalarAsync<int>("select generation from grants where id = @id", new { id = Granted.GrantId(token) });
        var again = await client.RefreshAsync(token);

        lost.Should().BeRefusedWith("temporarily_unavailable");
        generation.Should().Be(2, "the rotation had been committed");
        again.Should().HaveIssuedTokens();
        (await client.RefreshAsync(again.RefreshToken!)).Should().HaveIssuedTokens();
    }
}
