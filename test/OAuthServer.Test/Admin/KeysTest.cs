using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Keys;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Admin;

/// <summary>Signing keys: listed, rotated, and revoked when one is compromised.</summary>
public sealed class KeysTest : AdminFixture
{
    [Test]
    public async Task Rotate_now_publishes_a_key_that_signs_when_everybody_knows_it()
    {
        var (olivia, browser) = await OliviaAsync();
        var before = Server.Get<KeyRing>().Active!.Kid;
        var count = await Server.ScalarAsync<int>("select count(*)::int from signing_keys");

        var page = await browser.GetAsync(Paths.AdminKeys);
        var done = await SendAsync(browser, page, Paths.AdminKeysRotate);
        var after = await browser.GetAsync(Paths.AdminKeys);

        page.Should().BeAPage(200);
        page.Body.Should().Contain(before).And.Contain("A key created now starts signing on").And.Contain("-----BEGIN PUBLIC KEY-----").And
            .NotContain("PRIVATE");
        done.Status.Should().Be(303);
        var made = await Server.ScalarAsync<string>("select kid from signing_keys order by signs_from desc limit 1");
        (await ActsAsync(done)).Should().ContainSingle().Which.Should()
            .StartWith($"admin:{olivia.Username} insert signing_keys {made}: alg: ES256; signs_from: ");
        made.Should().NotBe(before);
        Server.Get<KeyRing>().Active!.Kid.Should().Be(before, "until then nothing changes");
        using var http = Server.NewHttp();
        (await http.GetStringAsync(Paths.Jwks)).Should().Contain(made).And.Contain(before);
        after.Body.Should().Contain(made).And.Contain(">Pending</span>").And.Contain(">Signing</span>").And
            .Contain("The next ES256 key is already pending").And.NotContain("Rotate ES256 now").And.Contain("Rotate RS256 now");
        (await SendAsync(browser, page, Paths.AdminKeysRotate)).Location
            .Should().EndWith("done=underway", "a second press makes no second key");
        (await Server.ScalarAsync<int>("select count(*)::int from signing_keys")).Should().Be(count + 1);

        Server.Clock.Travel(KeyRing.NoticeOf(Server.Settings) + TimeSpan.FromSeconds(1));
        Server.Get<KeyRing>().Active!.Kid.Should().Be(made);
    }

    [Test]
    public async Task A_compromised_key_is_out_at_once_after_a_warning()
    {
        var (olivia, browser) = await OliviaAsync();
        var (machine, kid) = (await Server.MachineAsync(), Server.Get<KeyRing>().Active!.Kid);
        var resource = await Server.ResourceServerAsync();
        var token = (await machine.CredentialsAsync()).AccessToken;
        (await resource.SeesAsActiveAsync(token)).Should().BeTrue();

        var asked = await browser.GetAsync($"{Paths.AdminKeysRetire}?kid={kid}");
        asked.Should().BeAPage(200);
        asked.Body.Should().Contain("every token it signed is refused").And.Contain("It is the signing key").And
            .Contain("in the last hour, all keys: <strong>1</strong>")
            .And.Contain($"<pre>update signing_keys set retired_at = now() where kid = &#x27;{kid}&#x27;;</pre>");
        (await resource.SeesAsActiveAsync(token)).Should().BeTrue("a page that was opened changes nothing");

        var done = await SendAsync(browser, asked, Paths.AdminKeysRetire);
        done.Status.Should().Be(303);
        (await ActsAsync(done)).Should().HaveCountGreaterThan(0).And.OnlyContain(act => act.StartsWith($"admin:{olivia.Username} ")).And
            .Contain(act => act.StartsWith($"admin:{olivia.Username} update signing_keys {kid}: retired_at: nothing → "));
        (await resource.SeesAsActiveAsync(token)).Should().BeFalse();
        (await resource.SeesAsActiveAsync((await machine.CredentialsAsync()).AccessToken)).Should().BeTrue("another key signs");
        (await browser.GetAsync($"{Paths.AdminKeysRetire}?kid={kid}")).Status.Should().Be(404);
        (await browser.GetAsync($"{Paths.AdminKeysRetire}?kid=none")).Status.Should().Be(404);
    }
}
