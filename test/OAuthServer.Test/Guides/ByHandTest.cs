using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Guides;

/// <summary>docs/verify-by-hand.md, pasted into a shell: a good signature is found good, and another one bad.</summary>
public sealed class ByHandTest
{
    private const string Page = "docs/verify-by-hand.md";

    [TestCase("ES256"), TestCase("RS256")]
    [RunsBlock(Page, "TOKEN=eyJ…"), RunsBlock(Page, "-signature signature.raw"), RunsBlock(Page, "signature.der")]
    public async Task A_signature_is_verified_with_openssl(string algorithm)
    {
        Tools.Need("openssl");
        await using var server = await TestServer.StartAsync(settings => settings with { Algorithm = algorithm });
        var token = (await (await server.MachineAsync()).CredentialsAsync()).AccessToken;
        var (header, payload, signature) = (token.Split('.')[0], token.Split('.')[1], token.Split('.')[2]);
        var other = $"{header}.{payload}.{signature[..9]}{(signature[9] == 'A' ? 'B' : 'A')}{signature[10..]}";

        (await VerifyAsync(server, algorithm, token)).Should().Contain($"\"alg\":\"{algorithm}\"").And.Contain("Verified OK");
        await FluentActions.Awaiting(() => VerifyAsync(server, algorithm, other)).Should().ThrowAsync<InvalidOperationException>()
            .WithMessage("*Verification failure*");
    }

    private static async Task<string> VerifyAsync(TestServer server, string algorithm, string token)
    {
        using var shell = new Shell(server.Settings.Database, ("OAuth__Issuer", server.Issuer));
        var blocks = Block.All.Where(block => block.Page == Page && block.IsCommands).Select(block => block.Text).ToList();
        blocks.Should().HaveCount(3);
        return await shell.RunAsync(blocks[0].Replace("eyJ…", token).Replace("pem KID", $"pem {Jwt.Read(token).Header["kid"]}")
            + (algorithm == "RS256" ? blocks[1] : blocks[2]));
    }
}
