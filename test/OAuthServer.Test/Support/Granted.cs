using System.Security.Cryptography;
using System.Text;
using OAuthServer.Grants;
using OAuthServer.Protocol;
using OAuthServer.Stores.Grants;

namespace OAuthServer.Test.Support;

/// <summary>What a person granted, written straight into the store: for tests that begin where the browser has ended.</summary>
public static class Granted
{
    /// <summary>A code, ready to redeem, as if this person had just allowed it.</summary>
    /// <param name="life">How long the consent lasts; default: thirty days.</param>
    /// <param name="again">A code of the same request, which is sent again; null: a request nobody has sent before.</param>
    public static async Task<Code> GrantAsync(
        this TestServer server, TestClient client, Person person, string scope = "notes:read notes:write", string[]? resources = null,
        bool offline = true, string? redirect = null, TimeSpan? life = null, TimeSpan? codeLife = null, Code? again = null)
    {
        var now = server.Clock.GetUtcNow();
        var minted = AuthorizationCode.Mint(Guid.CreateVersion7(now));
        var code = again ?? new Code("", TestClient.NewVerifier(), redirect ?? client.Redirect);
        var id = await server.Get<GrantStore>().AllowAsync(
            new NewGrant
            {
                Id = minted.GrantId,
                ClientId = client.Id,
                Subject = person.Subject,
                Fingerprint = SHA256.HashData(Encoding.ASCII.GetBytes(code.Verifier)),
                RedirectUri = code.RedirectUri,
                CodeChallenge = Pkce.Challenge(code.Verifier),
                Scope = scope.Split(' '),
                Resources = resources ?? [Cast.Notes],
                Offline = offline,
                ExpiresAt = now + (life ?? TimeSpan.FromDays(30)),
                CodeHash = minted.Hash,
                CodeExpiresAt = now + (codeLife ?? TimeSpan.FromSeconds(server.Settings.CodeSeconds)),
                ConsentScope = [],
                RequestId = "granted-by-a-test",
                Address = "127.0.0.1",
            },
            now);
        return id is { } made ? code with { Value = minted.Of(made).Text } : throw new InvalidOperationException("the grant was refused");
    }

    /// <summary>The grant a code or refresh token begins with.</summary>
    public static Guid GrantId(string token) =>
        AuthorizationCode.Read(token)?.GrantId ?? RefreshToken.Read(token)?.GrantId
        ?? throw new ArgumentException("it begins with no grant");

    /// <summary>The same, redeemed: an access and a refresh token.</summary>
    public static async Task<Reply> TokensAsync(
        this TestServer server, TestClient client, Person person, string scope = "notes:read notes:write",
        string[]? resources = null, TimeSpan? life = null)
    {
        var reply = await client.RedeemAsync(await server.GrantAsync(client, person, scope, resources, life: life));
        return reply.Status == 200 ? reply : throw new InvalidOperationException($"no tokens: {reply}");
    }
}
