using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec.Devices;

/// <summary>
/// 64 polls at one moment over two processes: a device code is redeemed once, and so is an assertion beside device codes.
/// </summary>
[Behaviour(42, 57)]
public sealed class DeviceRaceTest : DeviceFixture
{
    private SecondProcess second = null!;
    private Person alice = null!;

    [OneTimeSetUp]
    public async Task StartAnotherProcessAsync() => (second, alice) = (await SecondProcess.StartAsync(Server), await Server.UserAsync());

    [OneTimeTearDown]
    public async Task StopItAsync()
    {
        if (second is not null) await second.DisposeAsync();
    }

    [Test, Rfc(8628, "3.5"), Case("DEVICE-005", "DEV-107")]
    public async Task Of_64_polls_of_one_device_code_one_wins_and_the_grant_lives()
    {
        var tv = await TvAsync();
        for (var round = 0; round < 3; round++)
        {
            var asked = await AskAsync(tv);
            await AllowAsync(alice, asked);

            var replies = await second.AtOnceAsync((on, _) => PollAsync(tv.At(on), asked));

            var won = replies.Should().ContainSingle(reply => reply.Status == 200).Subject;
            replies.Where(reply => reply != won).Should().AllSatisfy(reply => reply.Should().BeRefusedWith("invalid_grant", 400));
            (await tv.RefreshAsync(won.RefreshToken!)).Should().HaveIssuedTokens();
        }
    }

    [Test, Case("PKJ-017")]
    public async Task Of_64_device_codes_with_one_assertion_one_is_redeemed_and_the_others_stay()
    {
        var tv = await Server.KeyClientAsync(kind: "user-facing");
        await Server.ExecuteAsync("update clients set grant_types = '{device_code,refresh_token}', redirect_uris = '{}' where client_id = @Id",
            new { tv.Id });
        await Server.HearsOfAsync(tv.Bare, row => row.RedirectUris.Length == 0);
        // As many as one browser allows without being tedious; each is polled several times.
        var asked = new List<Asked>();
        for (var i = 0; i < 8; i++)
        {
            asked.Add(await AskAsync(tv.Bare, tv.Proof()));
            await AllowAsync(alice, asked[^1]);
        }

        var proof = tv.Proof();
        var replies = await second.AtOnceAsync((on, i) => PollAsync(tv.Bare.At(on), asked[i % asked.Count], proof));

        replies.Should().ContainSingle(reply => reply.Status == 200).Which.Should().HaveIssuedTokens();
        replies.Where(reply => reply.Status != 200).Should().AllSatisfy(
            reply => reply.Should().BeRefusedWith("invalid_client", 401, "The client assertion was used before"));
        var later = await Task.WhenAll(asked.Select(one => PollAsync(tv.Bare, one, tv.Proof())));
        later.Count(reply => reply.Status == 200).Should().Be(asked.Count - 1);
        later.Single(reply => reply.Status != 200).Should().BeRefusedWith("invalid_grant", 400);
    }

    private static Task<Reply> PollAsync(TestClient tv, Asked asked, (string Name, string? Value)[] proof) =>
        tv.TokenAsync([("grant_type", DeviceCode), ("device_code", asked.DeviceCode), .. proof]);
}
