using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Protocol;

[Behaviour(20), Parallelizable(ParallelScope.All)]
public sealed class RedirectUriTest
{
    private const string Registered = "https://client.example/cb";

    [TestCase("https://client.example/cb/")]
    [TestCase("https://client.example/cb/extra")]
    [TestCase("https://client.example.evil.example/cb")]
    [TestCase("https://client.example@evil.example/cb")]
    [TestCase("https://evil.example/https://client.example/cb")]
    [TestCase("https://client.example/cb/../evil")]
    [TestCase("https://client.example/cb/%2e%2e/evil")]
    [TestCase("https://client.example/cb%252f..%252fevil")]
    [TestCase("https://client.example/cb/..;/evil")]
    [TestCase("https://clientXexample/cb")]
    [TestCase("https://CLIENT.example/cb")]
    [TestCase("https://client.example/CB")]
    [TestCase("https://client.example:443/cb")]
    [TestCase("https://client.example:8443/cb")]
    [TestCase("http://client.example/cb")]
    [TestCase("https://client.example/cb?x=1")]
    [TestCase("https://client.example/cb?")]
    [TestCase("https://client.example/cb#x")]
    [TestCase("https://a.client.example/cb")]
    [TestCase("https://client.example./cb")]
    [TestCase("https:/client.example/cb")]
    [TestCase(" https://client.example/cb")]
    [TestCase("https://client.example/cb ")]
    [TestCase("https://client\uff0eexample/cb")]
    [TestCase("https://cl\u0456ent.example/cb")]
    [TestCase("/cb")]
    [TestCase("//client.example/cb")]
    [TestCase("data:text/html,<script>1</script>")]
    [TestCase("javascript:alert(1)")]
    [TestCase("https://client.example/cb\0.evil.example")]
    [TestCase("https://client.example/cb%00.evil.example")]
    [TestCase("https://[::ffff:7f00:1]/cb")]
    [TestCase("https://client.example\\@evil.example/cb")]
    [TestCase("https://client.example/cb\r\nLocation: https://evil.example")]
    [TestCase("")]
    [Rfc(6749, "3.1.2.3"), Rfc(9700, "2.1")]
    public void Compared_octet_by_octet_no_variant_passes(string presented)
    {
        RedirectUri.Matches(Registered, presented, anyPort: true).Should().BeFalse();
        RedirectUri.Matches(Registered, presented, anyPort: false).Should().BeFalse();
    }

    [TestCase("https://client.example/cb")]
    [TestCase("com.example.app:/cb")]
    [TestCase("http://127.0.0.1/callback")]
    [Rfc(6749, "3.1.2.3")]
    public void The_same_octets_match(string uri) => RedirectUri.Matches(uri, uri, anyPort: false).Should().BeTrue();

    [TestCase("http://127.0.0.1/callback", "http://127.0.0.1:51004/callback")]
    [TestCase("http://127.0.0.1:3000/callback", "http://127.0.0.1:51004/callback")]
    [TestCase("http://127.0.0.1:3000/callback", "http://127.0.0.1/callback")]
    [TestCase("http://[::1]/callback", "http://[::1]:51004/callback")]
    [TestCase("http://localhost/callback", "http://localhost:51004/callback")]
    [TestCase("http://127.0.0.1", "http://127.0.0.1:51004/")]
    [TestCase("http://127.0.0.1/", "http://127.0.0.1:51004")]
    [TestCase("http://127.0.0.1/?a=b", "http://127.0.0.1:1?a=b")]
    [Rfc(8252, "7.3")]
    public void On_loopback_the_port_is_free_for_public_clients_and_for_no_others(string registered, string presented)
    {
        RedirectUri.Matches(registered, presented, anyPort: true).Should().BeTrue();
        RedirectUri.Matches(registered, presented, anyPort: false).Should().BeFalse();
    }

    [TestCase("http://127.0.0.1:51004/evil")]
    [TestCase("http://127.0.0.2:51004/callback")]
    [TestCase("http://localhost:51004/callback", Description = "another literal")]
    [TestCase("http://[::1]:51004/callback")]
    [TestCase("http://127.0.0.1:51004@evil.example/callback")]
    [TestCase("http://2130706433:51004/callback")]
    [TestCase("http://0x7f.0.0.1:51004/callback")]
    [TestCase("http://127.1:51004/callback")]
    [TestCase("http://127.000.000.001:51004/callback")]
    [TestCase("http://127.0.0.1:99999/callback")]
    [TestCase("http://127.0.0.1:0/callback")]
    [TestCase("http://127.0.0.1:/callback")]
    [TestCase("http://127.0.0.1:+80/callback")]
    [TestCase("http://127.0.0.1:80.evil.example/callback")]
    [TestCase("http://127.0.0.1:51004/callback?x=1")]
    [TestCase("http://127.0.0.1:51004/callback#x")]
    [TestCase("http://127.0.0.1:51004/callback/")]
    [TestCase("http://127.0.0.1:51004/Callback")]
    [TestCase("http://127.0.0.1.evil.example/callback")]
    [TestCase("http://127.0.0.1%2eevil.example/callback")]
    [TestCase("http://127.0.0.1\\.evil.example/callback")]
    [TestCase("https://127.0.0.1:51004/callback")]
    [TestCase("HTTP://127.0.0.1:51004/callback")]
    [Rfc(8252, "7.3")]
    public void Only_the_port_is_free(string presented) => RedirectUri.Matches("http://127.0.0.1/callback", presented, anyPort: true).Should().BeFalse();

    [TestCase("http://localhost/callback", "http://127.0.0.1:1/callback")]
    [TestCase("http://localhost/callback", "http://localhost.evil.example:80/callback")]
    [TestCase("http://localhost/callback", "http://LOCALHOST:80/callback")]
    [TestCase("http://[::1]/callback", "http://[::1]evil.example/callback")]
    [TestCase("http://[::1]/callback", "http://[0:0:0:0:0:0:0:1]:1/callback")]
    [TestCase("http://client.example/cb", "http://client.example:8080/cb")]
    [TestCase("com.example.app:/cb", "com.example.app:/cb2")]
    [Rfc(8252, "7.1"), Rfc(8252, "8.3")]
    public void Nothing_else_is_as_good_as(string registered, string presented) => RedirectUri.Matches(registered, presented, anyPort: true).Should().BeFalse();

    [TestCase("https://client.example/cb", "client.example")]
    [TestCase("http://127.0.0.1:51004/cb", "127.0.0.1")]
    [TestCase("com.example.app:/cb", "com.example.app:")]
    [TestCase("cursor://anysphere.cursor-mcp/cb", "cursor:")]
    public void A_person_is_shown_the_host_or_the_scheme(string uri, string shown) => RedirectUri.Host(uri).Should().Be(shown);

    [TestCase("http://127.0.0.1/cb", true)]
    [TestCase("http://localhost/cb", true)]
    [TestCase("https://localhost/cb", false)]
    [TestCase("https://client.example/cb", false)]
    [TestCase("com.example.app:/cb", false)]
    public void Loopback_is_http_on_this_computer(string uri, bool loopback) => RedirectUri.IsLoopback(uri).Should().Be(loopback);
}
