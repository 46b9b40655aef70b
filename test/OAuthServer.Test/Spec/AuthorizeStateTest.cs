using System.Text;
using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec;

/// <summary>GET /authorize: state comes back as it came.</summary>
[Behaviour(1, 2)]
public sealed class AuthorizeStateTest : ServerFixture
{
    private Browser signedIn = null!;
    private Person alice = null!;
    private TestClient client = null!;

    [OneTimeSetUp]
    public async Task SignInAsync()
    {
        (alice, client) = (await Server.UserAsync(), await Server.PublicClientAsync());
        signedIn = Server.NewBrowser();
        await signedIn.SignInAsync(alice);
    }

    [TestCase("a\r\nSet-Cookie: x=1\r\n\u202e<script>&code=evil#frag")]
    [TestCase("a+b c%20d%zz%")]
    [TestCase("'\"<>;,?=&")]
    [Test, Rfc(6749, "4.1.2"), Case("AZ-028")]
    public async Task State_comes_back_octet_for_octet(string state)
    {
        var landed = await signedIn.AllowAsync(client.AuthorizeQuery(TestClient.NewVerifier(), ("state", state)), alice);

        Uri.UnescapeDataString(RawValue(landed.Url, "state")).Should().Be(state);
        Count(landed.Url, "code=").Should().Be(1);
        landed.Url.Should().NotContain("#").And.NotContain("\r").And.NotContain("\n");
        landed.Reply.Header("Set-Cookie").Should().BeNull();
    }

    [TestCase("%ff%fe%00%80"), TestCase("%zz%"), TestCase("%ED%A0%80")]
    [Test, Rfc(6749, "4.1.2"), Case("AZ-028")]
    public async Task State_need_not_be_text(string raw)
    {
        var query = client.AuthorizeQuery(TestClient.NewVerifier(), ("state", null)) + "&state=" + raw;

        var landed = await signedIn.AllowAsync(query, alice);

        landed.Parameters["code"].Should().NotBeNull();
        Octets(RawValue(landed.Url, "state")).Should().Equal(Octets(raw));
    }

    [Test, Rfc(6749, "4.1.2"), Case("AZ-027")]
    public async Task State_of_four_thousand_octets_comes_back_whole()
    {
        var state = new string('A', 4096);

        (await signedIn.AllowAsync(client.AuthorizeQuery(TestClient.NewVerifier(), ("state", state)), alice)).Parameters["state"].Should()
            .Be(state);
    }

    [Test, Rfc(6749, "4.1.2")]
    public async Task State_that_did_not_come_does_not_come_back() =>
        (await signedIn.AllowAsync(client.AuthorizeQuery(TestClient.NewVerifier(), ("state", null)), alice)).Url.Should()
            .NotContain("state=");

    [Test, Rfc(6749, "4.1.2"), Case("AZ-027")]
    public async Task State_is_as_long_as_a_request_line_of_8_KiB_carries()
    {
        var query = "/authorize?" + client.AuthorizeQuery(TestClient.NewVerifier(), ("state", null)) + "&state=";
        var state = new string('s', 8192 - "GET  HTTP/1.1\r\n".Length - query.Length);

        var landed = await signedIn.AllowAsync(query[(query.IndexOf('?') + 1)..] + state, alice);

        landed.Parameters["code"].Should().NotBeNull();
        landed.Parameters["state"].Should().Be(state);
    }

    private static int Count(string text, string part) => text.Split(part).Length - 1;

    private static string RawValue(string url, string name) => url.Split('?')[1].Split('&')
        .Single(pair => pair.StartsWith(name + "=", StringComparison.Ordinal))[(name.Length + 1)..];

    // Percent-decoding by the letter of RFC 3986: what is no escape stands for itself.
    private static byte[] Octets(string encoded)
    {
        var octets = new List<byte>();
        for (var i = 0; i < encoded.Length; i++)
        {
            if (encoded[i] == '%' && i + 2 < encoded.Length && Uri.IsHexDigit(encoded[i + 1]) && Uri.IsHexDigit(encoded[i + 2]))
            {
                octets.Add(Convert.ToByte(encoded.Substring(i + 1, 2), 16));
                i += 2;
            }
            else octets.AddRange(Encoding.UTF8.GetBytes(encoded[i].ToString()));
        }

        return [.. octets];
    }
}
