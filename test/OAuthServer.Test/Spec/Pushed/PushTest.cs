using System.Text;
using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Authorization;
using OAuthServer.Grants;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec.Pushed;

/// <summary>POST /par: who may push, and that it checks as /authorize does.</summary>
[Behaviour(58)]
public sealed class PushTest : ServerFixture
{
    private TestClient client = null!;
    private TestClient web = null!;
    private Person alice = null!;

    [OneTimeSetUp]
    public async Task SetUpCastAsync() =>
        (client, web, alice) = (await Server.PublicClientAsync(), await Server.ConfidentialClientAsync(), await Server.UserAsync());

    [Test, Rfc(9126, "2.2"), Case("PAR-107")]
    public async Task A_public_client_pushes_and_completes()
    {
        var verifier = TestClient.NewVerifier();

        var pushed = await client.PushAsync(verifier, ("state", "as pushed/é"));

        pushed.Status.Should().Be(201);
        pushed.Header("Cache-Control").Should().Be("no-store");
        pushed.RequestUri().Should().MatchRegex("^urn:ietf:params:oauth:request_uri:[A-Za-z0-9_-]{43}$");
        pushed.Json.GetProperty("expires_in").GetInt32().Should().Be(90);
        pushed.Json.EnumerateObject().Should().HaveCount(2);
        var landed = await Server.NewBrowser().AllowAsync(client.PushedQuery(pushed), alice);
        Uri.UnescapeDataString(landed.Parameters["state"]!).Should().Be("as pushed/é");
        landed.Parameters["iss"].Should().Be(Server.Issuer);
        (await client.RedeemAsync(new Code(landed.Parameters["code"]!, verifier, client.Redirect))).Should().HaveIssuedTokens("notes:read");
    }

    [Test, Rfc(9126, "2")]
    public async Task A_confidential_client_pushes_and_nothing_it_proved_itself_with_is_kept()
    {
        var verifier = TestClient.NewVerifier();
        var posting = await Server.ConfidentialClientAsync("client_secret_post");
        var form = web.AuthorizeQuery(verifier).Replace(Uri.EscapeDataString(web.Id), Uri.EscapeDataString(posting.Id))
            + $"&client_s%65cret={Cast.Secret}";

        var replies = new[]
        {
            await web.PushAsync(verifier),
            await Server.SendAsync(HttpMethod.Post, Paths.Par, Requests.Form(form)),
        };

        replies.Should().OnlyContain(reply => reply.Status == 201);
        (await Server.QueryAsync<string>("select query from pushed_requests where client_id = any (@ids)",
            new { ids = new[] { web.Id, posting.Id } })).Should().HaveCount(2).And
            .OnlyContain(query => query.Contains("code_challenge=") && !query.Contains("cret") && !query.Contains(Cast.Secret));
        var browser = Server.NewBrowser();
        var landed = await browser.AllowAsync(web.PushedQuery(replies[0]), alice);
        (await web.RedeemAsync(new Code(landed.Parameters["code"]!, verifier, web.Redirect))).Should().HaveIssuedTokens();
    }

    [Test, Rfc(9126, "2.1"), Case("EXT-004")]
    public async Task Whoever_does_not_authenticate_as_at_the_token_endpoint_pushes_nothing()
    {
        var verifier = TestClient.NewVerifier();
        var unknown = new TestClient(Server, "nobody", "wrong", "client_secret_basic", Cast.Redirect);

        foreach (var stranger in new[] { web.With(null, "none"), web.With("wrong"), unknown, unknown.With(null, "none") })
            (await stranger.PushAsync(verifier)).Should().BeRefusedWith("invalid_client", 401, "Client authentication failed");
        (await client.PushAsync(verifier, ("client_secret", "one")))
            .Should().BeRefusedWith("invalid_client", 401, "Client authentication failed");
        (await web.PushAsync(verifier, ("client_id", client.Id)))
            .Should().BeRefusedWith("invalid_request", 400, "client_id differs from the authenticated client");
        (await web.PostAsync(Paths.Par, ("response_type", "code"))).Should()
            .BeRefusedWith("invalid_request", 400, "client_id is required");
    }

    [TestCase("redirect_uri", "https://evil.example/cb", "invalid_request", "redirect_uri is not registered for this app")]
    [TestCase("code_challenge", null, "invalid_request", "code_challenge is required")]
    [TestCase("code_challenge", "short", "invalid_request", "code_challenge must be 43 base64url characters")]
    [TestCase("code_challenge_method", "plain", "invalid_request", "code_challenge_method must be S256")]
    [TestCase("response_type", "token", "unsupported_response_type", "response_type must be code")]
    [TestCase("response_mode", "fragment", "invalid_request", "response_mode must be query or form_post")]
    [TestCase("scope", "admin", "invalid_scope", null)]
    [TestCase("scope", "a\"b", "invalid_scope", "scope is malformed")]
    [TestCase("resource", "https://unknown.example/", "invalid_target", null)]
    [TestCase("prompt", "none login", "invalid_request", "prompt=none goes with no other value")]
    [TestCase("max_age", "-1", "invalid_request", "max_age must be a whole number of seconds")]
    [TestCase("request", "eyJhbGciOiJub25lIn0.e30.", "invalid_request", "request and request_uri are not supported")]
    [TestCase("request_uri", "urn:x", "invalid_request", "request and request_uri are not supported")]
    [Rfc(9126, "2.3"), Case("EXT-003", "EXT-005")]
    public async Task What_the_authorization_endpoint_refuses_is_refused_in_JSON(
        string name, string? value, string error, string? description)
    {
        var reply = await client.PushAsync(TestClient.NewVerifier(), (name, value));

        reply.Should().BeRefusedWith(error, 400, description);
        var row = (await Server.AuditAsync(reply)).Should().ContainSingle().Subject;
        (row.Event, row.Outcome, row.ClientId).Should().Be((Audit.AuditEvents.Par, "refused", client.Id));
        row.Reason.Should().NotBeNullOrEmpty();
    }

    [TestCase("nonce", "513", "nonce may have at most … characters")]
    [TestCase("id_token_hint", "no.token.here", "id_token_hint is not an id_token of this server")]
    public async Task What_OpenID_Connect_demands_is_checked_too(string name, string value, string description)
    {
        await Server.ExecuteAsync("update clients set scopes = scopes || '{openid}' where client_id = @Id and not 'openid' = any (scopes)",
            new { client.Id });
        if (name == "nonce") value = new string('n', int.Parse(value));

        await Eventually.BecomesTrueAsync(async () =>
            (await client.PushAsync(TestClient.NewVerifier(), ("scope", "openid"), (name, value))).Description
                == description.Replace("…", "512"));
    }

    [Test, Rfc(9126, "2.1")]
    public async Task A_repeated_parameter_and_other_content_types_are_refused_and_GET_is_not_there()
    {
        var query = client.AuthorizeQuery(TestClient.NewVerifier());

        (await PostAsync(query + "&state=again")).Should().BeRefusedWith("invalid_request", 400, "A parameter is repeated");
        (await PostAsync(query + "&resource=" + Uri.EscapeDataString(Cast.Sensors) + "&scope=")).Status.Should().Be(400);
        (await Server.SendAsync(HttpMethod.Post, Paths.Par, Requests.Form("{}", "application/json"))).Status.Should().Be(415);
        (await PostAsync(query + string.Concat(Enumerable.Range(0, 100).Select(i => $"&x{i}=1")))).Should()
            .BeRefusedWith("invalid_request", 400, "The form is too large or malformed");
        (await Server.GetAsync($"{Paths.Par}?{query}")).Status.Should().Be(405);
    }

    [Test]
    public async Task As_long_a_request_as_a_request_line_carries_is_taken_and_none_that_is_longer()
    {
        var verifier = TestClient.NewVerifier();
        var most = 8 * 1024 - $"GET {Paths.Authorize}? HTTP/1.1\r\n".Length - client.AuthorizeQuery(verifier, ("state", "")).Length;

        var longest = await PostAsync(client.AuthorizeQuery(verifier, ("state", new string('s', most))));
        var longer = await PostAsync(client.AuthorizeQuery(verifier, ("state", new string('s', most + 1))));

        longest.Status.Should().Be(201);
        longer.Should().BeRefusedWith("invalid_request", 413);
        var landed = await Server.NewBrowser().AllowAsync(client.PushedQuery(longest), alice);
        landed.Parameters["state"]!.Length.Should().Be(most);
    }

    [Test, Rfc(9126, "7.1")]
    public async Task The_database_holds_nothing_a_reference_could_be_read_from()
    {
        var pushed = await client.PushAsync(TestClient.NewVerifier());
        var reference = pushed.RequestUri()[PushedRequests.Prefix.Length..];

        (await Server.ScalarAsync<string>("select reference_hash::text from pushed_requests where client_id = @Id order by created_at desc",
            new { client.Id })).Should().Be(@"\x" + Convert.ToHexStringLower(OpaqueToken.Hash(reference)));
        var rows = await Server.QueryAsync<string>("select p::text from pushed_requests p union all select a::text from audit_events a");
        rows.Should().NotContain(row => row.Contains(reference)
            || row.Contains(Convert.ToHexStringLower(Encoding.ASCII.GetBytes(reference))));
        var line = (await Server.AuditAsync(pushed)).Should().ContainSingle().Subject;
        (line.Event, line.Outcome, line.ClientId).Should().Be((Audit.AuditEvents.Par, "ok", client.Id));
        line.Detail.Should().Contain("notes:read").And.Contain(Cast.Notes);
    }

    [Test, Rfc(9126, "5")]
    public async Task Metadata_names_the_endpoint_and_other_origins_may_call_it()
    {
        var metadata = (await Server.GetAsync(Paths.ServerMetadata)).Json;

        metadata.GetProperty("pushed_authorization_request_endpoint").GetString().Should().Be(Server.Issuer + Paths.Par);
        metadata.GetProperty("require_pushed_authorization_requests").GetBoolean().Should().BeFalse();
        var preflight = await Server.SendAsync(HttpMethod.Options, Paths.Par, null, ("Origin", "https://spa.example"),
            ("Access-Control-Request-Method", "POST"), ("Access-Control-Request-Headers", "authorization, content-type"));
        (preflight.Status, preflight.Header("Access-Control-Allow-Origin")).Should().Be((204, "*"));
        (await Server.SendAsync(HttpMethod.Post, Paths.Par, Requests.Form(client.AuthorizeQuery(TestClient.NewVerifier())),
            ("Origin", "https://spa.example"))).Header("Access-Control-Allow-Origin").Should().Be("*");
    }

    private Task<Reply> PostAsync(string form) => Server.SendAsync(HttpMethod.Post, Paths.Par, Requests.Form(form));
}
