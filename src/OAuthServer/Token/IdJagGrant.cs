using OAuthServer.Clients;
using OAuthServer.Federation;
using OAuthServer.Protocol;
using OAuthServer.Stores.Federation;
using OAuthServer.Stores.Grants;
using OAuthServer.Stores.Postgres;
using OAuthServer.Stores.Trust;
using OAuthServer.Tokens;
using OAuthServer.Trust;

namespace OAuthServer.Token;

/// <summary>
/// ID-JAG §4.4: the assertion of a company about one of its people becomes a token for an app that the company lets in. Works once. Never
/// a refresh token: the app comes again with another assertion.
/// </summary>
public sealed class IdJagGrant(
    AssertionGrantStore grants, ResourceDirectory resources, AccessTokens tokens, ProviderDirectory providers, IdentityStore identities)
{
    public async Task<Result<TokenResponse>> RedeemAsync(Assertion assertion, TokenRequest request, CancellationToken cancel)
    {
        var (client, now) = (request.Client, request.Context.At);
        if (PersonAssertion.Read(assertion).Refused(out var error, out var person)) return error;
        if (ClientFlaw(person, client) is { } notTheirs) return notTheirs;
        if (person.Jkt is { } bound && bound != request.Jkt)
            return AssertionErrors.NotValid("ID-JAG §8.6", "assertion, cnf: it is bound to a key", "a DPoP proof by that key",
                request.Jkt is null ? "no proof" : "a proof by another");
        if (IdJagTarget.Decide(await resources.ReadAsync(cancel), client, person, request.Parameters).Refused(out error, out var target))
            return error;

        var life = Math.Min(client.Row.AccessTokenSeconds, (int)(assertion.ExpiresAt + Assertions.Beyond - now).TotalSeconds);
        var (jti, expires) = (TimedId.NewJti(now), now.AddSeconds(life));
        var grant = new AssertedGrant
        {
            Id = Guid.CreateVersion7(now),
            ClientId = client.Id,
            Identity = person.Identity,
            AudSub = person.AudSub,
            Resource = target.Resource,
            Scope = target.Scope,
            ExpiresAt = expires,
            Jti = jti,
            Jkt = request.Jkt,
            Once = person.Once,
            Proofs = request.Proofs,
            ProvenBy = request.By.ProvenBy,
            Note = request.By.Note,
            RequestId = request.Context.RequestId,
            Address = request.Context.Address,
        };
        var found = await grants.AllowAsync(grant, now);
        if (found is { Subject: null, Trusted: true, ClientEnabled: true } && person.AudSub is null
            && await AdmitAsync(person, request.Context, cancel)) found = await grants.AllowAsync(grant, now);
        if (found is not { GrantId: { } id, Subject: { } subject }) return Refusal(found, person);
        // The id of the grant and the person are known by now only; signed last, it can fail only where no key was read yet.
        return tokens.Issue(new AccessTokenClaims
        {
            Subject = subject.ToString(),
            ClientId = client.Id,
            Audience = target.Resource,
            Scope = target.ScopeText,
            Jti = jti,
            IssuedAt = now,
            ExpiresAt = expires,
            Grant = id,
            Jkt = request.Jkt,
        }).Refused(out error, out var token) ? error
            : new TokenResponse { AccessToken = token, ExpiresIn = life, Scope = target.ScopeText, Resource = target.Resource };
    }

    /// <summary>The row of the issuer does not name the client, which it has to.</summary>
    internal static OAuthError NotNamed(Assertion assertion, string client) => OAuthError.UnauthorizedClient(
        "the issuer's row does not name this client", $"the client in clients of {assertion.Issuer.Id}", Presented.Redact(client));

    private static OAuthError? ClientFlaw(PersonAssertion person, Client client)
    {
        if (person.ClientId != client.Id)
            return AssertionErrors.NotValid(AssertionErrors.IdJag, "the assertion is for another client", person.ClientId, client.Id);
        var named = person.Of.Issuer.Row.Clients;
        if (named.Contains(client.Id)) return null;
        // Anybody may be a public client, or register one: naming it is the permission.
        return named.Length == 0 && !client.IsPublic && client.IsVouchedFor ? null : NotNamed(person.Of, client.Id);
    }

    // Where the issuer is a sign-in provider, too, that makes people, and would let this one in.
    private async Task<bool> AdmitAsync(PersonAssertion person, RequestContext context, CancellationToken cancel)
    {
        if (!person.Of.Issuer.Row.CreatePeople) return false;
        var provider = (await providers.ReadAsync(cancel)).FirstOrDefault(one =>
            one.Row is { Enabled: true, Provisioning: "create" } && one.Row.Issuer == person.Identity.Issuer);
        if (provider is null || Filters.Refusal(provider, person.Of.Jwt.Claims) is not null) return false;
        var upstream = new UpstreamPerson(person.Of.Jwt.Claims, null);
        var arrival = new Arrival
        {
            Provider = provider.Id,
            Key = person.Identity,
            Profile = ClaimMapping.Profile(provider, upstream),
            NewName = ClaimMapping.NewName(provider, upstream),
            Invitation = null,
        };
        var author = new Author($"federation:{provider.Id}") { RequestId = context.RequestId, Address = context.Address };
        return await identities.AdmitAsync(arrival, author, context.At) is not null;
    }

    // The private reason, from the rows as they stood under the statement's locks.
    private static OAuthError Refusal(AssertedOutcome found, PersonAssertion person)
    {
        const string rule = AssertionErrors.IdJag;
        var (issuer, tenant, sub) = (person.Identity.Issuer, person.Identity.Tenant, person.Identity.Sub);
        if (!found.Trusted)
            return AssertionErrors.NotValid(rule, "the issuer is disabled, or does not admit the client", "an enabled issuer", issuer);
        if (!found.ClientEnabled)
            return AssertionErrors.NotValid(rule, "the client is disabled, or lost the grant", "an enabled client", "disabled");
        if (found.Subject is null)
            return AssertionErrors.NotValid(rule, TrustEdits.Unlinked, "a row of identities",
                $"issuer={issuer}{(tenant.Length > 0 ? $" tenant={tenant}" : "")} sub={sub}");
        if (!found.PersonEnabled) return AssertionErrors.NotValid(rule, "the person is disabled", "an enabled person", $"{found.Subject}");
        if (!found.AudSubFits)
            return AssertionErrors.NotValid(rule, "assertion, aud_sub: another person than the one linked", $"{found.Subject}",
                person.AudSub);
        if (ProofRefusals.Of(found.UsedBefore) is { } used) return used;
        if (!found.IsNew)
            return AssertionErrors.NotValid("EMA §7.4.2", "assertion, jti: it was used before", "an assertion of its own", "a used one");
        return OAuthError.ServerError("an assertion that could be spent was not");
    }
}
