using System.Text.Json.Nodes;
using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec.BadInput;

/// <summary>
/// Client assertions that are refused, beside a good code: status, error and sentence, what <c>why</c> tells, and the code is redeemed
/// after all.
/// </summary>
[Behaviour(41, 45), Rfc(7523, "3")]
public sealed class BadClientAssertionTest : BadInputFixture
{
    private const string Failed = "Client authentication failed", Rule = "RFC 7523 §3";

    // What no key of the client proves gets one answer, and the audit log the cause.
    private static IEnumerable<TestCaseData> Unproven()
    {
        yield return Row("HS256", t => t.Web.Assertion((header, _) => header["alg"] = "HS256"), "alg");
        yield return Row("none", t => t.Web.Assertion((header, _) => header["alg"] = "none"), "alg");
        yield return Row("EdDSA", t => t.Web.Assertion((header, _) => header["alg"] = "EdDSA"), "alg");
        yield return Row("wrong_key", t => t.Web.With(SigningPair.Ec()).Assertion(), "the signature is by no key of the client");
        yield return Row("unknown_kid", t => t.Web.Assertion((header, _) => header["kid"] = "k9"),
            "the client has no key for ES256 with this kid");
        yield return Row("another_iss", t => t.Web.Assertion((_, claims) => claims["iss"] = "another"), "iss is not sub");
        yield return Row("no_sub", t => t.Web.Assertion((_, claims) => claims.Remove("sub")), "sub is missing");
        yield return Row("malformed", _ => "x.y", "client assertion: ");
        yield return Row("9_KiB", t => t.Web.Assertion((_, claims) => claims["pad"] = new string('x', 9000)), "client assertion: ");
        yield return Row("at_jwt", t => t.Web.Assertion((header, _) => header["typ"] = "at+jwt"), "typ is of another kind of token");
        yield return Row("dpop_jwt", t => t.Web.Assertion((header, _) => header["typ"] = "dpop+jwt"), "typ is of another kind of token");

        static TestCaseData Row(string name, Func<BadClientAssertionTest, string> make, string reason) =>
            new TestCaseData(make, reason).SetArgDisplayNames(name);
    }

    [TestCaseSource(nameof(Unproven)), Behaviour(40)]
    public async Task What_no_key_of_the_client_signed(Func<BadClientAssertionTest, string> make, string reason)
    {
        var (reply, code) = await RedeemAsync(make(this));

        reply.Should().BeRefusedWith("invalid_client", 401, Failed);
        var line = (await Server.AuditAsync(reply)).Should().ContainSingle().Subject;
        (line.Rule, line.Expected).Should().Be((Rule, "an assertion signed by a key of the client"));
        line.Reason.Should().Contain(reason);
        await StillWorksAsync(code);
        (await Web.Bare.PushAsync(TestClient.NewVerifier(), KeyClient.Proof(make(this))[0], KeyClient.Proof(make(this))[1]))
            .Should().BeRefusedWith("invalid_client", 401, Failed);
    }

    // Once the signature holds: the sentence for the client; claim, expected and got for whoever may ask why.
    private static IEnumerable<TestCaseData> Proven()
    {
        yield return Row("exp_passed", "has expired", "exp", "later than {now}", "{now-360}", (c, now, _) => c["exp"] = now - 360);
        yield return Row("nbf_ahead", "is not valid yet", "nbf", "at most {now+30}", "{now+120}", (c, now, _) => c["nbf"] = now + 120);
        yield return Row("iat_ahead", "is not valid yet", "iat", "at most {now+300}", "{now+400}", (c, now, _) => c["iat"] = now + 400);
        yield return Row("exp_far", "lives too long", "exp", "at most 300 s from now", "*s from now", (c, now, _) => c["exp"] = now + 3600);
        yield return Row("aud_elsewhere", "is for another audience", "aud", "{issuer} and nothing else", "\"https://elsewhere.example\"",
            (c, _, _) => c["aud"] = "https://elsewhere.example");
        yield return Row("aud_token_endpoint", "is for another audience", "aud", "{issuer} and nothing else", "\"{issuer}/token\"",
            (c, _, issuer) => c["aud"] = issuer + Paths.Token);
        yield return Row("aud_of_two", "is for another audience", "aud", "{issuer} and nothing else", "*{issuer}*",
            (c, _, issuer) => c["aud"] = new JsonArray(issuer, issuer + Paths.Token));
        yield return Row("no_exp", "lacks a claim", "exp", "a whole number of seconds", "none", (c, _, _) => c.Remove("exp"));
        yield return Row("exp_text", "lacks a claim", "exp", "a whole number of seconds", "\"soon\"", (c, _, _) => c["exp"] = "soon");
        yield return Row("no_jti", "lacks a claim", "jti", "1 to 256 characters", "none", (c, _, _) => c.Remove("jti"));
        yield return Row("jti_long", "lacks a claim", "jti", "1 to 256 characters", "another length or type",
            (c, _, _) => c["jti"] = new string('j', 257));
        yield return Row("no_aud", "lacks a claim", "aud", "{issuer}", "none", (c, _, _) => c.Remove("aud"));

        static TestCaseData Row(
            string name, string told, string claim, string expected, string got, Action<JsonObject, long, string> change) =>
            new TestCaseData(told, claim, expected, got, change).SetArgDisplayNames(name);
    }

    [TestCaseSource(nameof(Proven))]
    public async Task What_its_key_signed_is_told_and_why_says_more(
        string told, string claim, string expected, string got, Action<JsonObject, long, string> change)
    {
        var now = Server.Clock.GetUtcNow().ToUnixTimeSeconds();
        var (reply, code) = await RedeemAsync(Web.Assertion((_, claims) => change(claims, now, Server.Issuer)));

        reply.Should().BeRefusedWith("invalid_client", 401, $"The client assertion {told}");
        var line = (await Server.AuditAsync(reply)).Should().ContainSingle().Subject;
        (line.ClientId, line.Rule, line.Reason).Should().Be((Web.Id, Rule, $"client assertion, {claim}"));
        Fits(line.Expected!, expected, now);
        Fits(line.Got!, got, now);
        var why = await Server.RunBinaryAsync(null, "why", reply.RequestId);
        why.Out.Should().Contain(Rule).And.Contain($"client assertion, {claim}").And.Contain(line.Expected).And.Contain(line.Got);
        await StillWorksAsync(code);
    }

    [Test, Behaviour(42)]
    public async Task One_that_was_used()
    {
        var assertion = Web.Assertion();
        (await Web.Bare.RefreshAsync("x", KeyClient.Proof(assertion))).Should().BeRefusedWith("invalid_grant");

        var (reply, code) = await RedeemAsync(assertion);

        reply.Should().BeRefusedWith("invalid_client", 401, "The client assertion was used before");
        (await Server.AuditAsync(reply)).Should().ContainSingle().Which.Should().Match<AuditLine>(line =>
            line.Rule == Rule && line.Reason == "the jti of the client assertion was used before"
            && line.Expected == "a jti that this client never used" && line.Got == "one it used");
        await StillWorksAsync(code);
    }

    [Test]
    public async Task A_disabled_clients_own()
    {
        var client = await Server.KeyClientAsync();
        await Server.ExecuteAsync("update clients set enabled = false where client_id = @Id", new { client.Id });
        await Server.HearsOfAsync(client.Bare, row => !row.Enabled);

        var reply = await RefusedAsync(() => client.CredentialsAsync());

        reply.Should().BeRefusedWith("invalid_client", 401, "The client has been revoked");
        (await Server.AuditAsync(reply)).Should().ContainSingle().Which.Should().Match<AuditLine>(line =>
            line.ClientId == client.Id && line.Reason == "the client is disabled" && line.Rule!.Length > 0);
    }

    private static IEnumerable<TestCaseData> Forms()
    {
        yield return Row("another_type", "client_assertion_type is not supported", t =>
            [("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:saml2-bearer"), t.Web.Proof()[1]]);
        yield return Row("no_type", "client_assertion_type is not supported", t => [t.Web.Proof()[1]]);
        yield return Row("a_secret_too", "Use one way to authenticate", t => [.. t.Web.Proof(), ("client_secret", "x")]);
        yield return Row("another_client_id", "client_id differs from the assertion", t => [.. t.Web.Proof(), ("client_id", t.Pub.Id)]);

        static TestCaseData Row(string name, string told, Func<BadClientAssertionTest, (string, string?)[]> form) =>
            new TestCaseData(told, form).SetArgDisplayNames(name);
    }

    [TestCaseSource(nameof(Forms)), Rfc(7521, "4.2")]
    public async Task A_form_that_says_two_things(string told, Func<BadClientAssertionTest, (string Name, string? Value)[]> form)
    {
        var code = await Server.GrantAsync(Web.Bare, Alice);
        (string Name, string? Value)[] all =
            [("grant_type", "authorization_code"), ("code", code.Value), ("code_verifier", code.Verifier), .. form(this)];
        foreach (var path in new[] { Paths.Token, Paths.Par, Paths.Revoke, Paths.Introspect, Paths.DeviceAuthorization })
        {
            var reply = await RefusedAsync(() => Web.Bare.PostAsync(path, all));

            reply.Should().BeRefusedWith("invalid_request", 400, told);
            (await Server.AuditAsync(reply)).Should().ContainSingle(path).Which.Rule.Should().NotBeNullOrEmpty();
        }

        await StillWorksAsync(code);
    }

    [Test, Behaviour(43)]
    public async Task Keys_that_nobody_can_reach_and_nobody_has_read()
    {
        var client = await Server.KeyClientAsync(jwksUri: "https://keys.invalid/jwks");

        var reply = await RefusedAsync(() => client.CredentialsAsync());

        reply.Should().BeRefusedWith("temporarily_unavailable", 503);
        reply.Header("Retry-After").Should().MatchRegex("^[0-9]+$");
    }

    private async Task<(Reply Reply, Code Code)> RedeemAsync(string assertion)
    {
        var code = await Server.GrantAsync(Web.Bare, Alice);
        return (await RefusedAsync(() => Web.Bare.RedeemAsync(code, KeyClient.Proof(assertion))), code);
    }

    private async Task StillWorksAsync(Code code) => (await Web.Bare.RedeemAsync(code, Web.Proof())).Should().HaveIssuedTokens();

    // Seconds may pass between making and judging; {now+30} is that or a little later.
    private void Fits(string text, string pattern, long now)
    {
        pattern = pattern.Replace("{issuer}", Server.Issuer);
        var times = System.Text.RegularExpressions.Regex.Match(pattern, @"\{now(?<more>[+-]\d+)?\}");
        if (times.Success)
        {
            var least = now + (times.Groups["more"] is { Success: true, Value: var more } ? int.Parse(more) : 0);
            var told = long.Parse(System.Text.RegularExpressions.Regex.Match(text, @"\d+").Value);
            told.Should().BeInRange(least, least + 10);
            text.Should().Be(pattern.Replace(times.Value, told.ToString()));
        }
        else
        {
            text.Should().Match(pattern);
        }
    }
}
