using System.Security.Cryptography;
using OAuthServer.Grants;
using OAuthServer.Protocol;
using OAuthServer.Stores.Grants;

namespace OAuthServer.Test.Support;

/// <summary>What a person granted, written straight into the store: for tests that begin where the browser has ended.</summary>
public static class Granted
{
    /// <summary>A code, ready to redeem, as if this person had just allowed it.</summary>
    /// <param name="life">How long the consent lasts; default: thirty days.</param>
    public static async Task<Code> GrantAsync(
        this TestServer server, TestClient client, Person person, string scope = "notes:read notes:write", string[]? resources = null, bool offline = true,
        string? redirect = null, TimeSpan? life = null, TimeSpan? codeLife = null)
    {
        var code = new Code(OpaqueToken.Mint(), TestClient.NewVerifier(), redirect ?? client.Redirect);
        var now = server.Clock.GetUtcNow();
        var id = await server.Get<GrantStore>().AllowAsync(
            new NewGrant
            {
                Id = Guid.NewGuid(),
                ClientId = client.Id,
                Subject = person.Subject,
                Fingerprint = RandomNumberGenerator.GetBytes(32),
                RedirectUri = code.RedirectUri,
                CodeChallenge = Pkce.Challenge(code.Verifier),
                Scope = scope.Split(' '),
                Resources = resources ?? [Cast.Notes],
                Offline = offline,
                ExpiresAt = now + (life ?? TimeSpan.FromDays(30)),
                CodeHash = OpaqueToken.Hash(code.Value),
                CodeExpiresAt = now + (codeLife ?? TimeSpan.FromSeconds(server.Settings.CodeSeconds)),
                ConsentScope = [],
                RequestId = "granted-by-a-test",
                Address = "127.0.0.1",
            },
            now);
        return id is null ? throw new InvalidOperationException("the grant was refused") : code;
    }

    /// <summary>The same, redeemed: an access and a refresh token.</summary>
    public static async Task<Reply> TokensAsync(
        this TestServer server, TestClient client, Person person, string scope = "notes:read notes:write", string[]? resources = null, TimeSpan? life = null)
    {
        var reply = await client.RedeemAsync(await server.GrantAsync(client, person, scope, resources, life: life));
        return reply.Status == 200 ? reply : throw new InvalidOperationException($"no tokens: {reply}");
    }
}
