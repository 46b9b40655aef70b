using System.Buffers.Text;
using System.Diagnostics.Metrics;
using System.Security.Cryptography;
using System.Text;
using FluentAssertions;
using Microsoft.IdentityModel.Tokens;
using NUnit.Framework;
using OAuthServer.Keys;
using OAuthServer.Protocol;
using OAuthServer.Stores.Keys;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec.OpenId;

/// <summary>A line of signing keys for each algorithm; what is left of a key that is gone.</summary>
[Behaviour(11), Parallelizable(ParallelScope.Fixtures)]
public sealed class KeyPerAlgorithmTest
{
    private static readonly TimeSpan HintsBeyondSessions = TimeSpan.FromDays(30);

    private static async Task<List<string>> PublishedAsync(TestServer server) =>
        [.. (await server.GetAsync(Paths.Jwks)).Json.GetProperty("keys").EnumerateArray()
            .Select(key => key.GetProperty("alg").GetString()!)];

    private static string Kid(TestServer server, string alg) => server.Get<KeyRing>().ActiveOf(alg)!.Kid;

    private static Task<SigningKeyRow?> RotateAsync(TestServer server, string alg) =>
        server.Get<KeyRing>().RotateAsync(alg, null, CancellationToken.None);

    // What the loop does.
    private static Task PassAsync(TestServer server, string kid, bool exists, bool sealedToo) =>
        Eventually.BecomesTrueAsync(async () =>
        {
            server.Get<KeyRing>().Wake();
            const string Rows = "select count(*) from signing_keys where kid = @kid and (sealed <> '') = @sealedToo";
            return await server.ScalarAsync<long>(Rows, new { kid, sealedToo }) == (exists ? 1 : 0);
        });

    [Test]
    public async Task Rotating_one_algorithm_leaves_the_other_as_it_is()
    {
        await using var server = await TestServer.StartAsync(settings => settings with { JwksMaxAgeSeconds = 0, KeyNoticeSeconds = 0 });
        var (es, rs) = (Kid(server, "ES256"), Kid(server, "RS256"));

        var next = (await RotateAsync(server, "RS256"))!;

        next.Alg.Should().Be("RS256");
        (Kid(server, "ES256"), Kid(server, "RS256")).Should().Be((es, rs), "it is pending");
        (await RotateAsync(server, "RS256")).Should().BeNull("one is on its way");
        (await RotateAsync(server, "ES256")).Should().NotBeNull("of the other algorithm none is");
        server.Clock.Travel(KeyRing.NoticeOf(server.Settings));
        Kid(server, "RS256").Should().Be(next.Kid);
        Kid(server, "ES256").Should().NotBe(es);
        server.Get<KeyRing>().Active!.Kid.Should().Be(Kid(server, "ES256"), "access tokens keep their algorithm");
    }

    [Test]
    public async Task The_key_of_an_algorithm_that_is_missing_is_made_and_signs_at_once_but_not_for_an_earlier_version()
    {
        await using var server = await TestServer.StartAsync(settings => settings with { OpenId = false });
        var es = Kid(server, "ES256");
        (await PublishedAsync(server)).Should().Equal("ES256");

        var servers = await Task.WhenAll(
            Enumerable.Range(0, 2).Select(_ => server.StartSecondInstanceAsync(settings => settings with { OpenId = true })));
        await using var one = servers[0];
        await using var other = servers[1];
        foreach (var started in servers)
            await Eventually.BecomesTrueAsync(() => Task.FromResult(started.Get<KeyRing>().ActiveOf("RS256") is not null));

        Kid(one, "RS256").Should().Be(Kid(other, "RS256"));
        (await PublishedAsync(one)).Should().Equal("ES256", "RS256");
        Kid(one, "ES256").Should().Be(es);
        var row = (await server.Get<SigningKeyStore>().ListAsync(CancellationToken.None)).Single(key => key.Alg == "RS256");
        row.SignsFrom.Should().BeAfter(server.Clock.GetUtcNow(), "a server that knows one line only goes on signing with its own key");
    }

    [Test]
    public async Task Without_OpenID_Connect_only_what_signs_access_tokens_is_made_and_rotated()
    {
        await using var server = await TestServer.StartAsync(settings => settings with { OpenId = false, KeyRotationDays = 30 });

        server.Clock.Travel(TimeSpan.FromDays(31));
        server.Get<KeyRing>().Wake();

        await Eventually.BecomesTrueAsync(async () => (await PublishedAsync(server)).Count == 2);
        (await PublishedAsync(server)).Should().Equal("ES256", "ES256");
        server.Get<KeyRing>().ActiveOf("RS256").Should().BeNull();
        (await OAuthProgram.RunAsync(server.Settings, "keys", "rotate", "--alg", "RS256")).Said
            .Should().Contain("No RS256 keys are made: OAuth__OpenId is false");
    }

    [Test, Behaviour(36)]
    public async Task A_key_that_is_gone_verifies_hints_for_a_time_with_its_public_half_only()
    {
        await using var server = await TestServer.StartAsync(settings => settings with { JwksMaxAgeSeconds = 0, KeyNoticeSeconds = 0 });
        var (ring, kid) = (server.Get<KeyRing>(), Kid(server, "ES256"));
        var token = (await (await server.MachineAsync()).CredentialsAsync()).AccessToken;
        await RotateAsync(server, "ES256");

        server.Clock.Travel(KeyRing.NoticeOf(server.Settings) + KeyLine.Afterlife);
        await PassAsync(server, kid, exists: true, sealedToo: false);

        ring.Find(kid).Should().BeNull("it is off the JWKS");
        await Eventually.BecomesTrueAsync(() => Task.FromResult(ring.FindForHint(kid)?.Row.IsForHints is true));
        FluentActions.Invoking(() => ring.FindForHint(kid)!.Sign([1], new byte[64])).Should().Throw<CryptographicException>();
        var dot = token.LastIndexOf('.');
        ((ECDsaSecurityKey)ring.FindForHint(kid)!.SecurityKey).ECDsa.VerifyData(
            Encoding.ASCII.GetBytes(token[..dot]), Base64Url.DecodeFromChars(token.AsSpan(dot + 1)), HashAlgorithmName.SHA256)
            .Should().BeTrue();
        ring.FindForHint(Kid(server, "RS256")).Should().NotBeNull("what signs now verifies hints, too");
        ring.FindForHint("another").Should().BeNull();
        var (exit, said) = await OAuthProgram.RunAsync(server.Settings, "keys", "reseal");
        (exit, said).Should().Be((0, said), "there is nothing to seal of it");
        said.Should().Contain("0 signing keys, 0 keys of cookies and forms").And.Contain("; 3 were already");

        server.Clock.Travel(TimeSpan.FromSeconds(server.Settings.SessionSeconds) + HintsBeyondSessions);
        await PassAsync(server, kid, exists: false, sealedToo: false);
        await Eventually.BecomesTrueAsync(() => Task.FromResult(ring.FindForHint(kid) is null));
    }

    [Test]
    public async Task A_compromised_key_verifies_no_hint_though_it_was_gone_long_ago()
    {
        await using var server = await TestServer.StartAsync(settings => settings with { JwksMaxAgeSeconds = 0, KeyNoticeSeconds = 0 });
        var (ring, gone, active) = (server.Get<KeyRing>(), Kid(server, "ES256"), Kid(server, "RS256"));
        await RotateAsync(server, "ES256");
        server.Clock.Travel(KeyRing.NoticeOf(server.Settings) + KeyLine.Afterlife);
        await PassAsync(server, gone, exists: true, sealedToo: false);

        foreach (var kid in new[] { gone, active })
        {
            (await ring.RetireNowAsync(kid, CancellationToken.None)).Should().BeTrue();
            ring.FindForHint(kid).Should().BeNull();
        }

        ring.ActiveOf("RS256").Should().NotBeNull("a new one signs at once");
    }

    [Test]
    public async Task A_key_that_is_gone_never_signs_again_even_when_the_one_after_it_is_revoked()
    {
        await using var server = await TestServer.StartAsync(settings => settings with { JwksMaxAgeSeconds = 0, KeyNoticeSeconds = 0 });
        var gone = Kid(server, "ES256");
        await RotateAsync(server, "ES256");
        server.Clock.Travel(KeyRing.NoticeOf(server.Settings) + KeyLine.Afterlife);
        await PassAsync(server, gone, exists: true, sealedToo: false);
        var compromised = Kid(server, "ES256");

        await server.Get<KeyRing>().RetireNowAsync(compromised, CancellationToken.None);

        Kid(server, "ES256").Should().NotBe(gone).And.NotBe(compromised);
        (await PublishedAsync(server)).Should().Equal("ES256", "RS256");
    }

    [Test]
    public async Task Where_no_key_of_an_algorithm_opens_none_is_made_for_it_and_the_other_goes_on()
    {
        await using var server = await TestServer.StartAsync();
        var (es, rs) = (Kid(server, "ES256"), Kid(server, "RS256"));

        await server.ExecuteAsync("update signing_keys set sealed = '\\x00' where alg = 'ES256'");
        await server.Get<KeyRing>().StartAsync(CancellationToken.None);
        await using var restarted = await server.StartSecondInstanceAsync(settings => settings with { Algorithm = "RS256" });

        (Kid(server, "ES256"), Kid(server, "RS256")).Should().Be((es, rs), "it goes on with the key in memory");
        restarted.Get<KeyRing>().ActiveOf("ES256").Should().BeNull();
        (await server.ScalarAsync<long>("select count(*) from signing_keys")).Should().Be(2);
        (await OAuthProgram.RunAsync(server.Settings, "keys", "retire", es, "--now")).Exit.Should().Be(0);
        await Eventually.BecomesTrueAsync(() => Task.FromResult(restarted.Get<KeyRing>().ActiveOf("ES256") is not null));
    }

    [Test]
    public async Task Readiness_says_that_no_id_token_can_be_signed_and_serves_the_rest()
    {
        await using var server = await TestServer.StartAsync();
        await server.ExecuteAsync("update signing_keys set sealed = '\\x00' where alg = 'RS256'");
        await using var restarted = await server.StartSecondInstanceAsync();

        var ready = await restarted.GetAsync(Paths.Ready);

        ready.Status.Should().Be(200);
        ready.Body.Should().Contain("no RS256 key signs: OpenID Connect is off");
        (await (await restarted.MachineAsync()).CredentialsAsync()).Should().HaveIssuedTokens();
    }

    [Test]
    public async Task Commands_name_the_algorithm()
    {
        await using var server = await TestServer.StartAsync();
        var (es, rs) = (Kid(server, "ES256"), Kid(server, "RS256"));
        async Task<string> SaidAsync(params string[] command) => (await OAuthProgram.RunAsync(server.Settings, command)).Said;

        (await SaidAsync("keys", "pem", "active")).Should().Be(await SaidAsync("keys", "pem", es));
        (await SaidAsync("keys", "pem", "active", "--alg", "RS256")).Should().Be(await SaidAsync("keys", "pem", rs));
        (await SaidAsync("keys", "rotate")).Should().Contain("(ES256) is created");
        (await SaidAsync("keys", "rotate", "--alg", "RS256")).Should().Contain("(RS256) is created");
        (await SaidAsync("keys", "rotate", "--alg", "RS256")).Should().Contain("A key is already pending");
        (await SaidAsync("keys", "retire", rs, "--now")).Should().MatchRegex($"{rs} is revoked.* [\\w-]{{43}} signs from now on");
    }

    [Test]
    public async Task When_the_next_key_is_due_is_measured_for_each_algorithm()
    {
        await using var server = await TestServer.StartAsync();
        var seen = new List<string?>();
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, self) =>
        {
            if (instrument.Name == "oauth.signing_key.replaced_in") self.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<double>(
            (_, _, tags, _) => seen.Add(tags.ToArray().Single(tag => tag.Key == "alg").Value as string));
        listener.Start();

        listener.RecordObservableInstruments();

        seen.Should().Contain(["ES256", "RS256"]);
    }
}
