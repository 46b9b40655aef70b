using OAuthServer.Keys;
using OAuthServer.Protocol;
using OAuthServer.Stores;

namespace OAuthServer.Test.Support;

/// <summary>A person's consent written straight into the store, for tests that are not about pages.</summary>
public static class Granting
{
    extension(TestServer server)
    {
        /// <summary>The code of a fresh grant, ready to redeem.</summary>
        public async Task<Code> AllowAsync(TestClient client, Person person, string scope = "notes:read", string resource = Cast.Notes)
        {
            var (code, verifier) = (OpaqueToken.Mint(), TestClient.NewVerifier());
            var now = server.Clock.GetUtcNow();
            await server.Get<GrantStore>().AllowAsync(new NewGrant
            {
                Id = Guid.NewGuid(),
                ClientId = client.Id,
                Subject = person.Subject,
                Fingerprint = OpaqueToken.Hash(code),
                RedirectUri = client.Redirect,
                CodeChallenge = Pkce.Challenge(verifier),
                Scope = scope.Split(' '),
                Resources = [resource],
                Offline = true,
                ExpiresAt = now.AddDays(1),
                CodeHash = OpaqueToken.Hash(code),
                CodeExpiresAt = now.AddMinutes(1),
                ConsentScope = [],
                RequestId = "test",
                Address = "127.0.0.1",
            }, now);
            return new Code(code, verifier, client.Redirect);
        }

        /// <summary>Tokens of a fresh grant.</summary>
        public async Task<Reply> TokensAsync(TestClient client, Person person, string scope = "notes:read", string resource = Cast.Notes)
        {
            var reply = await client.RedeemAsync(await server.AllowAsync(client, person, scope, resource));
            return reply.Status == 200 ? reply : throw new InvalidOperationException($"no tokens: {reply}");
        }
    }
}
