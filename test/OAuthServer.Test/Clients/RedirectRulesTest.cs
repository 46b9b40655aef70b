using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Clients;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Clients;

/// <summary>
/// One table for the rule and its copy in the database: what the server lets through, no row may refuse, and the other way round.
/// </summary>
[Behaviour(14, 26)]
public sealed class RedirectRulesTest : ServerFixture
{
    private static readonly (string Uri, string? Problem)[] Table =
    [
        ("https://app.example/cb", null),
        ("https://app.example", null),
        ("https://app.example:8443/cb?x=1&y=%20", null),
        ("HTTPS://App.Example/cb", null),
        ("https://a-1.b--c.example/cb", null),
        ("https://xn--bcher-kva.example/cb", null),
        ("https://localhost/cb", null),
        ("http://localhost/callback", null),
        ("http://localhost:3118/callback", null),
        ("http://127.0.0.1/", null),
        ("http://127.0.0.1", null),
        ("http://127.255.3.4:65535/cb", null),
        ("http://[::1]:80/cb", null),
        ("com.example.app:/cb", null),
        ("cursor://anysphere.cursor-mcp/oauth/callback", null),
        ("vscode:", null),
        ("anything:goes", null),
        ("", "is empty"),
        (" javascript:alert(1)", "has a space, a control character or a character outside ASCII"),
        ("https://app.example/c b", "has a space, a control character or a character outside ASCII"),
        ("https://app.example/cb\n", "has a space, a control character or a character outside ASCII"),
        ("https://bücher.example/cb", "has a space, a control character or a character outside ASCII"),
        ("https://app.example/" + new string('a', 2029), "is longer than 2048 characters"),
        ("/cb", "is not absolute"),
        ("app.example/cb", "is not absolute"),
        ("1http://localhost/", "is not absolute"),
        ("//app.example/cb", "is not absolute"),
        ("javascript:alert(1)", "has a scheme that can run code"),
        ("JavaScript://app.example/%0aalert(1)", "has a scheme that can run code"),
        ("data:text/html,x", "has a scheme that can run code"),
        ("vbscript:x", "has a scheme that can run code"),
        ("file:///etc/passwd", "has a scheme that can run code"),
        ("blob:https://app.example/1", "has a scheme that can run code"),
        ("about:blank", "has a scheme that can run code"),
        ("https://app.example/cb#f", "has a fragment"),
        ("com.example.app:/cb#", "has a fragment"),
        ("https://app.example/*", "has a wildcard"),
        ("https://*.example/cb", "has a wildcard"),
        ("https://app.example\\.evil.example/cb", "has a character that must be percent-encoded"),
        ("https://app.example/<script>", "has a character that must be percent-encoded"),
        ("https://app.example/{tenant}", "has a character that must be percent-encoded"),
        ("https://u:p@app.example/cb", "carries user information"),
        ("http://localhost@evil.example/cb", "carries user information"),
        ("cursor://user@host/cb", "carries user information"),
        ("https:///cb", "has no host"),
        ("https:/cb", "has no host"),
        ("https:app.example/cb", "has no host"),
        ("http:localhost/cb", "has no host"),
        ("https://:443/cb", "has no host"),
        ("http:", "has no host"),
        ("https://app.example:/cb", "has a malformed port"),
        ("https://app.example:0/cb", "has a malformed port"),
        ("https://app.example:65536/cb", "has a malformed port"),
        ("https://app.example:443443/cb", "has a malformed port"),
        ("https://app.example:80x/cb", "has a malformed port"),
        ("http://[::1]x/cb", "has a malformed port"),
        ("http://[::1/cb", "has a malformed port"),
        ("http://client.example/cb", "is for this computer only"),
        ("http://localhost.evil.example/cb", "is for this computer only"),
        ("http://127.0.0.1.evil.example/cb", "is for this computer only"),
        ("http://127.0.0.256/cb", "is for this computer only"),
        ("http://127.0.0.01/cb", "is for this computer only"),
        ("http://127.1/cb", "is for this computer only"),
        ("http://[::ffff:127.0.0.1]/cb", "is for this computer only"),
        ("http://10.0.0.1/cb", "is for this computer only"),
        ("https://169.254.169.254/cb", "needs a fully qualified domain name"),
        ("https://127.0.0.1/cb", "needs a fully qualified domain name"),
        ("https://[::1]/cb", "needs a fully qualified domain name"),
        ("https://2130706433/cb", "needs a fully qualified domain name"),
        ("https://0x7f.0x1/cb", "needs a fully qualified domain name"),
        ("https://intranet/cb", "needs a fully qualified domain name"),
        ("https://app.example./cb", "needs a fully qualified domain name"),
        ("https://.example/cb", "needs a fully qualified domain name"),
        ("https://-app.example/cb", "needs a fully qualified domain name"),
        ("https://app-.example/cb", "needs a fully qualified domain name"),
        ("https://app_1.example/cb", "needs a fully qualified domain name"),
        ("https://app.example%00.evil.example/cb", "needs a fully qualified domain name"),
        ("https://" + string.Concat(Enumerable.Repeat("abcdefgh.", 28)) + "example/cb", "needs a fully qualified domain name"),
    ];

    [TestCaseSource(nameof(Rows)), Rfc(9700, "2.1"), Rfc(8252, "7")]
    public async Task The_server_and_the_database_say_the_same(string uri, string? problem)
    {
        var said = RedirectRules.Problem(uri);

        (await Server.ScalarAsync<string?>("select redirect_uri_problem(@uri)", new { uri })).Should().Be(said);
        if (problem is null) said.Should().BeNull();
        else said.Should().Contain(problem);
    }

    [Test]
    public async Task An_operator_writes_private_use_schemes_with_a_dot()
    {
        const string insert = "insert into clients (client_id, kind, name, redirect_uris) values (@id, 'user-facing', 'x', @uris)";
        await Server.ExecuteAsync(insert,
            new { id = "dots", uris = new[] { "com.example.app:/cb", "cursor://a/b", "https://app.example/cb" } });

        var refused =
            await FluentActions.Awaiting(() =>
            Server.ExecuteAsync(insert, new { id = "none", uris = new[] { "https://app.example/cb", "myapp:/a.b" } }))
            .Should().ThrowAsync<Npgsql.PostgresException>();
        refused.Which.MessageText.Should().Be("A private-use scheme needs a dot");
        refused.Which.Hint.Should().NotContain("myapp");
    }

    [TestCase("https://auth.example", "https://auth.example/consent")]
    [TestCase("https://auth.example", "https://AUTH.example:443/consent")]
    [TestCase("https://auth.example", "https://auth.example:0443/consent")]
    [TestCase("https://auth.example:8443/tenant", "https://auth.example:8443/other")]
    [TestCase("http://localhost:8080", "http://localhost:8080/consent")]
    [TestCase("http://localhost", "http://localhost:80/")]
    public void Nobody_registers_the_issuers_own_origin(string issuer, string uri) =>
        RedirectRules.Refusal(uri, new Settings { Issuer = issuer })!.Code.Should().Be("invalid_redirect_uri");

    [TestCase("https://auth.example", "https://app.auth.example/cb")]
    [TestCase("https://auth.example", "https://auth.example:8443/cb")]
    [TestCase("http://localhost:8080", "http://localhost:3118/cb")]
    public void A_neighbour_of_the_issuer_may(string issuer, string uri) => RedirectRules.Refusal(
        uri, new Settings { Issuer = issuer }).Should().BeNull();

    private static IEnumerable<object?[]> Rows() => Table.Select(row => new object?[] { row.Uri, row.Problem });
}
