using System.Buffers.Text;
using System.Text;
using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec;

/// <summary>
/// JWTs of others whose JSON can be parsed and not be read: a lone surrogate in a name or a text. Each is refused as any malformed one is;
/// none is a fault of the server.
/// </summary>
[Behaviour(40)]
public sealed class UnreadableJwtTest : ServerFixture
{
    private const string Key = """{"kty":"EC","crv":"P-256","x":"AAAA","y":"AAAA"}""";

    private static readonly string[] Headers =
    [
        """{"alg":"ES256","\ud800xxxxxxxxxxxx":1}""",
        """{"alg":"ES256","typ":"\ud800"}""",
        """{"typ":"dpop+jwt","alg":"ES256","jwk":{"kty":"EC","use":"\ud800"}}""",
        """{"typ":"dpop+jwt","alg":"ES256","jwk":{"kty":"\ud800"}}""",
        """{"typ":"dpop+jwt","alg":"ES256","jwk":{"\ud800xx":"EC"}}""",
        """{"typ":"dpop+jwt","alg":"ES256","jwk":""" + Key + "}",
    ];

    private static readonly string[] Claims =
    [
        "{}",
        """{"\ud800":1,"iss":"somebody"}""",
        """{"iss":"\ud800","sub":"\ud800"}""",
        """{"kubernetes.io":{"\ud800name":"prod"}}""",
    ];

    private static IEnumerable<string> All =>
        Headers.SelectMany(header => Claims.Select(claims => $"{Encode(header)}.{Encode(claims)}.{Encode(new string('s', 64))}"));

    [Test, Rfc(8725, "2.4")]
    public async Task Assertions_and_proofs_that_cannot_be_read_are_refused()
    {
        var client = await Server.PublicClientAsync();
        foreach (var jwt in All)
        {
            (await Server.PostTokenAsync("grant_type=client_credentials&client_assertion_type="
                    + $"{Uri.EscapeDataString("urn:ietf:params:oauth:client-assertion-type:jwt-bearer")}&client_assertion={jwt}"))
                .Should().BeRefusedWith("invalid_client");
            (await Server.PostTokenAsync($"grant_type={Uri.EscapeDataString(GrantType.JwtBearerName)}&assertion={jwt}"))
                .Should().BeRefusedWith("invalid_grant");
            (await Server.PostTokenAsync($"grant_type=refresh_token&client_id={client.Id}&refresh_token=none", ("DPoP", jwt)))
                .Should().BeRefusedWith("invalid_dpop_proof");
        }
    }

    private static string Encode(string json) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(json));
}
