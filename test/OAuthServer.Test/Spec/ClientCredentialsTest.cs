using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec;

[Behaviour(5)]
public sealed class ClientCredentialsTest : ServerFixture
{
    [Test, Rfc(6749, "4.4.3"), Case("CAUTH-001", "CC-003")]
    public async Task A_machine_gets_a_token_and_never_a_refresh_token()
    {
        var reply = await (await Server.MachineAsync()).CredentialsAsync();

        reply.Should().HaveIssuedTokens("notes:read");
        reply.RefreshToken.Should().BeNull();
    }
}
