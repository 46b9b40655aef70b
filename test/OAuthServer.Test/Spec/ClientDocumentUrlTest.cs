using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Clients;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec;

[Behaviour(18)]
public sealed class ClientDocumentUrlTest
{
    [TestCase("http://app.example/client.json", TestName = "http"),
        TestCase("HTTPS://app.example/client.json", TestName = "scheme in upper case"), TestCase("ftp://app.example/c")]
    [TestCase("https://app.example", TestName = "no path"), TestCase("https://app.example/", TestName = "bare slash"),
        TestCase("https://app.example?x=1", TestName = "query without path"), TestCase("https:///c")]
    [TestCase("https://app.example/a/../client.json"), TestCase("https://app.example/./c"), TestCase("https://app.example/c/."),
        TestCase("https://app.example/c/.."), TestCase("https://app.example/..")]
    [TestCase("https://app.example/a/%2e%2e/client.json"), TestCase("https://app.example/a/.%2E/c"),
        TestCase("https://app.example/a/%2e/c"), TestCase("https://app.example/a/..%2fc"), TestCase("https://app.example/a/%2e%2e%5cc")]
    [TestCase("https://app.example/c#x"), TestCase("https://app.example/c#"), TestCase("https://u:p@app.example/c"),
        TestCase("https://u@app.example/c"), TestCase("https://@app.example/c"), TestCase("https://app.example%40evil.example/c")]
    [TestCase(@"https:\\app.example\c", TestName = "backslashes"), TestCase(@"https://app.example\c", TestName = "backslash"),
        TestCase("https://app.example/\tc", TestName = "tab"), TestCase(" https://app.example/c", TestName = "leading space"),
        TestCase("https://app.example/c ", TestName = "trailing space")]
    [TestCase("https://app.example:443/client.json", TestName = "default port"),
        TestCase("https://APP.example/c", TestName = "host in upper case"), TestCase("https://app.example:/c"),
        TestCase("https://app.example:99999/c"), TestCase("https://app.example/%7Ec")]
    [TestCase("https://2130706433/c"), TestCase("https://0x7f.1/c"), TestCase("https://127.1/c"), TestCase("https://0177.0.0.1/c"),
        TestCase("https://①②⑦.0.0.1/c"), TestCase("https://bücher.example/c"), TestCase("https://%6cocalhost/c")]
    [TestCase("https://[fe80::1%25eth0]/c"), TestCase("https://[::1/c"), TestCase("https://app.example/c\r\nHost: evil")]
    [Case("CIMD-002", "CIMD-004", "CIMD-005", "CIMD-006", "CIMD-007", "CIMD-008")]
    public void A_url_that_may_not_be_a_client_id_is_refused(string id) => ClientDocumentUrl.Problem(id).Should().NotBeNull();

    [Test, Case("CIMD-009")]
    public void A_url_has_at_most_2048_characters()
    {
        ClientDocumentUrl.Problem("https://app.example/" + new string('a', 2028)).Should().BeNull();
        ClientDocumentUrl.Problem("https://app.example/" + new string('a', 2029)).Should().NotBeNull();
    }

    [TestCase("https://claude.ai/oauth/claude-code-client-metadata"), TestCase("https://vscode.dev/oauth/client-metadata.json"),
        TestCase("https://app.example:8443/c")]
    [TestCase("https://app.example/c?v=2"), TestCase("https://app.example/.well-known/client"), TestCase("https://app.example/...c"),
        TestCase("https://app.example/@scope/c"), TestCase("https://xn--bcher-kva.example/c")]
    public void Others_may_be_fetched(string id) => ClientDocumentUrl.Problem(id).Should().BeNull();
}
