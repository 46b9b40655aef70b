using System.Net;
using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Fetch;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec;

[Behaviour(18), Rfc(6890, "2.2")]
public sealed class SpecialUseTest
{
    [TestCase("0.0.0.0"), TestCase("0.1.2.3"), TestCase("10.0.0.5"), TestCase("10.255.255.255"), TestCase("100.64.0.1"),
        TestCase("100.127.255.255")]
    [TestCase("127.0.0.1"), TestCase("127.255.255.254"), TestCase("169.254.169.254"), TestCase("172.16.0.1"), TestCase("172.31.255.255")]
    [TestCase("192.0.0.1"), TestCase("192.0.2.1"), TestCase("192.31.196.1"), TestCase("192.52.193.1"), TestCase("192.88.99.1"),
        TestCase("192.168.1.1")]
    [TestCase("192.175.48.1"), TestCase("198.18.0.1"), TestCase("198.19.255.255"), TestCase("198.51.100.1"), TestCase("203.0.113.1"),
        TestCase("224.0.0.1")]
    [TestCase("239.255.255.255"), TestCase("240.0.0.1"), TestCase("255.255.255.255")]
    [TestCase("::"), TestCase("::1"), TestCase("fe80::1"), TestCase("fe80::1%2"), TestCase("fec0::1"), TestCase("fc00::1"),
        TestCase("fd00::1"), TestCase("ff02::1")]
    [TestCase("100::1"), TestCase("100:0:0:1::1"), TestCase("2001::1"), TestCase("2001:2::1"), TestCase("2001:10::1"),
        TestCase("2001:20::1"), TestCase("2001:db8::1")]
    [TestCase("2620:4f:8000::1"), TestCase("3fff::1"), TestCase("3fff:fff::1"), TestCase("5f00::1")]
    public void An_address_of_the_registries_is_special(string address) => SpecialUse.Contains(IPAddress.Parse(address)).Should().BeTrue();

    [TestCase("::ffff:127.0.0.1", TestName = "IPv4-mapped loopback"), TestCase("::ffff:7f00:1", TestName = "IPv4-mapped loopback in hex")]
    [TestCase("::ffff:169.254.169.254", TestName = "IPv4-mapped link-local"), TestCase("::ffff:10.0.0.5", TestName = "IPv4-mapped private")]
    [TestCase("::ffff:0:127.0.0.1", TestName = "IPv4-translated loopback (SIIT)")]
    [TestCase("::127.0.0.1", TestName = "IPv4-compatible loopback"), TestCase("::8.8.8.8", TestName = "IPv4-compatible public")]
    [TestCase("64:ff9b::7f00:1", TestName = "NAT64 loopback"), TestCase("64:ff9b::169.254.169.254", TestName = "NAT64 link-local"),
        TestCase("64:ff9b::a00:5", TestName = "NAT64 private")]
    [TestCase("64:ff9b:1::8.8.8.8", TestName = "local NAT64, whatever it carries"),
        TestCase("64:ff9b:1:ffff::a00:5", TestName = "local NAT64 private")]
    [TestCase("2002:7f00:1::1", TestName = "6to4 loopback"), TestCase("2002:a9fe:a9fe::1", TestName = "6to4 link-local"),
        TestCase("2002:a00:5::", TestName = "6to4 private")]
    [TestCase("2001:0:4136:e378:8000:63bf:80ff:fffe", TestName = "Teredo loopback"),
        TestCase("2001:0:7f00:1::", TestName = "Teredo server on loopback")]
    [TestCase("2606:4700::5efe:10.0.0.5", TestName = "ISATAP private"),
        TestCase("2606:4700::200:5efe:127.0.0.1", TestName = "ISATAP loopback")]
    public void A_disguise_is_seen_through(string address) => SpecialUse.Contains(IPAddress.Parse(address)).Should().BeTrue();

    [TestCase("1.1.1.1"), TestCase("8.8.8.8"), TestCase("9.255.255.255"), TestCase("11.0.0.0"), TestCase("100.63.255.255"),
        TestCase("100.128.0.0"), TestCase("126.255.255.255")]
    [TestCase("128.0.0.0"), TestCase("169.253.255.255"), TestCase("169.255.0.0"), TestCase("172.15.255.255"), TestCase("172.32.0.0"),
        TestCase("192.0.1.0"), TestCase("192.167.255.255")]
    [TestCase("192.169.0.0"), TestCase("198.17.255.255"), TestCase("198.20.0.0"), TestCase("223.255.255.255"), TestCase("160.79.104.10")]
    [TestCase("2606:4700::1111"), TestCase("2a00:1450:4001::1"), TestCase("2001:200::1"), TestCase("2001:4860:4860::8888"),
        TestCase("2003::1")]
    [TestCase("::ffff:8.8.8.8"), TestCase("64:ff9b::8.8.8.8")]
    public void A_public_address_is_not(string address) => SpecialUse.Contains(IPAddress.Parse(address)).Should().BeFalse();
}
