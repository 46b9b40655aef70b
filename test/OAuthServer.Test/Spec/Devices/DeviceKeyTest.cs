using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec.Devices;

/// <summary>A device that shows a key (RFC 9449): the first one it shows stays.</summary>
[Behaviour(52, 57)]
public sealed class DeviceKeyTest : DeviceFixture
{
    [Test, Rfc(9449, "5")]
    public async Task A_device_is_bound_by_its_first_poll_with_a_proof()
    {
        var (tv, key, other) = (await TvAsync(), new ProofKey(), new ProofKey());
        var asked = await AskAsync(tv);
        (await PollAsync(tv.Proving(key), asked)).Should().BeRefusedWith("authorization_pending");
        await AllowAsync(await Server.UserAsync(), asked);
        Server.Clock.Travel(TimeSpan.FromSeconds(6));

        (await PollAsync(tv.Proving(other), asked)).Should().BeRefusedWith("invalid_grant");
        (await PollAsync(tv, asked)).Should().BeRefusedWith("invalid_grant");
        var reply = await PollAsync(tv.Proving(key), asked);

        reply.Should().HaveIssuedTokens(type: "DPoP");
        Jwt.Read(reply.AccessToken).Payload["cnf"]!["jkt"]!.ToString().Should().Be(key.Jkt);
        (await tv.RefreshAsync(reply.RefreshToken!)).Should().BeRefusedWith("invalid_grant");
    }
}
