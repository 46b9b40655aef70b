using OAuthServer.Protocol;
using OAuthServer.Stores.Federation;
using OAuthServer.Stores.Postgres;
using OAuthServer.Users;

namespace OAuthServer.Federation;

/// <summary>From what a provider says of somebody to a person here, by (issuer, tenant, sub) and by nothing else.</summary>
public sealed class Arrivals(IdentityStore identities, IdentityEdits edits)
{
    private const int LongestTenant = 255;

    /// <summary>The key of the identity; the refusal of one whose tenant is no text.</summary>
    public static Result<IdentityKey> KeyOf(Provider provider, UpstreamPerson person)
    {
        var tenant = "";
        if (person.Claims.TryGetProperty("tenant", out _))
        {
            if (JsonClaims.Text(person.Claims, "tenant") is not { Length: <= LongestTenant } text || text.Any(char.IsControl))
                return FederationErrors.Unacceptable("ID-JAG §3.1", "id_token, tenant: no text of at most 255 characters", "a text");
            tenant = text;
        }

        return new IdentityKey { Issuer = provider.Row.Issuer, Tenant = tenant, Sub = person.Sub };
    }

    /// <summary>Whom an identity is linked to, or null.</summary>
    public Task<ArrivedPerson?> FindAsync(IdentityKey key, CancellationToken cancel) => identities.FindAsync(key, cancel);

    /// <summary>The person, brought up to date, invited or made as the provider's row says; or that it is nobody here.</summary>
    public async Task<Result<ArrivedPerson>> AdmitAsync(
        Provider provider, UpstreamPerson person, IdentityKey key, Return back, RequestContext request)
    {
        var (row, author) = (provider.Row, AuthorOf(provider, request));
        var arrival = new Arrival
        {
            Provider = row.Id,
            Key = key,
            Profile = ClaimMapping.Profile(provider, person),
            NewName = row.Provisioning == "create" ? ClaimMapping.NewName(provider, person) : null,
            Invitation = row.Provisioning is "invited" or "create" ? back.Invitation : null,
        };
        return await identities.AdmitAsync(arrival, author, request.At) is { } admitted ? admitted
            : FederationErrors.Nobody($"the identity is unknown, and provisioning is {row.Provisioning}");
    }

    /// <summary>Links the identity to who is signed in.</summary>
    public Task<LinkOutcome> LinkAsync(IdentityKey key, Guid subject, Author author) =>
        edits.LinkAsync(key, subject, author, CancellationToken.None);

    /// <summary>The proof that a session begins with.</summary>
    /// <param name="fresh">Whether it was shown that they have signed in there just now.</param>
    public static Authenticated AuthenticatedBy(Provider provider, UpstreamPerson person, ArrivedPerson arrived, bool fresh)
    {
        // Without trust_amr nobody here knows how.
        var amr = provider.Row.TrustAmr ? JsonClaims.Values(person.Claims, "amr") ?? [] : [];
        return new Authenticated
        {
            Subject = arrived.Subject,
            Username = arrived.Username,
            How = $"federation:{provider.Id}",
            Idp = provider.Id,
            Amr = [.. amr.Where(one => one.Length is > 0 and <= 32 && one.All(char.IsAscii)).Take(8)],
            Acr = amr.Contains("mfa") ? "aal2" : "aal1",
            AuthenticatedAt = fresh ? null : person.SignedInAt,
        };
    }

    private static Author AuthorOf(Provider provider, RequestContext request) =>
        new($"federation:{provider.Id}") { RequestId = request.RequestId, Address = request.Address };
}
