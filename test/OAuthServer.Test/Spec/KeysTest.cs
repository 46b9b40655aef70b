using System.Buffers.Text;
using System.Diagnostics;
using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Text;
using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Keys;
using OAuthServer.Protocol;
using OAuthServer.Stores.Keys;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec;

/// <summary>Rotation, each test on a server of its own: keys are everybody's.</summary>
[Behaviour(11), Parallelizable(ParallelScope.Fixtures)]
public sealed class KeysTest
{
    private static async Task<List<string>> PublishedAsync(TestServer server, string alg = "ES256") =>
        [.. (await server.GetAsync(Paths.Jwks)).Json.GetProperty("keys").EnumerateArray()
            .Where(key => key.GetProperty("alg").GetString() == alg)
            .Select(key => key.GetProperty("kid").GetString()!)];

    private static async Task<string> TokenAsync(TestClient machine) => (await machine.CredentialsAsync()).AccessToken;

    private static string KidOf(string token) => Jwt.Read(token).Header["kid"]!.ToString();

    [Test, Rfc(7517, "5"), Case("META-008")]
    public async Task A_key_is_published_before_it_signs_and_until_the_last_token_it_signed_has_expired()
    {
        await using var server = await TestServer.StartAsync(settings => settings with { JwksMaxAgeSeconds = 60, KeyNoticeSeconds = 600 });
        var (machine, resourceServer) = (await server.MachineAsync(), await server.ResourceServerAsync());
        await server.ExecuteAsync("update clients set access_token_seconds = 3600 where client_id = @Id", new { machine.Id });
        var first = (await PublishedAsync(server)).Single();

        var next = (await server.Get<KeyRing>().RotateAsync(CancellationToken.None))!;

        next.SignsFrom.Should().BeCloseTo(server.Clock.GetUtcNow().AddSeconds(660), TimeSpan.FromSeconds(20));
        (await PublishedAsync(server)).Should().BeEquivalentTo([first, next.Kid], "pending: learnt before it signs");
        KidOf(await TokenAsync(machine)).Should().Be(first);

        server.Clock.Travel(TimeSpan.FromSeconds(655));
        var last = await TokenAsync(machine);
        KidOf(last).Should().Be(first);

        server.Clock.Travel(TimeSpan.FromSeconds(6));
        KidOf(await TokenAsync(machine)).Should().Be(next.Kid, "active");
        (await PublishedAsync(server)).Should().BeEquivalentTo([first, next.Kid]);

        server.Clock.Travel(TimeSpan.FromSeconds(3580));
        (await PublishedAsync(server)).Should().Contain(first, "its last token lives");
        (await resourceServer.SeesAsActiveAsync(last)).Should().BeTrue();

        server.Clock.Travel(TimeSpan.FromSeconds(120));
        (await resourceServer.SeesAsActiveAsync(last)).Should().BeFalse();
        (await PublishedAsync(server)).Should().Equal(next.Kid);
    }

    [TestCase(86_400, 3600, 86_460)]
    [TestCase(0, 3600, 3660)]
    [TestCase(600, 3, 660)]
    public void A_key_is_published_for_its_notice_or_a_max_age_and_a_minute_more_in_which_every_server_learns_it(
        int notice, int maxAge, int seconds) =>
        KeyRing.NoticeOf(new Settings { KeyNoticeSeconds = notice, JwksMaxAgeSeconds = maxAge }).TotalSeconds.Should().Be(seconds);

    [Test]
    public async Task A_verifier_that_reads_the_keys_twice_a_day_knows_the_next_one_before_it_signs()
    {
        await using var server = await TestServer.StartAsync();
        var (machine, first) = (await server.MachineAsync(), (await PublishedAsync(server)).Single());
        await server.Get<KeyRing>().RotateAsync(CancellationToken.None);

        server.Clock.Travel(TimeSpan.FromHours(12));
        var learnt = await PublishedAsync(server);
        KidOf(await TokenAsync(machine)).Should().Be(first);
        server.Clock.Travel(TimeSpan.FromHours(12) - TimeSpan.FromSeconds(10));
        KidOf(await TokenAsync(machine)).Should().Be(first);

        server.Clock.Travel(TimeSpan.FromMinutes(2));
        learnt.Should().Contain(KidOf(await TokenAsync(machine))).And.HaveCount(2);
    }

    [Test, Case("META-008")]
    public async Task Rotating_twice_at_once_makes_one_next_key()
    {
        await using var server = await TestServer.StartAsync();
        await using var twin = await server.StartSecondInstanceAsync();

        var made =
            await Task.WhenAll(new[] { server, twin, server, twin }.Select(one => one.Get<KeyRing>().RotateAsync(CancellationToken.None)));

        made.Count(key => key is not null).Should().Be(1);
        await Eventually.BecomesTrueAsync(async () => (await PublishedAsync(twin)).Count == 2);
        (await PublishedAsync(server)).Should().BeEquivalentTo(await PublishedAsync(twin));
    }

    [Test]
    public async Task Two_servers_that_start_at_once_share_the_very_first_keys()
    {
        var database = await TestDatabase.CloneAsync();
        var issuer = $"http://localhost:{TestServer.FreePort()}";
        var servers = await Task.WhenAll(Enumerable.Range(0, 2).Select(i => TestServer.StartAsync(
            settings => settings with { Issuer = issuer, Listen = i == 0 ? "" : $"http://localhost:{TestServer.FreePort()}" }, database)));
        await using var one = servers[0];
        await using var other = servers[1];

        foreach (var alg in new[] { "ES256", "RS256" })
        {
            (await PublishedAsync(one, alg)).Should().ContainSingle();
            (await PublishedAsync(other, alg)).Should().Equal(await PublishedAsync(one, alg));
        }
    }

    [Test]
    public async Task A_compromised_key_leaves_the_JWKS_at_once_and_its_tokens_die_on_every_server()
    {
        await using var server = await TestServer.StartAsync();
        await using var twin = await server.StartSecondInstanceAsync();
        var (machine, resourceServer) = (await server.MachineAsync(), await server.ResourceServerAsync());
        var token = await TokenAsync(machine);
        (await resourceServer.At(twin).SeesAsActiveAsync(token)).Should().BeTrue();

        (await server.Get<KeyRing>().RetireNowAsync(KidOf(token), CancellationToken.None)).Should().BeTrue();

        (await PublishedAsync(server)).Should().ContainSingle().Which.Should().NotBe(KidOf(token));
        (await resourceServer.SeesAsActiveAsync(token)).Should().BeFalse();
        await Eventually.BecomesTrueAsync(async () => !await resourceServer.At(twin).SeesAsActiveAsync(token));
        (await PublishedAsync(twin)).Should().NotContain(KidOf(token));

        var fresh = await TokenAsync(machine);
        KidOf(fresh).Should().NotBe(KidOf(token));
        await Eventually.BecomesTrueAsync(() => resourceServer.At(twin).SeesAsActiveAsync(fresh));
        (await server.Get<KeyRing>().RetireNowAsync("no-such-key", CancellationToken.None)).Should().BeFalse();
    }

    [Test]
    public async Task A_compromised_key_gives_way_to_the_next_one_at_once_though_it_was_to_sign_later_and_no_server_makes_another()
    {
        await using var server = await TestServer.StartAsync(settings => settings with { KeyNoticeSeconds = 600 });
        await using var twin = await server.StartSecondInstanceAsync();
        var machine = await server.MachineAsync();
        var first = (await PublishedAsync(server)).Single();
        var next = (await server.Get<KeyRing>().RotateAsync(CancellationToken.None))!;

        (await server.Get<KeyRing>().RetireNowAsync(first, CancellationToken.None)).Should().BeTrue();
        await twin.Get<KeyRing>().StartAsync(CancellationToken.None);

        (await PublishedAsync(server)).Should().Equal(next.Kid);
        (await PublishedAsync(twin)).Should().Equal(next.Kid);
        KidOf(await TokenAsync(machine)).Should().Be(next.Kid);
        KidOf(await TokenAsync(machine.At(twin))).Should().Be(next.Kid);
    }

    [Test]
    public async Task A_key_is_rotated_on_schedule()
    {
        await using var server = await TestServer.StartAsync(settings => settings with { KeyRotationDays = 30 });
        var first = (await PublishedAsync(server)).Single();

        server.Clock.Travel(TimeSpan.FromDays(29));
        server.Get<KeyRing>().Wake();
        await Task.Delay(100);
        (await PublishedAsync(server)).Should().Equal(first);

        server.Clock.Travel(TimeSpan.FromDays(2));
        server.Get<KeyRing>().Wake();
        await Eventually.BecomesTrueAsync(async () => (await PublishedAsync(server)).Count == 2);
        await Eventually.BecomesTrueAsync(async () => (await PublishedAsync(server, "RS256")).Count == 2);
    }

    [Test, Behaviour(32)]
    public async Task Changing_the_algorithm_changes_what_signs_and_both_verify_meanwhile()
    {
        await using var server = await TestServer.StartAsync(settings => settings with { JwksMaxAgeSeconds = 0, KeyNoticeSeconds = 0 });
        var (machine, resourceServer) = (await server.MachineAsync(), await server.ResourceServerAsync());
        var before = await TokenAsync(machine);
        await using var twin = await server.StartSecondInstanceAsync(settings => settings with { Algorithm = "RS256" });

        var after = await TokenAsync(machine.At(twin));

        Jwt.Read(before).Header["alg"]!.ToString().Should().Be("ES256");
        Jwt.Read(after).Header["alg"]!.ToString().Should().Be("RS256");
        await Eventually.BecomesTrueAsync(async () => await resourceServer.SeesAsActiveAsync(after));
        (await resourceServer.At(twin).SeesAsActiveAsync(before)).Should().BeTrue();
    }

    [TestCase("ES256")]
    [TestCase("RS256")]
    [Behaviour(36)]
    public async Task Keys_are_sealed_at_rest_and_open_with_the_right_key_only(string algorithm)
    {
        await using var server = await TestServer.StartAsync(settings => settings with { Algorithm = algorithm });
        var row = (await server.Get<SigningKeyStore>().ListAsync(CancellationToken.None)).Single(key => key.Alg == algorithm);

        var opened = server.Get<KeyEncryption>().Unseal(row.Sealed);
        using AsymmetricAlgorithm key = algorithm == "RS256" ? RSA.Create() : ECDsa.Create();
        key.ImportPkcs8PrivateKey(opened, out _);
        key.ExportSubjectPublicKeyInfo().Should().Equal(row.PublicKey);

        Encoding.Latin1.GetString(row.Sealed).Should().NotContain(Encoding.Latin1.GetString(opened[^32..]));
        var wrong =
            new KeyEncryption(server.Settings with { KeyEncryptionKey = Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)) });
        FluentActions.Invoking(() => wrong.Unseal(row.Sealed)).Should().Throw<CryptographicException>();
    }

    [TestCase("ES256")]
    [TestCase("RS256")]
    [Behaviour(29), Rfc(7515, "5.2"), Rfc(7518, "3.4")]
    public async Task A_token_verifies_by_hand_with_openssl(string algorithm)
    {
        await using var server = await TestServer.StartAsync(settings => settings with { Algorithm = algorithm });
        var token = await TokenAsync(await server.MachineAsync());
        var row = (await server.Get<SigningKeyStore>().ListAsync(CancellationToken.None)).Single(key => key.Alg == algorithm);
        var folder = Directory.CreateTempSubdirectory("oauth-openssl-");
        string File(string name) => Path.Combine(folder.FullName, name);
        var signature = Base64Url.DecodeFromChars(token.AsSpan(token.LastIndexOf('.') + 1));

        await System.IO.File.WriteAllTextAsync(File("key.pem"), SigningKey.Pem(row));
        await System.IO.File.WriteAllTextAsync(File("input"), token[..token.LastIndexOf('.')]);
        await System.IO.File.WriteAllBytesAsync(File("signature"), algorithm == "ES256" ? Der(signature) : signature);
        var verified = await OpensslAsync(File("key.pem"), File("signature"), File("input"));
        await System.IO.File.AppendAllTextAsync(File("input"), "x");
        var tampered = await OpensslAsync(File("key.pem"), File("signature"), File("input"));
        folder.Delete(recursive: true);

        verified.Should().Be("Verified OK");
        tampered.Should().Be("Verification failure");
    }

    // JWS has r and s side by side (RFC 7518 §3.4); openssl wants SEQUENCE { INTEGER r, INTEGER s }.
    private static byte[] Der(byte[] signature)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            writer.WriteIntegerUnsigned(Trimmed(signature.AsSpan(0, 32)));
            writer.WriteIntegerUnsigned(Trimmed(signature.AsSpan(32)));
        }

        return writer.Encode();

        static ReadOnlySpan<byte> Trimmed(ReadOnlySpan<byte> number)
        {
            while (number.Length > 1 && number[0] == 0) number = number[1..];
            return number;
        }
    }

    private static async Task<string> OpensslAsync(string key, string signature, string input)
    {
        using var process =
            Process.Start(new ProcessStartInfo(Tools.Need("openssl"),
                ["dgst", "-sha256", "-verify", key, "-signature", signature, input])
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true
            })!;
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return output.Trim();
    }
}
