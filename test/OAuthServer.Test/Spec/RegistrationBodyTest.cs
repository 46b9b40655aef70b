using System.Text;
using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec;

/// <summary>What /register does not even begin to read, and redirect URIs it does not take.</summary>
[Behaviour(14)]
public sealed class RegistrationBodyTest : ServerFixture
{
    private const string Good = """{"redirect_uris":["https://app.example/cb"],"token_endpoint_auth_method":"none"}""";

    [TestCase("null"), TestCase("[]"), TestCase("\"text\""), TestCase("1"), TestCase("{"), TestCase(""), TestCase("{} {}"),
        TestCase(Good + "x")]
    [TestCase("\uFEFF" + Good)]
    [TestCase("""{"redirect_uris":["https://app.example/cb"],"redirect_uris":["https://evil.example/cb"]}""")]
    [TestCase("""{"redirect_uris":["https://app.example/cb"],"redirect\u005furis":["https://evil.example/cb"]}""")]
    [TestCase("""{"redirect_uris":["https://app.example/cb"],"x":{"a":1,"a":2}}""")]
    [TestCase("""{"redirect_uris":"https://app.example/cb"}""")]
    [TestCase("""{"redirect_uris":[["https://app.example/cb"]]}""")]
    [TestCase("""{"redirect_uris":[null]}""")]
    [TestCase("""{"redirect_uris":["https://app.example/cb"],"grant_types":"authorization_code"}""")]
    [TestCase("""{"redirect_uris":["https://app.example/cb"],"client_name":{"en":"x"}}""")]
    [TestCase("""{"redirect_uris":["https://app.example/cb"],"client_name":"\ud800"}""")]
    [TestCase("""{"redirect_uris":["https://app.example/cb"],"scope":["notes:read"]}""")]
    [TestCase("""{"redirect_uris":["https://app.example/cb"],"scope":"notes:read\u0000"}""")]
    [TestCase("""{"redirect_uris":["https://app.example/cb"],"client_uri":1}""")]
    [TestCase("""{"redirect_uris":["https://app.example/cb"],"token_endpoint_auth_method":true}""")]
    [TestCase("""{"redirect_uris":["https://app.example/cb"],"token_endpoint_auth_method":""}""")]
    [Rfc(7591, "3.1"), Case("DCR-038")]
    public async Task A_body_that_is_no_client_metadata_is_refused(string body) => (
        await Server.RegisterAsync(body)).Should().BeRefusedWith("invalid_client_metadata");

    [Test, Case("DCR-038")]
    public async Task Octets_that_are_no_text_are_refused()
    {
        var bytes = Encoding.Latin1.GetBytes("{\"redirect_uris\":[\"https://app.example/cb\"],\"client_name\":\"\xff\"}");
        var named = Encoding.Latin1.GetBytes("{\"redirect_uris\":[\"https://app.example/cb\"],\"\xff\":1,\"\xfe\":2}");

        foreach (var body in new[] { bytes, named })
        {
            using var content = new ByteArrayContent(body) { Headers = { { "Content-Type", "application/json" } } };
            var reply = await Server.SendAsync(HttpMethod.Post, Paths.Register, content);
            if (body == bytes) reply.Should().BeRefusedWith("invalid_client_metadata");
            reply.Status.Should().BeLessThan(500);
        }
    }

    [Test, Case("DCR-038")]
    public async Task Thirty_two_levels_are_deep_enough()
    {
        string Nested(int levels) => Good[..^1] + ",\"x\":" + new string('[', levels) + new string(']', levels) + "}";

        (await Server.RegisterAsync(Nested(31))).ShouldBeRegistered();
        (await Server.RegisterAsync(Nested(32))).Should().BeRefusedWith("invalid_client_metadata");
        (await Server.RegisterAsync(Nested(10_000))).Should().BeRefusedWith("invalid_client_metadata");
    }

    [Test, Case("DCR-038")]
    public async Task Sixty_four_kilobytes_are_long_enough()
    {
        string Long(int length) => Good[..^1] + ",\"x\":\"" + new string('x', length - Good.Length - 7) + "\"}";

        (await Server.RegisterAsync(Long(64 * 1024))).ShouldBeRegistered();
        (await Server.RegisterAsync(Long(64 * 1024 + 1))).Should().BeRefusedWith("invalid_request", 413);
        (await Server.RegisterAsync(Long(1024 * 1024))).Status.Should().Be(413);
    }

    [TestCase("text/plain"), TestCase("application/x-www-form-urlencoded"), TestCase("multipart/form-data; boundary=x"),
        TestCase("application/json; charset=utf-16"), TestCase(null)]
    [Rfc(7591, "3.1"), Case("DCR-042", "DCR-038")]
    public async Task Only_JSON_is_read_so_that_no_form_of_another_site_can_register(string? type)
    {
        var reply = await Server.RegisterAsync(Good, null, type);

        reply.Should().BeRefusedWith("invalid_request", 415, "Content-Type must be application/json");
    }

    [Test]
    public async Task JSON_may_say_its_charset() => (
        await Server.RegisterAsync(Good, null, "application/json; charset=UTF-8")).ShouldBeRegistered();

    [Test, Rfc(7591, "3.2.2")]
    [Case("DCR-004", "DCR-006", "DCR-007", "DCR-008", "DCR-010", "DCR-011", "DCR-013", "DCR-014", "DCR-015", "DCR-017", "DCR-018",
        "DCR-019", "DCR-020", "DCR-021")]
    public async Task A_redirect_URI_that_may_not_be_is_refused_and_not_repeated(
        [Values("javascript:alert(1)", " javascript:alert(1)", "data:text/html,x", "vbscript:x", "file:///etc/passwd",
            "http://client.example/cb", "https://app.example/cb#f", "https://app.example/*",
            "https://u:p@app.example/cb", "/cb", "https:///cb", "", "{issuer}/consent", "https://169.254.169.254/cb", "{long}",
                "com.example.app:/cb", "myapp://cb")] string uri)
    {
        uri = uri.Replace("{issuer}", Server.Issuer).Replace("{long}", "https://app.example/" + new string('a', 2029));

        var reply = await Server.RegisterPublicAsync("https://app.example/cb", uri);

        reply.Should().BeRefusedWith("invalid_redirect_uri");
        if (uri.Length > 0) reply.Body.Should().NotContain(uri);
        (await Server.AuditAsync(reply)).Should().ContainSingle().Which.Outcome.Should().Be("refused");
    }

    [TestCase("{}"), TestCase("""{"redirect_uris":[]}""")]
    public async Task Nothing_to_redirect_to_is_refused(string body) => (await Server.RegisterAsync(body)).Should().BeRefusedWith(
        "invalid_redirect_uri");

    [Test]
    public async Task Ten_redirect_URIs_are_enough()
    {
        string[] Many(int count) => [.. Enumerable.Range(0, count).Select(number => $"https://app.example/{number}")];

        (await Server.RegisterPublicAsync(Many(10))).ShouldBeRegistered();
        (await Server.RegisterPublicAsync(Many(11))).Should().BeRefusedWith("invalid_redirect_uri");
    }
}
