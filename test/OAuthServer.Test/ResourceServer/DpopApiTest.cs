using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.ResourceServer;

/// <summary>An API of the kit and tokens that are bound to a key (RFC 9449 §7).</summary>
[Behaviour(54)]
public sealed class DpopApiTest : ServerFixture
{
    private readonly ProofKey key = new();
    private ProtectedApi api = null!;
    private string bound = "", bearer = "", other = "";

    [OneTimeSetUp]
    public async Task StartApiAsync()
    {
        api = await ProtectedApi.StartAsync(Server);
        var machine = await Server.MachineAsync();
        bound = (await machine.Proving(key).CredentialsAsync()).AccessToken;
        other = (await machine.Proving(key).CredentialsAsync()).AccessToken;
        bearer = (await machine.CredentialsAsync()).AccessToken;
    }

    [OneTimeTearDown]
    public async Task StopApiAsync() => await api.DisposeAsync();

    // Of the resource's origin, whatever port this process listens on.
    private string Proof(string path = "/read", string? token = null, ProofKey? by = null, Action<Jwt>? change = null) =>
        (by ?? key).Proof("GET", "http://localhost:9000" + path, Server.Clock.GetUtcNow(), null, token ?? bound, change);

    private static void IsRefused(Reply reply, string error, string because = "")
    {
        reply.Status.Should().Be(401, because);
        reply.Error.Should().Be(error, because);
        reply.Header("WWW-Authenticate").Should()
            .StartWith("DPoP algs=\"ES256 PS256 RS256\", resource_metadata=\"http://localhost:9000/.well-known/")
            .And.Contain($"error=\"{error}\"").And.NotContain("Bearer");
    }

    [TestCase("ES256"), TestCase("PS256"), TestCase("RS256"), Rfc(9449, "7.1")]
    public async Task A_bound_token_opens_with_a_proof_by_its_key(string alg)
    {
        var by = new ProofKey(alg);
        var token = (await (await Server.MachineAsync()).Proving(by).CredentialsAsync()).AccessToken;

        (await api.GetBoundAsync("/read", token, Proof(token: token, by: by))).Status.Should().Be(200);
        (await api.GetAsync("/read", bearer)).Status.Should().Be(200);
    }

    [Test, Rfc(9449, "7.2"), Case("DPOP-112")]
    public async Task A_bound_token_is_no_bearer_token()
    {
        foreach (var scheme in new[] { "Bearer", "bearer", "BEARER" })
        {
            IsRefused(await api.GetAsync("/read", bound, scheme), "invalid_token");
            using var message = new HttpRequestMessage(HttpMethod.Get, "/read");
            message.Headers.TryAddWithoutValidation("Authorization", $"{scheme} {bound}");
            message.Headers.TryAddWithoutValidation("DPoP", Proof());
            IsRefused(await Reply.ReadAsync(await api.Http.SendAsync(message)), "invalid_token");
        }
    }

    [Test, Rfc(9449, "7.1"), Case("DPOP-113")]
    public async Task A_proof_of_another_key_token_or_request_is_refused()
    {
        var now = Server.Clock.GetUtcNow().ToUnixTimeSeconds();
        IsRefused(await api.GetBoundAsync("/read", bound, Proof(by: new ProofKey())), "invalid_token");
        IsRefused(await api.GetBoundAsync("/read", bound), "invalid_token", "no proof");
        IsRefused(await api.GetBoundAsync("/read", bound, Proof(), Proof()), "invalid_dpop_proof", "two proofs");
        IsRefused(await api.GetBoundAsync("/read", bearer, Proof(token: bearer)), "invalid_token", "bound to no key");
        foreach (var (what, proof) in new (string, string)[]
        {
            ("ath of another token", Proof(token: other)),
            ("no ath", Proof(change: jwt => jwt.Payload.Remove("ath"))),
            ("htm", Proof(change: jwt => jwt.Payload["htm"] = "POST")),
            ("htu", Proof("/write")),
            ("htu of the port", Proof(change: jwt => jwt.Payload["htu"] = api.Url + "/read")),
            ("typ", Proof(change: jwt => jwt.Header["typ"] = "JWT")),
            ("private", Proof(change: jwt => jwt.Header["jwk"]!["d"] = key.Secret)),
            ("alg", Proof(change: jwt => jwt.Header["alg"] = "none")),
            ("old", Proof(change: jwt => jwt.Payload["iat"] = now - 360)),
            ("of the future", Proof(change: jwt => jwt.Payload["iat"] = now + 360)),
            ("no jti", Proof(change: jwt => jwt.Payload.Remove("jti"))),
            ("unsigned", Proof()[..^86] + new string('A', 86)),
        })
            IsRefused(await api.GetBoundAsync("/read", bound, proof), "invalid_dpop_proof", what);

        (await api.GetBoundAsync("/read", bound, Proof(change: jwt => jwt.Payload["htu"] = "HTTP://LOCALHOST:9000/%72ead?x#y"))).Status
            .Should().Be(200);
    }

    [Test, Rfc(6750, "2"), Case("DPOP-115")]
    public async Task Bearer_and_DPoP_at_once_are_one_too_many()
    {
        using var message = new HttpRequestMessage(HttpMethod.Get, "/read");
        message.Headers.TryAddWithoutValidation("Authorization", [$"Bearer {bearer}", $"DPoP {bound}"]);
        message.Headers.TryAddWithoutValidation("DPoP", Proof());

        // This client writes them into one line, in which there is no token.
        (await Reply.ReadAsync(await api.Http.SendAsync(message))).Status.Should().Be(401);
        (await RawAsync($"Authorization: Bearer {bearer}\r\nAuthorization: DPoP {bound}\r\nDPoP: {Proof()}"))
            .Should().StartWith("HTTP/1.1 400");
        (await RawAsync($"Authorization: DPoP {bound}\r\nDPoP: {Proof()}\r\nDPoP: {Proof()}")).Should().StartWith("HTTP/1.1 401");
        (await RawAsync($"Authorization: DPoP {bound}\r\nDPoP: {Proof()}")).Should().StartWith("HTTP/1.1 200");
    }

    private async Task<string> RawAsync(string headers)
    {
        using var tcp = new System.Net.Sockets.TcpClient("localhost", new Uri(api.Url).Port);
        await using var stream = tcp.GetStream();
        await stream.WriteAsync(System.Text.Encoding.ASCII.GetBytes(
            $"GET /read HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{headers}\r\n\r\n"));
        using var reader = new StreamReader(stream);
        return await reader.ReadToEndAsync();
    }

    [Test, Rfc(9449, "11.1")]
    public async Task A_proof_opens_once_and_a_refused_request_uses_none()
    {
        var proof = Proof();
        IsRefused(await api.GetBoundAsync("/read", other, proof), "invalid_dpop_proof");

        var replies = await Task.WhenAll(Enumerable.Range(0, 64).Select(_ => api.GetBoundAsync("/read", bound, proof)));

        replies.Should().ContainSingle(reply => reply.Status == 200);
        foreach (var reply in replies.Where(reply => reply.Status != 200)) IsRefused(reply, "invalid_dpop_proof");
    }

    [Test, Rfc(9449, "7.1"), Rfc(9728, "2")]
    public async Task An_API_may_demand_bound_tokens_and_says_so()
    {
        await using var strict = await ProtectedApi.StartAsync(Server, change: options => options.RequireDpop = true);

        (await strict.GetAsync("/read")).Header("WWW-Authenticate").Should()
            .StartWith("DPoP algs=").And.Contain("resource_metadata=").And.Contain("scope=\"notes:read\"").And.NotContain("Bearer");
        IsRefused(await strict.GetAsync("/read", bearer), "invalid_token");
        (await strict.GetBoundAsync("/read", bound, Proof())).Status.Should().Be(200);
        var document = (await strict.GetAsync("/.well-known/oauth-protected-resource/mcp")).Json;
        document.GetProperty("dpop_bound_access_tokens_required").GetBoolean().Should().BeTrue();
        document.GetProperty("dpop_signing_alg_values_supported").EnumerateArray().Select(one => one.GetString())
            .Should().Equal("ES256", "PS256", "RS256");
        (await api.GetAsync("/.well-known/oauth-protected-resource/mcp")).Json
            .TryGetProperty("dpop_bound_access_tokens_required", out _).Should().BeFalse();
    }

    [Test, Rfc(9449, "8"), Rfc(9449, "9")]
    public async Task Nearly_full_it_asks_for_nonces_and_full_it_refuses_and_forgets_nothing()
    {
        var clock = new Clock();
        await using var small = await ProtectedApi.StartAsync(Server, change: options => options.MostProofs = 10, time: clock);
        string ProofNow(string? nonce = null) =>
            key.Proof("GET", "http://localhost:9000/read", clock.GetUtcNow(), nonce, bound);
        var first = ProofNow();
        (await small.GetBoundAsync("/read", bound, first)).Header("DPoP-Nonce").Should().BeNull();
        for (var i = 0; i < 7; i++) (await small.GetBoundAsync("/read", bound, ProofNow())).Status.Should().Be(200);

        var asked = await small.GetBoundAsync("/read", bound, ProofNow());
        IsRefused(asked, "use_dpop_nonce");
        var nonce = asked.Header("DPoP-Nonce")!;
        (await small.GetBoundAsync("/read", bound, ProofNow(nonce))).Status.Should().Be(200);
        (await small.GetBoundAsync("/read", bound, ProofNow(nonce))).Status.Should().Be(200);
        var full = await small.GetBoundAsync("/read", bound, ProofNow(nonce));
        full.Status.Should().Be(503);
        full.Header("Retry-After").Should().NotBeNull();
        (await small.GetAsync("/read", bearer)).Status.Should().Be(200);

        // Half a minute later those with a nonce are over, and no other.
        clock.Travel(TimeSpan.FromSeconds(40));
        IsRefused(await small.GetBoundAsync("/read", bound, ProofNow(nonce)), "use_dpop_nonce");
        IsRefused(await small.GetBoundAsync("/read", bound, first), "use_dpop_nonce", "it has none");
        clock.Travel(TimeSpan.FromSeconds(270));
        IsRefused(await small.GetBoundAsync("/read", bound, first), "invalid_dpop_proof", "its time is over");
        (await small.GetBoundAsync("/read", bound, ProofNow())).Status.Should().Be(200);
    }

    [Test, Rfc(9449, "7.1")]
    public async Task A_proxy_that_asks_about_a_request_says_which_one()
    {
        using var message = new HttpRequestMessage(HttpMethod.Get, "/auth?scope=notes:read");
        message.Headers.TryAddWithoutValidation("Authorization", $"DPoP {bound}");
        message.Headers.TryAddWithoutValidation("DPoP",
            Proof("/anything", change: jwt => jwt.Payload["htm"] = "DELETE"));
        message.Headers.TryAddWithoutValidation("X-Original-Method", "DELETE");
        message.Headers.TryAddWithoutValidation("X-Original-URI", "/anything?x=1");

        (await api.Http.SendAsync(message)).StatusCode.Should().Be(System.Net.HttpStatusCode.NoContent);
    }
}
