using CsCheck;
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
    public void Only_the_port_is_free(string presented) => RedirectUri.Matches("http://127.0.0.1/callback", presented, anyPort: true)
        .Should().BeFalse();

    [TestCase("http://localhost/callback", "http://127.0.0.1:1/callback")]
    [TestCase("http://localhost/callback", "http://localhost.evil.example:80/callback")]
    [TestCase("http://localhost/callback", "http://LOCALHOST:80/callback")]
    [TestCase("http://[::1]/callback", "http://[::1]evil.example/callback")]
    [TestCase("http://[::1]/callback", "http://[0:0:0:0:0:0:0:1]:1/callback")]
    [TestCase("http://client.example/cb", "http://client.example:8080/cb")]
    [TestCase("com.example.app:/cb", "com.example.app:/cb2")]
    [Rfc(8252, "7.1"), Rfc(8252, "8.3")]
    public void Nothing_else_is_as_good_as(string registered, string presented) => RedirectUri.Matches(registered, presented, anyPort: true)
        .Should().BeFalse();

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

    private static readonly Gen<string> Pieces = Any.Of(
        "http://", "https://", "HTTP://", "127.0.0.1", "127.0.0.2", "localhost", "[::1]", "evil.example", ":", "80", "51004", "@", "\\",
        "%2e", ".",
        "/", "/callback", "?", "#", "com.example.app:");

    // Two texts made apart are hardly ever alike, and hardly any is on loopback: what follows would hold of a rule that is broken.
    private static readonly Gen<(string One, string Other)> Alike = Gen.Select(Pieces, Pieces, Gen.Int[0, 3], (one, other, how) =>
        (one, how switch { 0 => one, 1 => one.ToUpperInvariant(), 2 => one + other, _ => other }));

    private static readonly Gen<string> OnLoopback = Gen.Select(
        Gen.OneOf("127.0.0.1", "127.0.0.2", "localhost", "[::1]"), Gen.OneOf("", ":80", ":51004"),
        Gen.OneOf("", "/", "?x", "/?x", "/callback", "/callback/"), (host, port, path) => $"http://{host}{port}{path}");

    private static readonly Gen<string> NearlyCallback = Gen.Select(
        Gen.OneOf("http://127.0.0.1/callback", "http://127.0.0.1:51004/callback"), Gen.Int[0, 31],
        Gen.OneOf("@", "@evil.example", "evil.example", ".", "%2e", "\\", "//", "?", "#", ":80", "80", "0"),
        (uri, at, piece) => uri.Insert(Math.Min(at, uri.Length), piece));

    [Test, Rfc(6749, "3.1.2.3")]
    public void Without_a_free_port_equal_text_matches_and_no_other() =>
        Alike.Sample(two => RedirectUri.Matches(two.One, two.One, anyPort: false)
            && RedirectUri.Matches(two.One, two.Other, anyPort: false) == (two.One == two.Other), iter: 2000);

    [Test, Rfc(8252, "7.3")]
    public void Any_two_ports_match_on_loopback() =>
        Gen.Select(Gen.OneOf("127.0.0.1", "[::1]", "localhost", "127.1.2.3"), Gen.Int[1, 65535], Gen.Int[1, 65535],
            Gen.OneOf("/", "/cb", "/cb?x=1", "/?x"))
            .Sample((host, registered, presented, path) =>
                RedirectUri.Matches($"http://{host}:{registered}{path}", $"http://{host}:{presented}{path}", anyPort: true), iter: 500);

    [Test, Rfc(8252, "7.3")]
    public void With_a_free_port_matching_goes_both_ways() =>
        Gen.Select(Gen.OneOf(OnLoopback, Pieces), OnLoopback).Sample((one, other) =>
            RedirectUri.Matches(one, other, anyPort: true) == RedirectUri.Matches(other, one, anyPort: true), iter: 2000);

    [Test, Rfc(8252, "7.3")]
    public void Whatever_matches_a_loopback_address_leads_a_browser_to_that_host_and_path() =>
        Gen.OneOf(NearlyCallback, Pieces, Pieces.Select(rest => "http://127.0.0.1" + rest),
            Pieces.Select(rest => "http://127.0.0.1:51004" + rest))
            .Sample(presented =>
            !RedirectUri.Matches("http://127.0.0.1/callback", presented, anyPort: true)
            || (Uri.TryCreate(presented, UriKind.Absolute, out var url)
                && (url.Scheme, url.Host, url.PathAndQuery, url.UserInfo, url.Fragment) == ("http", "127.0.0.1", "/callback", "", "")),
                    iter: 5000);

    [Test, Rfc(6749, "3.1.2.3")]
    public void One_character_put_in_anywhere_but_in_the_port_never_matches()
    {
        const string registered = "http://127.0.0.1:3000/callback?x=1";
        var port = (Begin: registered.IndexOf(":3000", StringComparison.Ordinal) + 1,
            End: registered.IndexOf("/callback", StringComparison.Ordinal));

        Gen.Select(Gen.Int[0, registered.Length], Gen.Frequency((3, (IGen<char>)Gen.Char[' ', '~']), (1, Gen.Char)))
            .Sample((at, character) =>
            (at >= port.Begin && at <= port.End) || !RedirectUri.Matches(registered, registered.Insert(at, $"{character}"), anyPort: true),
            iter: 5000);
    }
}
