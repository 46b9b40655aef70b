using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Cli;
using OAuthServer.Protocol;

namespace OAuthServer.Test.Cli;

public sealed class SettingsSourceTest
{
    private const string Postgres = "Host=/tmp/pg;Username=oauth;Database=oauth";
    private static readonly string Key = Convert.ToBase64String(new byte[32]);

    private string folder = "";

    [SetUp]
    public void A_folder_of_its_own() => folder = Directory.CreateTempSubdirectory("oauth-settings-").FullName;

    [TearDown]
    public void Remove_it() => Directory.Delete(folder, recursive: true);

    [Test]
    public void Everything_that_is_wrong_is_told_at_once_by_its_variable()
    {
        Read(out var errors, ("OAuth__Issuer", "http://auth.example.com/"), ("OAuth__Algorithm", "HS256"), ("OAuth__CodeSeconds", "soon"),
            ("OAuth__Demo", "true"),
            ("OAuth__BcryptCost", "4"), ("OAuth__TlsCertificateFile", "missing.pem"), ("ConnectionStrings__OAuth", "nonsense"),
                ("OAUTH_SECRETS_FOLDER", "missing"));

        errors.Select(error => error.Split(':')[0]).Distinct()
            .Should().BeEquivalentTo("OAuth__Issuer", "OAuth__Algorithm", "OAuth__CodeSeconds", "OAuth__Demo", "OAuth__BcryptCost",
            "OAuth__TlsCertificateFile", "OAuth__KeyEncryptionKey", "ConnectionStrings__OAuth", "OAUTH_SECRETS_FOLDER");
    }

    [TestCase("\u0089PNG\r\n\u001a\n…", null)]
    [TestCase("<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg'/>", null)]
    [TestCase("GIF89a", "the file is no PNG, JPEG, WebP or SVG")]
    [TestCase("", "the file is no PNG, JPEG, WebP or SVG")]
    [TestCase(null, "there is no such file")]
    public void A_logo_is_read_at_start_and_refused_unless_it_is_a_picture(string? content, string? problem)
    {
        if (content is not null) File.WriteAllText(Path.Combine(folder, "logo"), content, System.Text.Encoding.Latin1);

        Read(out var errors, ("OAuth__Issuer", "https://auth.example.com"), ("OAuth__KeyEncryptionKey", Key), ("DATABASE_URL", Postgres),
            ("OAuth__BrandLogoFile", "logo"));

        errors.Should().Equal(problem is null ? [] : [$"OAuth__BrandLogoFile: {problem}"]);
    }

    [Test]
    public void A_logo_of_more_than_256_KiB_is_refused()
    {
        File.WriteAllText(Path.Combine(folder, "logo"), "<svg>" + new string(' ', 256 * 1024));

        Read(out var errors, ("OAuth__Issuer", "https://auth.example.com"), ("OAuth__KeyEncryptionKey", Key), ("DATABASE_URL", Postgres),
            ("OAuth__BrandLogoFile", "logo"));

        errors.Should().Equal("OAuth__BrandLogoFile: the picture is larger than 256 KiB");
    }

    [TestCase("OAuth__Isuer", "OAuth__Isuer")]
    [TestCase("OAuth__Issuer__Name", "OAuth__Issuer__Name")]
    public void An_unknown_key_is_refused(string variable, string named)
    {
        Read(out var errors, ("OAuth__Issuer", "https://auth.example.com"), ("OAuth__KeyEncryptionKey", Key), ("DATABASE_URL", Postgres),
            (variable, "x"));

        errors.Should().ContainSingle().Which.Should().StartWith($"{named}: no such setting");
    }

    [Test]
    public void The_environment_beats_a_secrets_file_and_a_secrets_file_beats_appsettings()
    {
        File.WriteAllText(Path.Combine(folder, "appsettings.json"),
            """{ "OAuth": { "DisplayName": "base", "CodeSeconds": 11, "RequestSeconds": 61, "AuditMonths": 2 } }""");
        File.WriteAllText(Path.Combine(folder, "appsettings.Production.json"),
            """{ "OAuth": { "DisplayName": "production", "CodeSeconds": 12, "RequestSeconds": 62 } }""");
        Secret("OAuth__CodeSeconds", "13\n");
        Secret("OAuth__RequestSeconds", "63\n");
        Secret("OAuth__KeyEncryptionKey", Key);
        Secret("unrelated", "not ours");

        var settings =
            Read(out var errors, ("OAuth__Issuer", "https://auth.example.com"), ("DATABASE_URL", Postgres), ("OAuth__RequestSeconds", "64"),
                ("OAUTH_SECRETS_FOLDER", "secrets"));

        errors.Should().BeEmpty();
        (settings.AuditMonths, settings.DisplayName, settings.CodeSeconds, settings.RequestSeconds).Should().Be((2, "production", 13, 64));
        settings.Development.Should().BeFalse("Production is what nobody had to ask for");
    }

    [Test]
    public void A_file_that_is_no_JSON_is_named()
    {
        File.WriteAllText(Path.Combine(folder, "appsettings.json"), "{ OAuth");

        Read(out var errors, ("OAuth__Issuer", "https://auth.example.com"), ("OAuth__KeyEncryptionKey", Key), ("DATABASE_URL", Postgres));

        errors.Should().ContainSingle().Which.Should().Contain("appsettings.json: cannot be read");
    }

    [Test]
    public void The_connection_string_beats_the_URL_and_an_empty_one_is_none()
    {
        Read(out _, ("ConnectionStrings__OAuth", "Host=/tmp/one"), ("DATABASE_URL", "postgres://localhost/two")).Database
            .Should().Contain("/tmp/one");
        Read(out _, ("ConnectionStrings__OAuth", ""), ("DATABASE_URL", "postgres://localhost/two")).Database.Should().Contain("two");

        Secret("ConnectionStrings__OAuth", "Host=/tmp/three");
        Read(out _, ("ConnectionStrings__OAuth", ""), ("OAUTH_SECRETS_FOLDER", "secrets")).Database.Should().Contain("/tmp/three");
    }

    [TestCase("ConnectionStrings__OAuth", "Host=db.example.com;Password=the-password")]
    [TestCase("DATABASE_URL", "postgres://oauth:the-password@db.example.com/oauth")]
    public void A_database_elsewhere_without_TLS_is_refused_by_the_variable_that_named_it(string variable, string text)
    {
        Read(out var errors, ("OAuth__Issuer", "https://auth.example.com"), ("OAuth__KeyEncryptionKey", Key), (variable, text));

        errors.Should().ContainSingle().Which.Should().StartWith($"{variable}: ").And.NotContain("the-password");
    }

    [Test]
    public void Production_needs_a_key_encryption_key_where_keys_are_opened_and_nowhere_else()
    {
        (string, string)[] variables = [("OAuth__Issuer", "https://auth.example.com"), ("DATABASE_URL", Postgres)];

        Read(out var errors, variables);
        errors.Should().ContainSingle().Which.Should().StartWith("OAuth__KeyEncryptionKey:");

        Source(variables).Read(withKey: false, out errors);
        errors.Should().BeEmpty();
    }

    [Test]
    public void Development_makes_its_key_encryption_key_once_for_its_owner_only()
    {
        (string, string)[] variables =
            [("DATABASE_URL", Postgres), ("ASPNETCORE_ENVIRONMENT", "Development"), ("OAuth__LocalFolder", "here")];
        var file = Path.Combine(folder, "here", "key-encryption-key");

        Source(variables).Read(withKey: false, out _).KeyEncryptionKey.Should().BeEmpty();
        File.Exists(file).Should().BeFalse("a command that opens no key makes none");

        var first = Read(out var errors, variables).KeyEncryptionKey;
        errors.Should().BeEmpty();
        Convert.FromBase64String(first).Should().HaveCount(32);
        Read(out _, variables).KeyEncryptionKey.Should().Be(first);
        Directory.GetFiles(Path.Combine(folder, "here")).Should().Equal(file);
        if (OperatingSystem.IsLinux()) File.GetUnixFileMode(file).Should().Be(UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }

    [Test]
    public void A_local_key_that_was_damaged_is_not_replaced()
    {
        Directory.CreateDirectory(Path.Combine(folder, ".local"));
        File.WriteAllText(Path.Combine(folder, ".local", "key-encryption-key"), "short");

        Read(out var errors, ("DATABASE_URL", Postgres), ("DOTNET_ENVIRONMENT", "Development"));

        errors.Should().ContainSingle().Which.Should().StartWith("OAuth__KeyEncryptionKey:").And.Contain(".local");
    }

    [TestCase("OAuth__Demo", "true")]
    [TestCase("OAuth__Issuer", "http://auth.example.com")]
    public void Production_refuses(string variable, string value)
    {
        Read(out var errors, ("OAuth__Issuer", "https://auth.example.com"), ("OAuth__KeyEncryptionKey", Key), ("DATABASE_URL", Postgres),
            (variable, value));

        errors.Should().ContainSingle().Which.Should().StartWith($"{variable}:");
    }

    private Settings Read(out List<string> errors, params (string Name, string Value)[] variables) => Source(variables).Read(
        withKey: true, out errors);

    // Later ones win, as when a variable is set again.
    private SettingsSource Source((string Name, string Value)[] variables) =>
        new(variables.GroupBy(variable => variable.Name).ToDictionary(group => group.Key, group => (string?)group.Last().Value), folder);

    private void Secret(string name, string text) =>
        File.WriteAllText(Path.Combine(Directory.CreateDirectory(Path.Combine(folder, "secrets")).FullName, name), text);
}
