using System.Text.Json;
using System.Text.RegularExpressions;
using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Import;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Import;

/// <summary>
/// The file of an import: each bad line is named with its reason, and costs none of the others; or all of them, if so asked.
/// </summary>
[Behaviour(10)]
public sealed class ImportFileTest : ServerFixture
{
    private static string User(int number, string hash = "") => new UserRecord
    {
        Subject = Guid.CreateVersion7(),
        Username = $"import-{number}-{Guid.NewGuid():N}"[..30],
        PasswordHash = hash.Length > 0 ? hash : Cast.PasswordHash,
    }.Write();

    [Test]
    public async Task One_bad_line_among_ten_thousand_is_named_and_costs_no_other()
    {
        var lines = Enumerable.Range(1, 10_000).Select(number => User(number)).ToArray();
        lines[4_321] = User(4_322, "plain text");

        var strict = await Server.ImportAsync(strict: true, lines);
        var users = await Server.ScalarAsync<long>("select count(*) from users where username like 'import-%'");
        var imported = await Server.ImportAsync(strict: false, lines);

        strict.Bad.Should().ContainSingle().Which.Line.Should().Be(4_322);
        users.Should().Be(0, "strict takes all or none");
        imported.Added["users"].Should().Be(9_999);
        imported.Bad.Should().ContainSingle().Which.Reason.Should().Contain("bcrypt hash").And.NotContain("plain text");
        var again = await Server.ImportAsync(strict: false, lines);
        (again.Added.Count, again.AlreadyThere).Should().Be((0, 9_999), "it may be run again");
    }

    [TestCase("", "")]
    [TestCase("[]", "no JSON object")]
    [TestCase("{\"type\":\"user\"", "no JSON object")]
    [TestCase("{\"type\":\"robot\"}", "unknown type")]
    [TestCase("{\"subject\":\"x\"}", "type is missing")]
    [TestCase("{\"type\":\"user\",\"username\":\"x\"}", "missing: 'subject', 'password_hash'")]
    [TestCase("{\"type\":\"user\",\"subject\":\"7\",\"username\":\"x\",\"password_hash\":\"y\"}", "subject is not what it should be")]
    [TestCase("{\"type\":\"user\",\"shoe_size\":\"7\"}", "unknown member shoe_size")]
    [TestCase("{\"type\":\"session\",\"sha256\":\"7\",\"subject\":\"5f0a0a26-3a41-4b44-8d6f-0d3fb7f4a001\",\"authenticated_at\":"
        + "\"2026-01-01T00:00:00Z\",\"expires_at\":\"2099-01-01T00:00:00Z\"}", "sha256 is no SHA-256")]
    [TestCase("{\"type\":\"refresh_token\",\"sha256\":\"47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU\",\"client_id\":\"nobody\",\"subject\":"
        + "\"5f0a0a26-3a41-4b44-8d6f-0d3fb7f4a001\",\"scope\":\"notes:read\",\"resources\":[],\"expires_at\":\"2099-01-01T00:00:00Z\"}",
        "there is no client nobody: import it first")]
    [TestCase("{\"type\":\"client\",\"client_id\":\"x\",\"kind\":\"machine\",\"name\":\"x\",\"secrets\":[null]}", "null in a list")]
    [TestCase("{\"type\":\"client\",\"client_id\":\"x\",\"kind\":\"machine\",\"name\":\"a\\u0000b\"}", "cannot keep")]
    [TestCase("{\"type\":\"client\",\"client_id\":\"x\",\"kind\":\"machine\",\"name\":\"a\\ud800b\"}", " ")]
    [TestCase("{\"type\":\"client\",\"client_id\":\"x:y\",\"kind\":\"machine\",\"name\":\"x\"}", "HTTP Basic")]
    public async Task A_bad_line_says_what_is_wrong_with_it(string line, string reason)
    {
        var imported = await Server.ImportAsync(strict: false, line);

        if (line.Length == 0) imported.Bad.Should().BeEmpty("an empty line is none");
        else imported.Bad.Should().ContainSingle().Which.Reason.Should().MatchRegex(Regex.Escape(reason)).And.NotContain("System.");
    }

    [Test]
    public async Task Private_keys_and_keys_that_cannot_verify_are_refused()
    {
        using var earlier = new ImportedServer();
        var until = Server.Clock.GetUtcNow().AddDays(1);
        var keys = earlier.Keys(until);

        (await Server.ImportAsync(keys with { Jwks = earlier.Jwks(withPrivate: true) })).Bad.Single().Reason.Should()
            .Contain("private key");
        foreach (var (jwks, reason) in new[]
        {
            ("7", "no JWK Set"),
            ("{\"keys\":[]}", "no key that verifies"),
            ("{\"keys\":[{\"use\":1,\"kty\":\"RSA\",\"kid\":\"a\",\"n\":\"AQAB\",\"e\":\"AQAB\"}]}", "cannot be used"),
            ("{\"keys\":[{\"kty\":\"RSA\",\"kid\":\"a\",\"use\":\"enc\",\"n\":\"AQAB\",\"e\":\"AQAB\"}]}", "no key that verifies"),
            ("{\"keys\":[{\"kty\":\"RSA\",\"kid\":\"a\",\"n\":\"AQAB\",\"e\":\"AQAB\"}]}", "cannot be used"),
            ("{\"keys\":[{\"kty\":\"oct\",\"kid\":\"a\",\"k\":\"c2VjcmV0\"}]}", "private key"),
            ("{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-384\",\"kid\":\"a\",\"alg\":\"ES384\",\"x\":\"AQ\",\"y\":\"AQ\"}]}", "only ES256"),
        })
            (await Server.ImportAsync(keys with { Jwks = JsonSerializer.Deserialize<JsonElement>(jwks) })).Bad.Single().Reason.Should()
                .Contain(reason);
        (await Server.ImportAsync(keys with { Until = until.AddDays(-2) })).Expired.Should().Be(1);
    }

    [Test]
    public async Task The_command_names_lines_and_exits_with_1_when_some_are_bad()
    {
        var file = Path.GetTempFileName();
        try
        {
            await File.WriteAllLinesAsync(file, [User(1), "nonsense", User(2)]);
            var (exit, said) = await OAuthProgram.RunAsync(Server.Settings, "import", file, "--strict");
            exit.Should().Be(1);
            said.Should().Contain("line 2: this is no JSON object").And.Contain("Nothing was imported");

            (exit, said) = await OAuthProgram.RunAsync(Server.Settings, "import", file);
            exit.Should().Be(1);
            said.Should().Contain("Imported: 2 users");
            (exit, said) = await OAuthProgram.RunAsync(Server.Settings, "import", file, "--json");
            exit.Should().Be(1);
            said.Should().Contain("\"already_there\":2").And.Contain("\"line\":2");
            (await OAuthProgram.RunAsync(Server.Settings, "import", file + ".none")).Said.Should().Contain("There is no file");
        }
        finally { File.Delete(file); }
    }
}
