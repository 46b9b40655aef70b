using System.Reflection;
using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Protocol;

[Behaviour(13, 27), Parallelizable(ParallelScope.All)]
public sealed class SettingsTest
{
    private static readonly Dictionary<string, string?> Good = new()
    {
        ["Issuer"] = "https://auth.example.com",
        ["Database"] = "Host=/tmp",
        ["KeyEncryptionKey"] = Convert.ToBase64String(new byte[32]),
    };

    private static List<string> Problems(params (string Key, string? Value)[] changes) => Problems(false, changes);

    private static List<string> Problems(bool development, params (string Key, string? Value)[] changes)
    {
        var values = new Dictionary<string, string?>(Good);
        foreach (var (key, value) in changes) values[key] = value;
        SettingsParser.Parse(values, development, out var errors);
        return errors;
    }

    [Test]
    public void Three_values_are_enough() => Problems().Should().BeEmpty();

    [TestCase("http://auth.example.com", Description = "http off loopback")]
    [TestCase("https://auth.example.com/")]
    [TestCase("https://auth.example.com/tenant/")]
    [TestCase("https://auth.example.com?x")]
    [TestCase("https://auth.example.com#x")]
    [TestCase("https://me@auth.example.com")]
    [TestCase("https://AUTH.example.com")]
    [TestCase("https://auth.example.com:443")]
    [TestCase("https://auth.example.com/a/../b")]
    [TestCase("auth.example.com")]
    [TestCase("ftp://auth.example.com")]
    [TestCase("")]
    [Rfc(8414, "2")]
    public void An_issuer_that_clients_could_not_compare_is_refused(string issuer) =>
        Problems(("Issuer", issuer)).Should().ContainSingle().Which.Should().StartWith("OAuth__Issuer: ");

    [TestCase("https://auth.example.com/tenant", "auth.example.com", "/tenant")]
    [TestCase("https://auth.example.com:8443", "auth.example.com:8443", "")]
    [TestCase("http://localhost:8080", "localhost:8080", "")]
    [TestCase("http://127.0.0.1:1/a/b", "127.0.0.1:1", "/a/b")]
    public void A_good_issuer_keeps_its_spelling(string issuer, string authority, string path)
    {
        var settings = SettingsParser.Parse(new Dictionary<string, string?>(Good) { ["Issuer"] = issuer }, false, out var errors);

        errors.Should().BeEmpty();
        (settings.Issuer, settings.IssuerAuthority, settings.IssuerPath).Should().Be((issuer, authority, path));
    }

    [Test]
    public void All_that_is_wrong_is_told_at_once_each_with_its_variable()
    {
        var errors = Problems(
            ("Issuer", "nonsense"), ("Database", ""), ("KeyEncryptionKey", ""), ("CodeSeconds", "0"), ("Algorithm", "HS256"),
            ("StrictReuse", "perhaps"), ("BcryptCost", "ten"), ("Nonsense", "x"));

        errors.Select(error => error.Split(':')[0]).Should().BeEquivalentTo(
            "OAuth__Issuer", "ConnectionStrings__OAuth", "OAuth__KeyEncryptionKey", "OAuth__CodeSeconds", "OAuth__Algorithm",
            "OAuth__StrictReuse", "OAuth__BcryptCost", "OAuth__Nonsense");
    }

    [TestCase("CodeSeconds", "601", "write 1 to 600")]
    [TestCase("AuditMonths", "0", "write 1 to 1200")]
    [TestCase("SessionSeconds", "59", "write 60 to 31536000")]
    [TestCase("Algorithm", "HS256", "write ES256 or RS256")]
    [TestCase("Registration", "closed", "write open, token or off")]
    [TestCase("PrivacyUrl", "mailto:me@example.com", "write https://…")]
    [TestCase("SupportUrl", "http://example.com", "write https://… or mailto:…")]
    [TestCase("SecurityContact", "me", "write mailto:… or https://…")]
    public void A_refused_value_comes_with_the_values_to_write(string key, string value, string sentence) =>
        Problems((key, value)).Should().Equal($"OAuth__{key}: {sentence}");

    [Test]
    public void Every_number_has_its_range_at_its_property() =>
        typeof(Settings).GetProperties().Where(property => property is { CanWrite: true } && property.PropertyType == typeof(int))
            .Where(property => property.GetCustomAttribute<System.ComponentModel.DataAnnotations.RangeAttribute>() is null).Should()
                .BeEmpty();

    [TestCase("not base64!")]
    [TestCase("AAAA")]
    [TestCase("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    public void A_key_encryption_key_of_another_length_is_refused_and_not_repeated(string key) =>
        Problems(("KeyEncryptionKey", key)).Should().ContainSingle().Which.Should().StartWith("OAuth__KeyEncryptionKey")
            .And.NotContain(key);

    [Test]
    public void Demo_data_belongs_in_Development_on_loopback_only()
    {
        Problems(("Demo", "true")).Should().ContainSingle().Which.Should().StartWith("OAuth__Demo");
        Problems(true, ("Demo", "true")).Should().ContainSingle();
        Problems(false, ("Demo", "true"), ("Issuer", "http://localhost:1")).Should().ContainSingle();
        Problems(true, ("Demo", "true"), ("Issuer", "http://localhost:1")).Should().BeEmpty();
    }

    [TestCase("CodeSeconds", 1, 600)]
    [TestCase("RetryWindowSeconds", 0, 300)]
    [TestCase("BcryptCost", 10, 14)]
    [TestCase("JwksMaxAgeSeconds", 0, 86400)]
    [TestCase("KeyNoticeSeconds", 0, 2592000)]
    [TestCase("RequestSeconds", 60, 3600)]
    public void A_number_has_its_range(string key, int least, int most)
    {
        foreach (var good in new[] { least, most }) Problems((key, $"{good}")).Should().BeEmpty();
        foreach (var bad in new[] { least - 1, most + 1 })
            Problems((key, $"{bad}")).Should().ContainSingle().Which.Should().StartWith($"OAuth__{key}: ");
    }

    [Test]
    public void A_keys_notice_is_shorter_than_the_time_between_keys()
    {
        Problems(("KeyRotationDays", "1")).Should().ContainSingle().Which.Should().StartWith("OAuth__KeyNoticeSeconds: ");
        Problems(("KeyRotationDays", "1"), ("KeyNoticeSeconds", "3600")).Should().BeEmpty();
        Problems(("KeyRotationDays", "0")).Should().BeEmpty();
    }

    [TestCase("TrustedProxies", "proxy.example")]
    [TestCase("SecurityContact", "me")]
    [TestCase("TrustedProxies", "10")]
    [TestCase("TrustedProxies", "10.0.0.0/33")]
    [TestCase("TrustedProxies", "0.0.0.0/0", Description = "everybody")]
    [TestCase("TrustedProxies", "::/0")]
    [TestCase("TlsKeyFile", "key.pem")]
    [TestCase("ShutdownGraceSeconds", "301")]
    [TestCase("Listen", "8080")]
    [TestCase("Listen", "http://8080")]
    [TestCase("Listen", "http://127.1:8080")]
    [TestCase("Listen", "http://*:8080")]
    [TestCase("Listen", "http://+:8080")]
    [TestCase("Listen", "http://127.0.0.1:8080/path")]
    [TestCase("Listen", "http://127.0.0.1:80800")]
    [TestCase("Listen", "http://127.0.0.1:8080;http://127.0.0.1:8081")]
    [TestCase("Listen", "tcp://127.0.0.1:8080")]
    [TestCase("Listen", "https://0.0.0.0:8443", Description = "https without a certificate")]
    [TestCase("Listen", "http://unix:/")]
    [TestCase("Listen", "http://unix:/run/")]
    [TestCase("Listen", "http://unix:relative.sock")]
    [TestCase("PrivacyUrl", "http://example.com/privacy")]
    [TestCase("TermsUrl", "terms.html")]
    [TestCase("SupportUrl", "javascript:alert(1)")]
    [TestCase("BrandAccent", "blue")]
    [TestCase("BrandAccent", "#12345")]
    public void A_value_of_another_form_is_refused(string key, string value) =>
        Problems((key, value)).Should().ContainSingle().Which.Should().StartWith("OAuth__");

    [TestCase("10.0.0.0/8 192.168.0.1 ::1 fd00::/8")]
    [TestCase("10.0.0.0/8, 192.168.0.1")]
    [TestCase("")]
    public void Proxies_are_addresses_and_networks(string value) => Problems(("TrustedProxies", value)).Should().BeEmpty();

    [TestCase("http://127.0.0.1:8080")]
    [TestCase("http://[::]:8080")]
    [TestCase("http://localhost:8080")]
    [TestCase("http://auth.internal:8080")]
    [TestCase("http://0.0.0.0")]
    [TestCase("http://unix:/run/oauth.sock")]
    public void The_server_listens_on_addresses_names_and_sockets(string value) => Problems(("Listen", value)).Should().BeEmpty();

    [Test, Behaviour(27)]
    public void A_certificate_and_the_scheme_to_listen_on_belong_together()
    {
        Problems(("Listen", "http://0.0.0.0:443"), ("TlsCertificateFile", "cert.pem")).Should().ContainSingle()
            .Which.Should().StartWith("OAuth__Listen: ").And.Contain("https://");
        Problems(("Listen", "https://0.0.0.0:443"), ("TlsCertificateFile", "cert.pem")).Should().BeEmpty();
        Problems(("Listen", "https://unix:/run/oauth.sock"), ("TlsCertificateFile", "cert.pem")).Should().BeEmpty();
    }

    [TestCase("https://auth.b\u00FCcher.example")]
    [TestCase("https://auth.example.com/\u00FC")]
    [Rfc(3986, "2")]
    public void An_issuer_that_is_not_ASCII_is_refused_with_what_to_write(string issuer) =>
        Problems(("Issuer", issuer)).Should().ContainSingle()
            .Which.Should().StartWith("OAuth__Issuer: ").And.Contain("punycode").And.MatchRegex("xn--bcher-kva|auth.example.com");

    [TestCase("https://auth.example.com/a%20b"), TestCase("https://auth.example.com/%7Btenant%7D"),
        TestCase("https://auth.example.com/{tenant}")]
    [Rfc(8414, "3.3")]
    public void An_issuer_whose_path_has_escapes_is_refused(string issuer) =>
        Problems(("Issuer", issuer)).Should().ContainSingle().Which.Should().StartWith("OAuth__Issuer: no escapes");

    [Test, Behaviour(9)]
    public void A_grace_before_the_port_closes_is_for_production()
    {
        SettingsParser.Parse(Good, false, out _).ShutdownGraceSeconds.Should().Be(5);
        SettingsParser.Parse(Good, true, out _).ShutdownGraceSeconds.Should().Be(0);
        SettingsParser.Parse(new Dictionary<string, string?>(Good) { ["ShutdownGraceSeconds"] = "7" }, true,
            out _).ShutdownGraceSeconds.Should().Be(7);
    }

    [TestCase("#ffd400", Description = "1.4:1 on white")]
    [TestCase("#ffffff")]
    [TestCase("#7a7a7a", Description = "4.5:1 needs a little more on the pages' ground")]
    [Case("UI-045")]
    public void An_accent_that_cannot_be_read_on_white_is_refused(string accent) =>
        Problems(("BrandAccent", accent)).Should().ContainSingle()
            .Which.Should().StartWith("OAuth__BrandAccent: its contrast").And.Contain("4.5:1");

    [TestCase("#2a5bd7"), TestCase("#000000"), TestCase("#7a0019"), TestCase("#00695c")]
    public void A_dark_accent_is_made_lighter_for_dark_pages(string colour)
    {
        var accent = Accent.Read(colour, out var problem);

        problem.Should().BeNull();
        accent!.Light.Should().Be(colour);
        accent.Dark.Should().NotBe(colour).And.MatchRegex("^#[0-9a-f]{6}$");
        Problems(("BrandAccent", colour), ("SupportUrl", "mailto:help@example.com"), ("PrivacyUrl", "https://example.com/privacy"))
            .Should().BeEmpty();
    }
}
