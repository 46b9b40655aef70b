using System.Formats.Cbor;
using System.Text.Json.Nodes;
using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec.SecondFactor;

/// <summary>Passkeys: added by their person, in their session; they sign in alone, once for each challenge.</summary>
[Behaviour(88), Behaviour(89), Behaviour(90)]
public sealed class PasskeyTest : SecondFactorFixture
{
    [Test]
    public async Task A_passkey_signs_in_alone_as_two_factors()
    {
        var (person, _, passkey) = await WithPasskeyAsync();
        var browser = Server.NewBrowser();

        var answer = await SignInAsync(browser, passkey);

        answer.Status.Should().Be(200, answer.Body);
        answer.Json.GetProperty("location").GetString().Should().Be(Paths.ConnectedApps);
        (await browser.IsSignedInAsync()).Should().BeTrue();
        (await Server.AuditAsync(answer)).Should().ContainSingle(row => row.Event == "sign-in").Which.Detail.Should().Be("passkey");
        (await Server.ScalarAsync<string>(
            "select acr || ' ' || array_to_string(amr, ' ') from sessions where subject = @Subject order by authenticated_at desc limit 1", person))
            .Should().Be("aal2 pop user mfa");
    }

    [Test]
    public async Task It_leads_on_to_the_request_that_waits()
    {
        var (_, _, passkey) = await WithPasskeyAsync();
        var (client, browser) = (await Server.PublicClientAsync(), Server.NewBrowser());
        var login = await browser.FollowAsync($"{Paths.Authorize}?{client.AuthorizeQuery(TestClient.NewVerifier())}");
        var options = await JsonAsync(browser, Paths.LoginPasskeyOptions, login, []);

        var answer = await JsonAsync(browser, Paths.LoginPasskey, login, new JsonObject
        {
            ["passkey"] = passkey.Get(options.JsonObject()),
            ["request"] = login.Parameters["request"],
        });

        (await browser.FollowAsync(answer.Json.GetProperty("location").GetString()!)).Is(Paths.Consent).Should().BeTrue();
    }

    [Test, Case("PK-101")]
    public async Task A_challenge_made_for_another_person_adds_nothing()
    {
        var (alice, mallory) = (Server.NewBrowser(), Server.NewBrowser());
        await alice.SignInAsync(await Server.UserAsync());
        await mallory.SignInAsync(await Server.UserAsync("mallory"));
        var (hers, his) = (await alice.FollowAsync(Paths.Passkeys), await mallory.FollowAsync(Paths.Passkeys));
        var options = await JsonAsync(alice, Paths.PasskeyOptions, hers, []);
        using var passkey = new Authenticator(Server.Issuer);

        var answer = await JsonAsync(mallory, Paths.Passkeys, his,
            new JsonObject { ["passkey"] = passkey.Create(options.JsonObject()), ["name"] = "x" });

        answer.Status.Should().Be(400);
        (await PasskeysAsync(passkey)).Should().Be(0);
    }

    [TestCase("an old sign-in"), TestCase("no token"), TestCase("another site"), TestCase("nobody signed in")]
    [Case("PK-103")]
    public async Task Adding_one_needs_a_recent_sign_in_and_a_page_of_ours(string how)
    {
        var browser = Server.NewBrowser();
        await browser.SignInAsync(await Server.UserAsync());
        var page = await browser.FollowAsync(Paths.Passkeys);
        var options = await JsonAsync(browser, Paths.PasskeyOptions, page, []);
        using var passkey = new Authenticator(Server.Issuer);
        var made = new JsonObject { ["passkey"] = passkey.Create(options.JsonObject()), ["name"] = "x" };
        string? token = null;
        switch (how)
        {
            case "an old sign-in": Server.Clock.Travel(TimeSpan.FromMinutes(6)); break;
            case "no token": token = "x"; break;
            case "another site": browser.Headers["Sec-Fetch-Site"] = "cross-site"; break;
            default:
                browser.Cookies.Remove(browser.Cookies.Keys.Single(name => name.StartsWith("__Host-oauth-s-", StringComparison.Ordinal)));
                break;
        }

        var answer = await JsonAsync(browser, Paths.Passkeys, page, made, token);

        answer.Status.Should().BeOneOf(400, 401, 403);
        (await PasskeysAsync(passkey)).Should().Be(0);
    }

    [Test, Case("PK-104")]
    public async Task A_credential_id_belongs_to_one_person()
    {
        var (alice, hers, passkey) = await WithPasskeyAsync();
        using var same = new Authenticator(Server.Issuer) { Id = passkey.Id };
        var mallory = Server.NewBrowser();
        await mallory.SignInAsync(await Server.UserAsync("mallory"));

        (await AddAsync(mallory, same)).Status.Should().Be(409);
        (await AddAsync(hers, same)).Status.Should().Be(409);

        (await Server.QueryAsync<Guid>("select subject from passkeys where id = @Id", passkey)).Should().Equal(alice.Subject);
        (await SignInAsync(Server.NewBrowser(), passkey)).Status.Should().Be(200, "the key is the one it was");
    }

    [TestCase("origin", "https://evil.example"), TestCase("origin", "http://localhost"), TestCase("type", "webauthn.create"),
        TestCase("rpId", "evil.example"), TestCase("crossOrigin", "true"), TestCase("topOrigin", "https://evil.example"),
        TestCase("topOrigin", "ours"), TestCase("challenge", "AAAA")]
    [Case("PK-106")]
    public async Task What_was_signed_elsewhere_signs_nobody_in(string what, string value)
    {
        var (_, _, passkey) = await WithPasskeyAsync();
        var browser = Server.NewBrowser();
        using var lying = passkey.Lying(Server.Issuer, what, value);

        var answer = await SignInAsync(browser, lying);

        answer.Status.Should().BeOneOf(400, 401);
        (await browser.IsSignedInAsync()).Should().BeFalse();
        (await Server.AuditAsync(answer)).Should().ContainSingle().Which.Event.Should().Be("passkey");
    }

    [Test, Case("PK-107")]
    public async Task A_passkey_that_did_not_verify_its_person_signs_nobody_in_and_is_not_added()
    {
        var (_, hers, passkey) = await WithPasskeyAsync();
        using var careless = passkey.Lying(Server.Issuer, "user", "unverified");
        var browser = Server.NewBrowser();

        (await SignInAsync(browser, careless)).Status.Should().Be(401);
        (await browser.IsSignedInAsync()).Should().BeFalse();
        using var added = new Authenticator(Server.Issuer) { VerifiesUser = false };
        (await AddAsync(hers, added)).Status.Should().Be(400);
        (await PasskeysAsync(added)).Should().Be(0);
    }

    [Test, Case("PK-110")]
    public async Task A_challenge_works_in_its_browser_only_once_and_for_five_minutes()
    {
        var (_, _, passkey) = await WithPasskeyAsync();
        var (mallory, alice) = (Server.NewBrowser(), Server.NewBrowser());
        var (his, hers) = (await mallory.FollowAsync(Paths.Login), await alice.FollowAsync(Paths.Login));
        var options = (await JsonAsync(mallory, Paths.LoginPasskeyOptions, his, [])).JsonObject();
        var signed = new JsonObject { ["passkey"] = passkey.Get(options) };

        (await JsonAsync(alice, Paths.LoginPasskey, hers, signed.DeepClone().AsObject())).Status.Should()
            .Be(400, "another browser's challenge");
        (await JsonAsync(mallory, Paths.LoginPasskey, his, signed.DeepClone().AsObject())).Status.Should().Be(200);
        (await JsonAsync(mallory, Paths.LoginPasskey, his, signed.DeepClone().AsObject())).Status.Should().Be(401, "it was used");

        var late = (await JsonAsync(alice, Paths.LoginPasskeyOptions, hers, [])).JsonObject();
        Server.Clock.Travel(TimeSpan.FromSeconds(301));
        (await JsonAsync(alice, Paths.LoginPasskey, hers, new JsonObject { ["passkey"] = passkey.Get(late) })).Status.Should().Be(400);
    }

    [Test]
    public async Task A_failed_attempt_uses_the_challenge_up_and_a_page_view_stores_nothing()
    {
        var (_, _, passkey) = await WithPasskeyAsync();
        var browser = Server.NewBrowser();
        var before = await Server.ScalarAsync<long>("select count(*) from used_proofs");
        var login = await browser.FollowAsync(Paths.Login);
        var options = (await JsonAsync(browser, Paths.LoginPasskeyOptions, login, [])).JsonObject();
        (await Server.ScalarAsync<long>("select count(*) from used_proofs")).Should().Be(before);
        using var stranger = new Authenticator(Server.Issuer);

        foreach (var one in new[] { stranger, passkey })
            (await JsonAsync(browser, Paths.LoginPasskey, login, new JsonObject { ["passkey"] = one.Get(options) }))
                .Status.Should().Be(401);
    }

    [Test, Case("PK-111")]
    public async Task The_handle_names_the_person_whose_passkey_it_is()
    {
        var (_, _, alice) = await WithPasskeyAsync();
        var (_, _, mallory) = await WithPasskeyAsync();
        (alice.Handle, mallory.Handle) = (mallory.Handle, alice.Handle);

        foreach (var passkey in new[] { alice, mallory })
        {
            var browser = Server.NewBrowser();
            (await SignInAsync(browser, passkey)).Status.Should().Be(401);
            (await browser.IsSignedInAsync()).Should().BeFalse();
        }
    }

    [Test, Case("PK-113")]
    public async Task Options_before_a_sign_in_name_nobodys_passkeys()
    {
        var (alice, _, _) = await WithPasskeyAsync();
        var browser = Server.NewBrowser();
        var login = await browser.FollowAsync(Paths.Login);

        foreach (var name in new[] { alice.Username, "nobody" })
        {
            var options = await JsonAsync(browser, Paths.LoginPasskeyOptions, login, new JsonObject { ["username"] = name });
            options.Status.Should().Be(200);
            options.Json.TryGetProperty("allowCredentials", out var allowed).Should().Be(allowed.ValueKind != default);
            (options.JsonObject()["allowCredentials"]?.AsArray().Count ?? 0).Should().Be(0);
            ((string?)options.JsonObject()["userVerification"]).Should().Be("required");
        }
    }

    [TestCase("remove"), TestCase("rename")]
    [Case("PK-115")]
    public async Task Somebody_elses_passkey_is_not_there(string what)
    {
        var (alice, _, passkey) = await WithPasskeyAsync();
        var (_, mallory, _) = await WithPasskeyAsync();
        var page = await mallory.FollowAsync(Paths.Passkeys);

        var answer = await mallory.SubmitToAsync(Paths.Passkeys, page with { Reply = page.Reply }, ("what", what), ("name", "mine now"),
            ("passkey", System.Buffers.Text.Base64Url.EncodeToString(passkey.Id)));

        answer.Status.Should().Be(404);
        (await Server.QueryAsync<string>("select name from passkeys where subject = @Subject", alice)).Should().Equal("A phone");
    }

    [Test]
    public async Task A_counter_that_does_not_rise_is_refused_and_said_so()
    {
        var (_, _, passkey) = await WithPasskeyAsync();
        passkey.Counter = 7;
        (await SignInAsync(Server.NewBrowser(), passkey)).Status.Should().Be(200);

        var again = await SignInAsync(Server.NewBrowser(), passkey);
        passkey.Counter = 0;
        var without = await SignInAsync(Server.NewBrowser(), passkey);

        (again.Status, without.Status).Should().Be((401, 401));
        var row = (await Server.AuditAsync(again)).Single();
        row.Reason.Should().StartWith("passkey_counter");
        (row.Expected, row.Got).Should().Be(("a counter over 7", "7"));
        passkey.Counter = 8;
        (await SignInAsync(Server.NewBrowser(), passkey)).Status.Should().Be(200);
    }

    [Test]
    public async Task One_answer_for_unknown_removed_disabled_and_badly_signed()
    {
        var (alice, browser, passkey) = await WithPasskeyAsync();
        var (bob, _, removed) = await WithPasskeyAsync();
        await Server.ExecuteAsync("delete from passkeys where subject = @Subject", bob);
        using var stranger = new Authenticator(Server.Issuer) { Handle = passkey.Handle };
        using var forged = new Authenticator(Server.Issuer) { Id = passkey.Id, Handle = passkey.Handle };

        var answers = new List<Reply>
        {
            await SignInAsync(Server.NewBrowser(), stranger), await SignInAsync(Server.NewBrowser(), removed),
            await SignInAsync(Server.NewBrowser(), forged),
        };
        await Server.ExecuteAsync("update users set enabled = false where subject = @Subject", alice);
        answers.Add(await SignInAsync(Server.NewBrowser(), passkey));

        answers.Should().OnlyContain(answer => answer.Status == 401 && answer.Description == "This passkey cannot be used here");
        answers.Select(answer => answer.Body).Distinct().Should().ContainSingle();
        (await browser.IsSignedInAsync()).Should().BeFalse();
    }

    [Test, Behaviour(86)]
    public async Task Other_keys_than_ES256_and_RS256_are_refused_before_the_library_and_no_libsodium_is_loaded()
    {
        var (_, browser, passkey) = await WithPasskeyAsync();
        (await SignInAsync(Server.NewBrowser(), passkey)).Status.Should().Be(200);
        using var edwards = new Authenticator(Server.Issuer) { KeyOfItsOwn = Ed25519 };

        (await AddAsync(browser, edwards)).Status.Should().Be(400);

        (await PasskeysAsync(edwards)).Should().Be(0);
        File.ReadAllText("/proc/self/maps").Should().NotContain("libsodium");
    }

    [Test]
    public async Task Twenty_are_the_most_and_the_last_way_in_stays()
    {
        var (person, browser, passkey) = await WithPasskeyAsync();
        await Server.ExecuteAsync("""
            insert into passkeys (id, subject, public_key, sign_count, name, created_at)
            select decode(md5(@Subject::text || i), 'hex'), @Subject, 'x', 0, 'key ' || i, now() from generate_series(1, 19) i
            """, person);
        using var more = new Authenticator(Server.Issuer);
        var page = await browser.FollowAsync(Paths.Passkeys);
        page.Reply.Body.Should().Contain("You have 20 passkeys");
        await Server.ExecuteAsync("delete from passkeys where subject = @Subject and public_key = 'x'", person);
        await Server.ExecuteAsync("update users set password_hash = null where subject = @Subject", person);
        browser = Server.NewBrowser();
        (await SignInAsync(browser, passkey)).Status.Should().Be(200);

        var answer = await browser.SubmitToAsync(Paths.Passkeys, await browser.FollowAsync(Paths.Passkeys), ("what", "remove"));

        answer.Status.Should().Be(409);
        answer.Body.Should().Contain("your last way to sign in");
        (await PasskeysAsync(passkey)).Should().Be(1);
    }

    [TestCase("[]", 400), TestCase("{", 400), TestCase("{\"passkey\":{\"id\":1}}", 400), TestCase("{\"passkey\":null}", 400)]
    public async Task Malformed_JSON_is_an_invalid_request(string json, int status)
    {
        var browser = Server.NewBrowser();
        var login = await browser.FollowAsync(Paths.Login);
        var token = login.Reply.Page.QuerySelector("#passkey input[name=antiforgery]")!.GetAttribute("value")!;

        var answer = await browser.PostJsonAsync(Paths.LoginPasskey, json, token);

        (answer.Status, answer.Error).Should().Be((status, "invalid_request"));
        (await browser.PostJsonAsync(Paths.LoginPasskey, $"{{\"x\":\"{new string('x', 17_000)}\"}}", token)).Status.Should().Be(413);
        (await browser.PostAsync(Paths.LoginPasskey, [new("x", "y")])).Status.Should().Be(415);
    }

    private Task<long> PasskeysAsync(Authenticator passkey) =>
        Server.ScalarAsync<long>("select count(*) from passkeys where id = @Id", new { passkey.Id });

    private static byte[] Ed25519()
    {
        var cose = new CborWriter(CborConformanceMode.Ctap2Canonical);
        cose.WriteStartMap(4);
        foreach (var (label, value) in new[] { (1, 1), (3, -8), (-1, 6) })
        {
            cose.WriteInt32(label);
            cose.WriteInt32(value);
        }

        cose.WriteInt32(-2);
        cose.WriteByteString(new byte[32]);
        cose.WriteEndMap();
        return cose.Encode();
    }
}
