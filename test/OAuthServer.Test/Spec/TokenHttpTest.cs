using System.Diagnostics;
using System.IO.Compression;
using System.Net.Http.Headers;
using System.Text;
using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec;

/// <summary>HTTP at its edges, always with a code in hand that must still work afterwards.</summary>
[Behaviour(9)]
public sealed class TokenHttpTest : ServerFixture
{
    private TestClient client = null!;
    private Person alice = null!;
    private Code code = null!;

    [SetUp]
    public async Task BringACodeAsync()
    {
        client ??= await Server.PublicClientAsync();
        alice ??= await Server.UserAsync();
        code = await Server.GrantAsync(client, alice);
    }

    private string Form =>
        $"grant_type=authorization_code&client_id={client.Id}&code={code.Value}"
        + $"&redirect_uri={Uri.EscapeDataString(code.RedirectUri)}&code_verifier={code.Verifier}";

    private async Task TheCodeStillWorksAsync() => (await client.RedeemAsync(code)).Should().HaveIssuedTokens();

    [TestCase("GET")]
    [TestCase("PUT"), Case("THTTP-002")]
    [TestCase("DELETE"), Case("THTTP-003")]
    [TestCase("PATCH")]
    [TestCase("FOO"), Case("THTTP-006")]
    [Rfc(6749, "3.2"), Rfc(9110, "15.5.6")]
    public async Task Only_POST_gets_a_token(string verb)
    {
        var reply = await Server.SendAsync(new HttpMethod(verb), $"/token?{Form}", null, ("X-HTTP-Method-Override", "POST"));

        reply.Should().BeRefusedWith("invalid_request", 405);
        reply.Header("Allow").Should().Contain("POST");
        await TheCodeStillWorksAsync();
    }

    [Test, Rfc(9110, "9.3.2")]
    public async Task HEAD_on_token_has_no_body()
    {
        var reply = await Server.SendAsync(HttpMethod.Head, "/token");

        reply.Status.Should().Be(405);
        reply.Body.Should().BeEmpty();
    }

    [TestCase("multipart/form-data; boundary=x"), Case("THTTP-010")]
    [TestCase(null), Case("THTTP-011")]
    [TestCase("application/xml"), Case("THTTP-012")]
    [TestCase("application/x-www-form-urlencoded; charset=utf-16"), Case("THTTP-013")]
    [TestCase("application/x-www-form-urlencoded; charset=utf-7"), Case("THTTP-014")]
    [TestCase("application/json")]
    [TestCase("text/plain")]
    [TestCase("nonsense")]
    [TestCase("application/x-www-form-urlencoded, application/json")]
    [Rfc(6749, "3.2"), Rfc(9110, "15.5.16")]
    public async Task Another_content_type_is_refused(string? type)
    {
        (await Server.SendAsync(HttpMethod.Post, "/token", Requests.Form(Form, type))).Should().BeRefusedWith("invalid_request", 415);
        await TheCodeStillWorksAsync();
    }

    [TestCase("Application/X-WWW-Form-Urlencoded;Charset=UTF-8")]
    [TestCase("application/x-www-form-urlencoded; charset=\"utf-8\"")]
    [TestCase("application/x-www-form-urlencoded ; foo=bar")]
    [Rfc(6749, "3.2"), Case("THTTP-015")]
    public async Task The_form_type_is_accepted_in_any_spelling(string type) =>
        (await Server.SendAsync(HttpMethod.Post, "/token", Requests.Form(Form, type))).Should().HaveIssuedTokens();

    [Test, Rfc(6749, "3.2"), Case("THTTP-016", "THTTP-017", "THTTP-018", "THTTP-019", "THTTP-020", "THTTP-021", "THTTP-022", "THTTP-023")]
    public async Task A_repeated_parameter_is_refused(
        [Values("grant_type", "code", "client_id", "client_secret", "code_verifier", "refresh_token", "scope", "redirect_uri",
            "unknown")] string name, [Values] bool equal)
    {
        var given = Form.Split('&').FirstOrDefault(pair => pair.StartsWith(name + "=", StringComparison.Ordinal)) ?? $"{name}=one";
        var form = Form.Contains(given) ? Form : $"{Form}&{given}";

        (await Server.PostTokenAsync($"{form}&{(equal ? given : $"{name}=evil")}"))
            .Should().BeRefusedWith("invalid_request", description: "A parameter is repeated");
        await TheCodeStillWorksAsync();
    }

    [Test, Rfc(6749, "3.1")]
    public async Task An_unknown_parameter_is_ignored_and_an_empty_one_is_absent()
    {
        (await Server.PostTokenAsync(Form + "&grant%5Ftypes=x&resource=&scope=&foo=bar")).Should().HaveIssuedTokens();
    }

    [TestCase("")]
    [TestCase("grant_type=")]
    [TestCase("GRANT_TYPE=authorization_code")]
    [Rfc(6749, "4"), Case("THTTP-024")]
    public async Task A_missing_grant_type_is_refused(string type)
    {
        (await Server.PostTokenAsync(type + Form[Form.IndexOf('&')..]))
            .Should().BeRefusedWith("invalid_request", description: "grant_type is required");
        await TheCodeStillWorksAsync();
    }

    [TestCase("nope")]
    [TestCase("password")]
    [TestCase("implicit")]
    [TestCase("urn:ietf:params:oauth:grant-type:saml2-bearer")]
    [TestCase("authorization_code,refresh_token")]
    [Rfc(6749, "5.2"), Case("THTTP-030")]
    public async Task An_unknown_grant_type_is_told_before_authentication(string type)
    {
        var reply = await Server.PostTokenAsync($"grant_type={Uri.EscapeDataString(type)}");

        reply.Should().BeRefusedWith("unsupported_grant_type");
        reply.Header("Content-Type").Should().StartWith("application/json");
        reply.Json.EnumerateObject().Select(member => member.Name).Should().BeEquivalentTo("error", "error_description", "error_uri");
        reply.Body.Should().NotContain(type.Length > 4 ? type : "\"nope");
    }

    [Test, Rfc(6749, "5.2")]
    public async Task The_error_uri_points_at_the_documentation_of_the_code() =>
        (await Server.PostTokenAsync("grant_type=nope")).Json.GetProperty("error_uri").GetString()
            .Should().Be($"{Server.Issuer}/errors#unsupported_grant_type");

    [TestCase("k{0}", 10_000), Case("THTTP-028")]
    [TestCase("k{0}", 101)]
    [Rfc(6749, "3.2")]
    public async Task Too_many_keys_are_refused_quickly(string key, int count)
    {
        var form =
            string.Join('&', Enumerable.Range(0, count)
            .Select(i => string.Format(System.Globalization.CultureInfo.InvariantCulture, key, i) + "="));
        var began = Stopwatch.GetTimestamp();

        var reply = await Server.PostTokenAsync(form);

        reply.Status.Should().BeOneOf(400, 413);
        reply.Error.Should().Be("invalid_request");
        Stopwatch.GetElapsedTime(began).Should().BeLessThan(HashTiming.SlowHash());
    }

    [Test, Case("THTTP-028")]
    public async Task A_key_of_a_megabyte_is_refused() => (
        await Server.PostTokenAsync(new string('k', 1 << 20) + "=v")).Should().BeRefusedWith("invalid_request", 413);

    [Test, Case("THTTP-028")]
    public async Task A_key_past_its_limit_is_refused() => (
        await Server.PostTokenAsync(new string('k', 1000) + "=v")).Should().BeRefusedWith("invalid_request");

    [Test, Rfc(9110, "15.5.14")]
    public async Task A_body_past_64_KiB_is_refused_as_too_large()
    {
        (await Server.PostTokenAsync(Form + "&filler=" + new string('x', 64 * 1024))).Should().BeRefusedWith("invalid_request", 413);
        await TheCodeStillWorksAsync();
    }

    [TestCase("gzip")]
    [TestCase("deflate")]
    [TestCase("br")]
    [TestCase("identity")]
    [Rfc(9110, "8.4"), Case("THTTP-033")]
    public async Task A_compressed_body_is_never_unpacked(string encoding)
    {
        using var packed = new MemoryStream();
        await using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true)) await gzip
            .WriteAsync(Encoding.ASCII.GetBytes(Form));
        var content =
            new ByteArrayContent(packed.ToArray())
            {
                Headers =
            { ContentType = new MediaTypeHeaderValue("application/x-www-form-urlencoded"), ContentEncoding = { encoding } }
            };

        (await Server.SendAsync(HttpMethod.Post, "/token", content)).Should().BeRefusedWith("invalid_request", 415);
        await TheCodeStillWorksAsync();
    }

    [TestCase("%00", Description = "NUL")]
    [TestCase("%EF%BF%BD", Description = "what a decoder writes for octets it cannot read")]
    [Rfc(6749, "B")]
    public async Task Text_that_no_database_could_hold_is_refused_wherever_it_comes(string octets)
    {
        foreach (var name in new[] { "client_id", "code", "scope", "foo" })
            (await PostWithAsync(name, octets)).Should().BeRefusedWith("invalid_request");
        await TheCodeStillWorksAsync();
    }

    [TestCase("%ED%A0%80", Description = "a lone surrogate")]
    [TestCase("%FF%FE", Description = "no UTF-8")]
    [TestCase("%C0%AF", Description = "overlong")]
    [TestCase("%", Description = "half an encoding")]
    [Rfc(6749, "B")]
    public async Task Octets_that_are_no_text_match_nothing_and_break_nothing(string octets)
    {
        foreach (var name in new[] { "client_id", "code", "scope", "foo" })
            (await PostWithAsync(name, octets)).Status.Should().BeOneOf([200, 400, 401], name);
        (await PostWithAsync("code", octets)).Error.Should().BeOneOf("invalid_grant", "invalid_request");
        (await PostWithAsync("client_id", octets)).Error.Should().BeOneOf("invalid_client", "invalid_request");
    }

    private Task<Reply> PostWithAsync(string name, string octets) =>
        Server.PostTokenAsync(
            $"{string.Join('&', Form.Split('&').Where(pair => !pair.StartsWith(name + "=", StringComparison.Ordinal)))}&{name}=a{octets}b");

    [TestCase("HTTP/1.0", "", Description = "HTTP/1.0 without Host")]
    [TestCase("HTTP/1.1", "", Description = "no Host")]
    [TestCase("HTTP/1.1", "Host: localhost\r\nHost: evil.example\r\n", Description = "two Hosts")]
    [TestCase("HTTP/1.1", "Host: evil.example\r\n", Description = "another Host")]
    [TestCase("HTTP/9.9", "Host: localhost\r\n", Description = "another version")]
    [Rfc(9112, "3.2"), Case("THTTP-035")]
    public async Task A_request_under_no_name_of_ours_is_refused(string version, string headers)
    {
        var reply = await Server.SendRawAsync(Server.Post("/token", Form, version, headers));

        reply.Status.Should().BeOneOf(400, 404, 426, 505);
        reply.Text.Should().NotContain("access_token").And.NotContain("   at ");
        await TheCodeStillWorksAsync();
    }

    [Test, Rfc(9112, "3.2.2"), Case("THTTP-035")]
    public async Task An_absolute_target_of_another_host_is_refused()
    {
        var reply = await Server.SendRawAsync(Server.Post("http://evil.example/token", Form));

        reply.Status.Should().Be(400);
        await TheCodeStillWorksAsync();
    }

    [Test, Rfc(9112, "6.3")]
    public async Task Two_ways_to_say_how_long_the_body_is_are_refused()
    {
        var reply = await Server.SendRawAsync(
            $"POST /token HTTP/1.1\r\nHost: {Server.Settings.IssuerAuthority}\r\nContent-Type: "
                + $"application/x-www-form-urlencoded\r\nContent-Length: 4\r\nContent-Length: 40\r\nConnection: close\r\n\r\n{Form}");

        reply.Status.Should().Be(400);
        await TheCodeStillWorksAsync();
    }

    [TestCase("/TOKEN")]
    [TestCase("/token/")]
    [TestCase("//token")]
    [TestCase("/token;x")]
    [TestCase("/token%00")]
    [TestCase("/./token")]
    [TestCase("/x/../token")]
    [TestCase("/token%2f")]
    [TestCase("/%74oken")]
    [Rfc(3986, "6"), Case("THTTP-036")]
    public async Task A_variant_of_the_path_never_gets_past_a_check(string path)
    {
        // Whatever path is served is served whole: a wrong verifier is refused by the same rules, then the code works.
        var wrong = await Server.SendRawAsync(Server.Post(path, Form.Replace(code.Verifier, TestClient.NewVerifier())));
        var stranger = await Server.SendRawAsync(Server.Post(path, Form.Replace(client.Id, "nobody")));

        wrong.Status.Should().BeOneOf(400, 404);
        stranger.Status.Should().BeOneOf(400, 401, 404);
        (wrong.Text + stranger.Text).Should().NotContain("access_token").And.NotContain("500 Internal");
        await TheCodeStillWorksAsync();
    }

    [Test, Behaviour(13), Case("THTTP-032")]
    public async Task A_page_elsewhere_may_ask_for_tokens_but_never_with_cookies()
    {
        var reply = await Server.SendAsync(HttpMethod.Options, "/token", null,
            ("Origin", "https://spa.example"), ("Access-Control-Request-Method", "POST"),
                ("Access-Control-Request-Headers", "content-type,authorization"));

        reply.Status.Should().Be(204);
        reply.Header("Access-Control-Allow-Origin").Should().Be("*");
        reply.Header("Access-Control-Allow-Methods").Should().Contain("POST");
        reply.Header("Access-Control-Allow-Headers").Should().ContainAll("content-type", "authorization");
        reply.Header("Access-Control-Allow-Credentials").Should().BeNull();
    }

    [Test, Behaviour(13)]
    public async Task Errors_too_can_be_read_from_another_origin()
    {
        foreach (var (method, path, status) in new[] { ("POST", "/token", 401), ("POST", "/revoke", 401), ("GET", "/token", 405),
            ("GET", "/.well-known/openid-federation", 404) })
        {
            var reply =
                await Server.SendAsync(new HttpMethod(method), path, method == "POST"
                ? Requests.Form("grant_type=refresh_token&refresh_token=x&token=x&client_id=nobody") : null,
                ("Origin", "https://spa.example"));

            reply.Status.Should().Be(status);
            reply.Header("Access-Control-Allow-Origin").Should().Be("*", path);
            reply.Header("Access-Control-Expose-Headers").Should().ContainAll("WWW-Authenticate", "Retry-After", "Request-Id");
            reply.Header("Access-Control-Allow-Credentials").Should().BeNull();
        }
    }

    [TestCase("/introspect")]
    [TestCase("/why/x")]
    [TestCase("/authorize")]
    [Rfc(9700, "2.6"), Behaviour(13)]
    public async Task Other_endpoints_are_closed_to_pages_elsewhere(string path) =>
        (await Server.GetAsync(path, ("Origin", "https://spa.example"))).Header("Access-Control-Allow-Origin").Should().BeNull();

    [Test, Behaviour(9)]
    public async Task Every_answer_has_a_request_id_of_its_own_and_a_clients_own_is_not_believed()
    {
        var replies =
            new[] { await Server.PostTokenAsync(Form, ("Request-Id", "mine")), await Server.PostTokenAsync("x"),
                await Server.GetAsync("/nothing"), await Server.GetAsync("/jwks") };

        replies.Select(reply => reply.RequestId).Should().OnlyHaveUniqueItems().And.OnlyContain(id => id.Length == 20 && id != "mine");
    }

    [Test, Behaviour(9)]
    public async Task A_request_id_begins_with_a_letter_for_a_command_line_takes_what_begins_with_a_hyphen_for_an_option()
    {
        var replies = await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => Server.GetAsync("/nothing")));

        replies.Should().OnlyContain(reply => char.IsAsciiLetter(reply.RequestId[0]));
    }
}
