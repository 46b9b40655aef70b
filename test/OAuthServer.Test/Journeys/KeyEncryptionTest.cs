using System.Security.Cryptography;
using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Keys;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Journeys;

/// <summary>One key-encryption key takes the place of another while servers run; docs/operating.md, "Another key-encryption key".</summary>
[Parallelizable(ParallelScope.Fixtures)]
public sealed class KeyEncryptionTest
{
    private static readonly string Next = Convert.ToBase64String(RandomNumberGenerator.GetBytes(32));

    [Test, Behaviour(11, 36)]
    public async Task Another_key_encryption_key_ends_nothing_and_the_old_one_opens_nothing_afterwards()
    {
        await using var server = await TestServer.StartAsync(settings => settings with { JwksMaxAgeSeconds = 0, KeyNoticeSeconds = 0 });
        var before = server.Settings.KeyEncryptionKey;
        var (alice, app, api) = (await server.UserAsync(), await server.PublicClientAsync(), await server.ResourceServerAsync());
        var tokens = await server.TokensAsync(app, alice);
        var browser = server.NewBrowser();
        await browser.SignInAsync(alice);
        var form = await browser.FollowAsync(Paths.Logout);

        // Each server opens the next key before any of them seals under it.
        await using var opensBoth = await server.StartSecondInstanceAsync(settings => settings with { SecondKeyEncryptionKey = Next });
        await using var sealsAnew = await server.StartSecondInstanceAsync(
            settings => settings with { KeyEncryptionKey = Next, SecondKeyEncryptionKey = before });
        await sealsAnew.Get<KeyRing>().RotateAsync(CancellationToken.None);
        server.Clock.Travel(KeyRing.NoticeOf(server.Settings));
        var machine = await server.MachineAsync();
        var sealedAnew = (await machine.At(sealsAnew).CredentialsAsync()).AccessToken;
        await Eventually.BecomesTrueAsync(() => api.At(opensBoth).SeesAsActiveAsync(sealedAnew));
        (await api.At(sealsAnew).SeesAsActiveAsync(tokens.AccessToken)).Should().BeTrue();

        await server.ExecuteAsync("insert into mail_outbox (kind, sealed) values ('forgot', @mail)",
            new { mail = new KeyEncryption(server.Settings).Seal("a mail"u8.ToArray()) });
        var (exit, said) = await OAuthProgram.RunAsync(sealsAnew.Settings, "keys", "reseal", "--json");
        exit.Should().Be(0, said);
        said.Should().MatchRegex("\"mails\": ?1");
        new KeyEncryption(server.Settings with { KeyEncryptionKey = Next })
            .Unseal(await server.ScalarAsync<byte[]>("select sealed from mail_outbox")).Should().Equal("a mail"u8.ToArray());
        (await OAuthProgram.RunAsync(sealsAnew.Settings, "keys", "reseal")).Said.Should().Contain("now: 0 signing keys, 0 keys");

        await using var knowsOne = await server.StartSecondInstanceAsync(settings => settings with { KeyEncryptionKey = Next });
        (await api.At(knowsOne).SeesAsActiveAsync(tokens.AccessToken)).Should().BeTrue();
        (await api.At(knowsOne).SeesAsActiveAsync(sealedAnew)).Should().BeTrue();
        (await app.At(knowsOne).RefreshAsync(tokens.RefreshToken!)).Should().HaveIssuedTokens();
        var moved = knowsOne.NewBrowser();
        foreach (var (name, value) in browser.Cookies) moved.Cookies[name] = value;
        (await moved.SubmitAsync(form)).Status.Should().Be(303, "the form was sealed by a key that was sealed under the old one");
        (await moved.IsSignedInAsync()).Should().BeFalse();

        var refused = await OAuthProgram.RunAsync(server.Settings, "keys", "rotate");
        refused.Exit.Should().Be(1);
        refused.Said.Should().Contain("OAuth__KeyEncryptionKey does not open the keys in this database");
    }

    [Test]
    public async Task What_neither_key_opens_is_named_and_the_rest_is_resealed()
    {
        await using var server = await TestServer.StartAsync();
        await server.Get<KeyRing>().RotateAsync(CancellationToken.None);
        var damaged = (await server.QueryAsync<string>("select kid from signing_keys order by signs_from")).Last();
        await server.ExecuteAsync("update signing_keys set sealed = sha512(sealed) where kid = @damaged", new { damaged });
        var settings = server.Settings with { KeyEncryptionKey = Next, SecondKeyEncryptionKey = server.Settings.KeyEncryptionKey };

        var (exit, said) = await OAuthProgram.RunAsync(settings, "keys", "reseal");

        exit.Should().Be(1);
        said.Should().Contain("now: 2 signing keys").And.Contain($"Neither key opens {damaged}");
        (await OAuthProgram.RunAsync(server.Settings, "keys", "reseal")).Said.Should()
            .Contain("OAuth__KeyEncryptionKey does not open the keys in this database", "the old key has nothing left");
    }
}
