using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec.Devices;

/// <summary>Device authorization (RFC 8628): what a device asks for and gets.</summary>
[Behaviour(55)]
public sealed class DeviceFlowTest : DeviceFixture
{
    [Test, Rfc(8628, "3.2"), Rfc(8628, "3.4"), Behaviour(57), Case("DEV-112")]
    public async Task A_device_gets_tokens_once_a_person_has_allowed_it()
    {
        var (alice, tv, browser) = (await Server.UserAsync(), await TvAsync(), Server.NewBrowser());
        var asked = await AskAsync(tv, ("scope", "notes:read"));
        (asked.Reply.Json.GetProperty("expires_in").GetInt32(), asked.Reply.Json.GetProperty("interval").GetInt32()).Should().Be((600, 5));
        asked.UserCode.Should().MatchRegex("^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$");
        asked.Reply.Json.GetProperty("verification_uri").GetString().Should().Be(Server.Issuer + "/device");
        asked.Complete.Should().Be($"{Server.Issuer}/device?user_code={asked.UserCode}");
        asked.Reply.Header("Cache-Control").Should().Contain("no-store");
        (await PollAsync(tv, asked)).Should().BeRefusedWith("authorization_pending", 400);

        var page = await ReachAsync(browser, alice, asked);
        page.Reply.Should().BeAPage(200);
        page.Reply.Body.Should().Contain("Continue only if the device is in front of you and you started this. "
            + "Nobody from support asks for this code.").And.Contain($"The {tv.Id} app")
            .And.Contain("127.0.0.1").And.Contain("Read your notes");
        var done = await browser.FollowAsync(await browser.SubmitAsync(page, "decision", "allow"), page.Url);
        done.Reply.Should().BeAPage(200);
        done.Reply.Body.Should().Contain("Go back to your device");

        var tokens = await PollAsync(tv, asked);
        tokens.Should().HaveIssuedTokens("notes:read");
        (await tv.RefreshAsync(tokens.RefreshToken!)).Should().HaveIssuedTokens("notes:read");
        (await browser.FollowAsync(Paths.ConnectedApps)).Reply.Body.Should().Contain("A device whose code you entered");
        (await Server.ScalarAsync<string>("select kind from grants where client_id = @Id", new { tv.Id })).Should().Be("device");
        (await Server.AuditAsync(tokens)).Should().ContainSingle().Which.Detail.Should().StartWith("device_code scope=notes:read");
        (await Server.AuditAsync(asked.Reply)).Should().ContainSingle().Which.Event.Should().Be("device");
    }

    [Test, Rfc(8628, "3.1"), Case("DEVICE-009")]
    public async Task A_client_without_the_grant_gets_no_device_code()
    {
        var (client, machine) = (await Server.PublicClientAsync(), await Server.MachineAsync());

        (await client.PostAsync(Paths.DeviceAuthorization)).Should().BeRefusedWith("unauthorized_client", 400);
        (await machine.PostAsync(Paths.DeviceAuthorization)).Should().BeRefusedWith("unauthorized_client", 400);
        (await machine.With("wrong").PostAsync(Paths.DeviceAuthorization)).Should().BeRefusedWith("invalid_client", 401);
        (await client.PostAsync(Paths.Token, ("grant_type", DeviceCode), ("device_code", "x"))).Should()
            .BeRefusedWith("unauthorized_client", 400);
    }

    [Test, Rfc(8628, "3.1"), Behaviour(19, 34)]
    public async Task Scope_and_resource_are_checked_as_at_authorize()
    {
        var tv = await TvAsync();

        (await tv.PostAsync(Paths.DeviceAuthorization, ("scope", "read_sensors"))).Should().BeRefusedWith("invalid_scope", 400);
        (await tv.PostAsync(Paths.DeviceAuthorization, ("scope", "a\"b"))).Should().BeRefusedWith("invalid_scope", 400);
        (await tv.PostAsync(Paths.DeviceAuthorization, ("resource", "https://nowhere.example/"))).Should()
            .BeRefusedWith("invalid_target", 400);
        (await Server.ScalarAsync<long>("select count(*) from device_requests where client_id = @Id", new { tv.Id })).Should().Be(0);
    }

    [Test, Rfc(8628, "5.1")]
    public async Task No_code_is_in_the_database_and_none_in_the_audit_log()
    {
        var (alice, tv) = (await Server.UserAsync(), await TvAsync());
        var asked = await AskAsync(tv, ("client_secret", ""));
        await AllowAsync(alice, asked);
        await PollAsync(tv, asked);
        var another = await AskAsync(tv);

        foreach (var table in new[] { "device_requests", "device_attempts", "grants", "authorization_requests", "audit_events" })
            foreach (var secret in new[] { asked, another }.SelectMany(one => new[]
                         { one.DeviceCode, one.UserCode, one.UserCode.Replace("-", "", StringComparison.Ordinal) }))
                (await Server.ScalarAsync<long>($"select count(*) from {table} as t where t::text ilike '%' || @secret || '%'",
                new { secret }))
                    .Should().Be(0, table);
    }

    [Test, Rfc(8628, "5.1"), Case("DEVICE-010")]
    public async Task A_flood_is_bounded_for_each_client_and_address_and_no_code_comes_twice()
    {
        var (tv, other) = (await TvAsync(), await TvAsync());

        var replies = await Task.WhenAll(Enumerable.Range(0, 120).Select(_ => tv.PostAsync(Paths.DeviceAuthorization)));

        var open = replies.Where(reply => reply.Status == 200).ToList();
        open.Should().HaveCount(100);
        open.Select(reply => new Asked(reply).UserCode).Should().OnlyHaveUniqueItems();
        replies.Where(reply => reply.Status != 200)
            .Should().OnlyContain(reply => reply.Status == 429 && reply.Header("Retry-After") != null);
        (await Server.ScalarAsync<long>("select count(*) from device_requests where client_id = @Id", new { tv.Id })).Should().Be(100);
        await AskAsync(other);
    }

    [Test, Rfc(7591, "2"), Behaviour(14)]
    public async Task A_device_registers_itself_without_redirect_uris()
    {
        var registered = await Server.RegisterAsync(new
        {
            client_name = "Television",
            grant_types = new[] { DeviceCode, "refresh_token" },
            token_endpoint_auth_method = "none",
        });
        registered.ShouldBeRegistered();
        registered.Strings("grant_types").Should().BeEquivalentTo(DeviceCode, "refresh_token");
        (await Server.RegisterAsync(new { client_name = "Both", grant_types = new[] { DeviceCode, "authorization_code" } }))
            .Error.Should().Be("invalid_redirect_uri");

        var tv = new TestClient(Server, registered.Text("client_id")!, null, "none", "");
        var asked = await AskAsync(tv, ("scope", "notes:read"));
        await AllowAsync(await Server.UserAsync(), asked);

        (await PollAsync(tv, asked)).Should().HaveIssuedTokens("notes:read");
    }

    [Test, Behaviour(33)]
    public async Task Without_the_wish_to_stay_connected_a_device_has_no_refresh_token()
    {
        var (alice, tv, browser) = (await Server.UserAsync(), await TvAsync(), Server.NewBrowser());
        var asked = await AskAsync(tv, ("scope", "notes:read notes:write"));
        var page = await ReachAsync(browser, alice, asked);

        await browser.SubmitAsync(page, "decision", "allow", ("scope offline_access", null), ("scope notes:write", null));

        var tokens = await PollAsync(tv, asked);
        tokens.Should().HaveIssuedTokens("notes:read");
        tokens.RefreshToken.Should().BeNull();
    }

    [Test]
    public async Task Metadata_names_the_endpoint()
    {
        var metadata = await Server.GetAsync(Paths.ServerMetadata);

        metadata.Text("device_authorization_endpoint").Should().Be(Server.Issuer + "/device_authorization");
        metadata.Strings("grant_types_supported").Should().Contain(DeviceCode);
    }
}
