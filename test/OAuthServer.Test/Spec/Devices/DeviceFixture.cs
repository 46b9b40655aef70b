using FluentAssertions;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec.Devices;

/// <summary>A television that signs people in, and the way to its page.</summary>
public abstract class DeviceFixture : ServerFixture
{
    protected const string DeviceCode = "urn:ietf:params:oauth:grant-type:device_code";

    /// <summary>A public client with device_code and refresh_token, and no redirect URI.</summary>
    protected Task<TestClient> TvAsync(string scopes = "notes:read notes:write offline_access") => TvAsync(Server, scopes);

    protected static async Task<TestClient> TvAsync(TestServer server, string scopes = "notes:read notes:write offline_access")
    {
        var client = await server.AddClientAsync("tv", "user-facing", "none", [], scopes, "operator", Cast.Notes, null);
        await server.ExecuteAsync("update clients set grant_types = '{device_code,refresh_token}' where client_id = @Id", new { client.Id });
        return client;
    }

    /// <summary>What the television shows.</summary>
    protected static async Task<Asked> AskAsync(TestClient tv, params (string Name, string? Value)[] more)
    {
        var reply = await tv.PostAsync(Paths.DeviceAuthorization, more);
        reply.Status.Should().Be(200, reply.ToString());
        return new Asked(reply);
    }

    protected static Task<Reply> PollAsync(TestClient tv, Asked asked) => tv.TokenAsync(
        ("grant_type", DeviceCode), ("device_code", asked.DeviceCode));

    /// <summary>Signs in and types the code: the page that follows.</summary>
    protected static async Task<Landing> TypeAsync(Browser browser, Person person, string code)
    {
        var page = await browser.FollowAsync(Paths.Device);
        if (page.Is(Paths.Login)) page = await browser.SignInAsync(page, person);
        page.Is(Paths.Device).Should().BeTrue(page.ToString());
        return await browser.FollowAsync(await browser.SubmitToAsync(Paths.Device, page, ("user_code", code)), page.Url);
    }

    /// <summary>The same, and on the page of consent.</summary>
    protected static async Task<Landing> ReachAsync(Browser browser, Person person, Asked asked)
    {
        var page = await TypeAsync(browser, person, asked.UserCode);
        page.Is(Paths.Consent).Should().BeTrue(page.ToString());
        return page;
    }

    /// <summary>All the way to Allow.</summary>
    protected async Task AllowAsync(Person person, Asked asked)
    {
        var browser = Server.NewBrowser();
        var page = await ReachAsync(browser, person, asked);
        (await browser.SubmitAsync(page, "decision", "allow")).Location.Should().EndWith($"{Paths.DeviceDone}?outcome=allowed");
    }

    /// <summary>What a device got (RFC 8628 §3.2).</summary>
    protected sealed record Asked(Reply Reply)
    {
        public string DeviceCode => Reply.Json.GetProperty("device_code").GetString()!;

        public string UserCode => Reply.Json.GetProperty("user_code").GetString()!;

        public string Complete => Reply.Json.GetProperty("verification_uri_complete").GetString()!;
    }
}
