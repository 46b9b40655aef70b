using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Keys;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec.OpenId;

/// <summary>id_token_hint at /authorize (OpenID Connect Core §3.1.2.1, §3.1.2.2): the client means one person.</summary>
public sealed class IdTokenHintTest : ServerFixture
{
    private const string Note = "The app expects another person than the one who is signed in.";

    private TestClient client = null!;
    private Person alice = null!;
    private Person mallory = null!;
    private Browser browser = null!;

    [SetUp]
    public async Task SignInAsync()
    {
        (client, alice, mallory) =
            (await Server.ConfidentialClientAsync("client_secret_basic"), await Server.UserAsync(), await Server.UserAsync("mallory"));
        browser = Server.NewBrowser();
        (await browser.AllowAsync(Query(null), alice)).Parameters["code"].Should().NotBeNull();
    }

    private string Query(string? hint, params (string Name, string? Value)[] more) =>
        client.AuthorizeQuery(TestClient.NewVerifier(), [("scope", "openid notes:read"), ("id_token_hint", hint), .. more]);

    private Task<Landing> GoAsync(string hint, params (string Name, string? Value)[] more) =>
        browser.FollowAsync("/authorize?" + Query(hint, more));

    // Expired an hour ago.
    private string HintOf(Person person, string type = "JWT", SigningKey? key = null, string? audience = null) =>
        Server.Sign(type, Server.IdTokenOf(person.Subject, audience ?? client.Id, Guid.NewGuid()), key);

    private static void ShouldBeTold(Landing landed, string error)
    {
        landed.Url.Should().StartWith(Cast.Redirect + "?", landed.ToString());
        (landed.Parameters["error"], landed.Parameters["code"]).Should().Be((error, null));
    }

    [Test]
    public async Task Oidcc_id_token_hint()
    {
        (await GoAsync(HintOf(alice), ("prompt", "none"))).Parameters["code"].Should().NotBeNull();
        (await GoAsync(HintOf(alice))).Parameters["code"].Should().NotBeNull();
    }

    [Test, Case("OIDC-116")]
    public async Task Another_persons_hint_is_login_required_without_a_page()
    {
        await browser.AllowAsync(Query(null), alice);

        ShouldBeTold(await GoAsync(HintOf(mallory), ("prompt", "none")), "login_required");
    }

    [Test, Case("OIDC-117")]
    public async Task Another_persons_hint_asks_for_that_person_and_gives_nobody_else_a_code()
    {
        var login = await GoAsync(HintOf(mallory));
        login.Is(Paths.Login).Should().BeTrue(login.ToString());
        login.Reply.Body.Should().Contain(Note).And.NotContain(mallory.Username);
        var wrong = await browser.SignInAsync(login, alice, "wrong");
        wrong.Reply.Status.Should().Be(401);
        wrong.Reply.Body.Should().Contain(Note);

        ShouldBeTold(await browser.SignInAsync(login, alice), "login_required");

        var again = await GoAsync(HintOf(mallory));
        var consent = await browser.SignInAsync(again, mallory);
        consent.Is(Paths.Consent).Should().BeTrue(consent.ToString());
        var landed = await browser.FollowAsync(await browser.SubmitAsync(consent, "decision", "allow"), consent.Url);
        landed.Parameters["code"].Should().NotBeNull(landed.ToString());
    }

    [Test]
    public async Task No_page_that_was_opened_before_gives_another_person_a_code()
    {
        var (other, hint) = (Server.NewBrowser(), HintOf(mallory));
        var consent = await other.ReachConsentAsync(Query(hint), mallory);
        consent.Is(Paths.Consent).Should().BeTrue(consent.ToString());
        await other.SignInAsync(await other.FollowAsync(Paths.Login + "?switch=1"), alice);

        var reply = await other.SubmitAsync(consent, "decision", "allow");

        reply.Status.Should().NotBe(200);
        (reply.Location ?? "").Should().NotContain("code=");
        (await other.FollowAsync(consent.Url)).Parameters["code"].Should().BeNull();
    }

    [Test]
    public async Task What_is_no_id_token_of_ours_for_this_client_is_invalid_request()
    {
        var good = HintOf(alice);
        var other = await Server.PublicClientAsync();

        foreach (var bad in new[]
        {
            "nonsense", good[..^4] + (good.EndsWith("AAAA") ? "BBBB" : "AAAA"), HintOf(alice, "at+jwt"), HintOf(alice, "logout+jwt"),
            HintOf(alice, audience: other.Id), "eyJhbGciOiJub25lIn0.e30.",
        })
            ShouldBeTold(await GoAsync(bad), "invalid_request");
        var row = (await Server.AuditAsync((await GoAsync(HintOf(alice, audience: other.Id))).Reply)).Should().ContainSingle().Subject;
        row.Reason.Should().Be("another aud");
    }

    [Test]
    public async Task By_a_key_nobody_knows_it_is_as_no_hint()
    {
        var encryption = Server.Get<KeyEncryption>();
        var unknown = SigningKey.TryOpen(
            SigningKey.Make("ES256", encryption, DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch), encryption);

        (await GoAsync(HintOf(mallory, key: unknown), ("prompt", "none"))).Parameters["code"].Should().NotBeNull();
    }

    [Test]
    public async Task Without_openid_it_means_nothing()
    {
        (await browser.AllowAsync(Query("nonsense", ("scope", "notes:read")), alice)).Parameters["code"].Should().NotBeNull();
    }

    [Test, Case("OIDC-151")]
    public async Task By_a_key_that_left_the_JWKS_it_holds_and_by_a_compromised_one_it_says_nothing()
    {
        await using var server = await TestServer.StartAsync(settings => settings with { JwksMaxAgeSeconds = 0, KeyNoticeSeconds = 0 });
        var (app, person, stranger) = (await server.PublicClientAsync(), await server.UserAsync(), await server.UserAsync("mallory"));
        var visitor = server.NewBrowser();
        var hint = server.Sign("JWT", server.IdTokenOf(stranger.Subject, app.Id, null));
        var kid = Jwt.Read(hint).Header["kid"]!.ToString();
        async Task<string?> ErrorAsync() => (await visitor.AllowAsync(app.AuthorizeQuery(TestClient.NewVerifier(),
            ("scope", "openid notes:read"), ("id_token_hint", hint), ("prompt", "none")), person)).Parameters["error"];
        await visitor.AllowAsync(app.AuthorizeQuery(TestClient.NewVerifier(), ("scope", "openid notes:read")), person);
        await server.Get<KeyRing>().RotateAsync(CancellationToken.None);
        server.Clock.Travel(KeyRing.NoticeOf(server.Settings) + KeyLine.Afterlife);

        (await server.GetAsync(Paths.Jwks)).Body.Should().NotContain(kid);
        (await ErrorAsync()).Should().Be("login_required", "it is about somebody else");
        await server.Get<KeyRing>().RetireNowAsync(kid, CancellationToken.None);
        (await ErrorAsync()).Should().NotBe("login_required", "a compromised key says nothing");
    }
}
