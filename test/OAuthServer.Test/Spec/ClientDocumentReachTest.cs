using System.Net;
using System.Net.Sockets;
using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using NUnit.Framework;
using OAuthServer.Fetch;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec;

/// <summary>Documents at addresses nobody may be sent to: refused without a single connection. The exemption for loopback is off.</summary>
[Behaviour(18), Rfc(6890, "2.2")]
public sealed class ClientDocumentReachTest : ServerFixture
{
    private const string Public = "93.184.215.14";
    private readonly FakeInternet outside = new();

    protected override Settings Change(Settings settings) => settings with { ClientDocumentsOnLoopback = false };

    protected override void Register(IServiceCollection services) => services.AddSingleton(outside.Network);

    [SetUp]
    public void Forget()
    {
        outside.Connections.Clear();
        outside.Lookups.Clear();
        outside.Redirect = null;
        Server.Clock.Travel(TimeSpan.FromMinutes(2));
    }

    [OneTimeTearDown]
    public ValueTask CloseAsync() => outside.DisposeAsync();

    [TestCase("127.0.0.1:8443", TestName = "loopback"), TestCase("127.8.8.8", TestName = "all of 127/8"),
        TestCase("169.254.169.254", TestName = "link-local metadata"), TestCase("10.0.0.5", TestName = "RFC 1918"), TestCase("172.16.0.1"),
        TestCase("192.168.0.1")]
    [TestCase("100.64.0.1"), TestCase("0.0.0.0", TestName = "0.0.0.0"), TestCase("255.255.255.255"), TestCase("224.0.0.1"),
        TestCase("[::1]", TestName = "IPv6 loopback"), TestCase("[::]"), TestCase("[fd00::1]", TestName = "IPv6 unique local"),
        TestCase("[fe80::1]")]
    [TestCase("[::ffff:127.0.0.1]", TestName = "IPv4-mapped"), TestCase("[::ffff:a9fe:a9fe]"),
        TestCase("[64:ff9b::7f00:1]", TestName = "NAT64"), TestCase("[64:ff9b:1::a00:5]"), TestCase("[2002:7f00:1::1]", TestName = "6to4"),
        TestCase("[2001:0:4136:e378:8000:63bf:80ff:fffe]", TestName = "Teredo"), TestCase("[::7f00:1]", TestName = "IPv4-compatible")]
    [Case("CIMD-010", "CIMD-012", "CIMD-013", "CIMD-015", "CIMD-016", "CIMD-017", "CIMD-020")]
    public async Task A_special_use_address_is_never_connected_to(string authority)
    {
        (await Server.RefusedAsync($"https://{authority}/c")).Rule.Should().BeOneOf("CIMD §8.6, RFC 6890", "CIMD §3");

        outside.Connections.Should().BeEmpty();
    }

    [TestCase("127.0.0.1", TestName = "name on loopback"), TestCase("10.0.0.5", TestName = "name on a private address"),
        TestCase("169.254.169.254", TestName = "name on link-local"), TestCase("::1"), TestCase("fd00::1"), TestCase("::ffff:127.0.0.1"),
        TestCase("64:ff9b::a9fe:a9fe"), TestCase("2002:a00:5::1")]
    [Case("CIMD-011", "CIMD-021")]
    public async Task Nor_under_a_name(string address)
    {
        foreach (var name in new[] { "localhost", "private.example", "app.localhost" })
        {
            outside.Name(name, address);

            var error = await Server.RefusedAsync($"https://{name}/c");

            error.Rule.Should().Be("CIMD §8.6, RFC 6890");
            error.Got.Should().StartWith(name + " at ");
            error.Description.Should().Be($"The document that describes this app at {name} could not be used");
        }

        outside.Connections.Should().BeEmpty();
    }

    [Test]
    public async Task One_special_use_answer_refuses_the_whole_name()
    {
        outside.Name("mixed.example", Public, "2606:4700::1111", "10.0.0.5");

        (await Server.RefusedAsync("https://mixed.example/c")).Got.Should().Be("mixed.example at 10.0.0.5");

        outside.Connections.Should().BeEmpty();
    }

    [Test]
    public async Task A_name_that_rebinds_is_looked_up_once_and_only_the_checked_address_is_connected_to()
    {
        var host = await outside.GoodHostAsync();
        outside.Rebind("rebind.example", Public, "127.0.0.1");

        await Server.RefusedAsync($"https://rebind.example:{host.Port}/client.json");

        outside.Lookups.Should().ContainSingle();
        outside.Connections.Should().OnlyContain(address => address.Address.Equals(IPAddress.Parse(Public))).And.ContainSingle();
        host.Requests.Should().BeEmpty();

        // And once it points inside, nothing is connected to any more.
        outside.Connections.Clear();
        await Server.RefusedAsync($"https://rebind.example:{host.Port}/client.json");
        outside.Connections.Should().BeEmpty();
    }

    [Test]
    public async Task A_connection_that_ends_elsewhere_is_dropped_before_a_word_is_said()
    {
        using var inside = new TcpListener(IPAddress.Loopback, 0);
        inside.Start();
        outside.Name("detour.example", Public);
        outside.Redirect = (IPEndPoint)inside.LocalEndpoint;

        var refused = Server.RefusedAsync("https://detour.example/c");
        using var connection = await inside.AcceptTcpClientAsync();
        (await connection.GetStream().ReadAsync(new byte[1])).Should().Be(0, "not even a TLS greeting was sent");

        (await refused).Got.Should().Be($"asked for {Public}, connected to 127.0.0.1");
    }

    [Test]
    public async Task Without_an_answer_from_the_first_address_the_next_is_tried()
    {
        outside.Name("two.example", "2606:4700::1111", Public);

        await Server.RefusedAsync("https://two.example/c");

        outside.Connections.Select(address => address.Address.ToString()).Should().Equal("2606:4700::1111", Public);
    }

    [Test]
    public async Task Loopback_is_never_exempt_when_the_issuer_is_elsewhere()
    {
        using var fetcher =
            new Fetcher(outside.Network, new Settings { Issuer = "https://auth.example.com", ClientDocumentsOnLoopback = true },
                TimeProvider.System);

        (await fetcher.FetchAsync(new Uri("https://127.0.0.1/c"), null)).Refused(out _, out _).Should().BeTrue();

        outside.Connections.Should().BeEmpty();
    }

    [Test]
    public async Task And_where_it_is_exempt_the_rest_of_the_inside_is_not()
    {
        using var fetcher = new Fetcher(outside.Network, new Settings { Issuer = "http://127.0.0.1:8080" }, TimeProvider.System);

        foreach (var address in new[] { "10.0.0.5", "169.254.169.254", "0.0.0.0", "[::]", "[fd00::1]", "[64:ff9b::7f00:1]",
            "[2002:7f00:1::1]", "[::7f00:1]" })
            (await fetcher.FetchAsync(new Uri($"https://{address}/c"), null)).Refused(out _, out _).Should().BeTrue();

        outside.Connections.Should().BeEmpty();
    }

    [Test]
    public async Task Proxies_of_the_environment_are_not_used()
    {
        using var proxy = new TcpListener(IPAddress.Loopback, 0);
        proxy.Start();
        outside.Name("proxied.example", Public);
        var before = HttpClient.DefaultProxy;
        try
        {
            HttpClient.DefaultProxy = new WebProxy($"http://127.0.0.1:{((IPEndPoint)proxy.LocalEndpoint).Port}");
            await Server.RefusedAsync("https://proxied.example/c");
        }
        finally
        {
            HttpClient.DefaultProxy = before;
        }

        proxy.Pending().Should().BeFalse();
        outside.Connections.Should().ContainSingle().Which.Should().Be(new IPEndPoint(IPAddress.Parse(Public), 443));
    }
}
