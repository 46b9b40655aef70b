using OAuthServer.Clients;
using OAuthServer.Limits;
using OAuthServer.Protocol;
using OAuthServer.Tokens;
using OAuthServer.Trust;

namespace OAuthServer.Token;

/// <summary>
/// RFC 7523 §2.1: an assertion becomes a token. One about a person (ID-JAG) is brought by a client that is authenticated as everywhere; one
/// of a workload is all that there is, and says which client it is. Refusals are counted by address, before any signature is looked at.
/// </summary>
public sealed class JwtBearerGrant(
    Assertions assertions, IdJagGrant people, WorkloadGrant workloads, ClientDirectory clients, ClientDocuments documents,
    Settings settings) : IGrant, IDisposable
{
    private readonly FailureLimit failures = new(settings.FailuresPerSecond, TimeSpan.FromSeconds(1));

    public GrantType Type => GrantType.JwtBearer;

    public async ValueTask<Result<Identified>?> IdentifyAsync(
        ClientCredential presented, Parameters parameters, RequestContext context, CancellationToken cancel)
    {
        if (presented is not ClientCredential.None { ClientId: var id }) return null;
        if (parameters["assertion"] is not { } text)
        {
            if (id is null) return Missing();
            return null;
        }

        if (ForeignJwt.Read(text, out _) is { } jwt && Assertions.IsIdJag(jwt))
        {
            if (id is null || !await IsNewDocumentAsync(id, cancel)) return null;
            return await CountedAsync(context, () => OfDocumentAsync(text, id, context, cancel));
        }

        return await CountedAsync(context, () => OfWorkloadAsync(text, id, context, cancel));
    }

    public async Task<Result<TokenResponse>> RedeemAsync(TokenRequest request, CancellationToken cancel)
    {
        if (request.Parameters["assertion"] is not { } text) return Missing();
        return await CountedAsync(request.Context, async () =>
        {
            if ((await assertions.VerifyAsync(text, request.Context.At, cancel)).Refused(out var error, out var assertion)) return error;
            if (assertion.Issuer.SpeaksForPeople) return await people.RedeemAsync(assertion, request, cancel);
            // A client with a proof of its own is no workload: no rule is for it.
            return RuleMatch.Find(assertion, request.Client.Id).Refused(out error, out _) ? error
                : AssertionErrors.NotValid(AssertionErrors.Rules, "the client proved itself in another way", "federated",
                    request.Client.Id);
        });
    }

    public void Dispose() => failures.Dispose();

    private async Task<Result<Identified>> OfWorkloadAsync(string text, string? named, RequestContext context, CancellationToken cancel)
    {
        if ((await assertions.VerifyAsync(text, context.At, cancel)).Refused(out var error, out var assertion)) return error;
        if (assertion.Issuer.SpeaksForPeople)
            return AssertionErrors.NotValid(AssertionErrors.IdJag, "a company's assertion came without its client",
                "an authenticated client", "none");
        if ((await workloads.IdentifyAsync(assertion, named, cancel)).Refused(out error, out var workload)) return error;
        return new Identified(new Authenticated(workload.Client, null), (request, _) =>
            CountedAsync(context, () => workloads.RedeemAsync(workload, request, cancel)));
    }

    // A client that is known by a document nobody has read yet: it is fetched only where a trusted issuer names it.
    private async Task<Result<Identified>> OfDocumentAsync(string text, string id, RequestContext context, CancellationToken cancel)
    {
        if ((await assertions.VerifyAsync(text, context.At, cancel)).Refused(out var error, out var assertion)) return error;
        if (PersonAssertion.Read(assertion).Refused(out error, out var person)) return error;
        if (person.ClientId != id)
            return AssertionErrors.NotValid(AssertionErrors.IdJag, "the assertion is for another client", person.ClientId,
                Presented.Redact(id));
        if (!assertion.Issuer.Row.Clients.Contains(id)) return IdJagGrant.NotNamed(assertion, id);
        if ((await documents.ResolveAsync(id, context.Address, cancel)).Refused(out error, out var client)) return error;
        if (!client.IsPublic)
            return OAuthError.InvalidClient("the client has keys and sent no assertion of its own", "RFC 7523 §2.2",
                "a client assertion", id);
        return new Identified(new Authenticated(client, null), (request, _) => CountedAsync(context, () =>
            people.RedeemAsync(assertion, request, cancel)));
    }

    private async ValueTask<bool> IsNewDocumentAsync(string id, CancellationToken cancel) =>
        settings.ClientDocuments && ClientDocumentUrl.IsUrl(id) && await clients.FindAsync(id, cancel) is null;

    private async Task<Result<T>> CountedAsync<T>(RequestContext context, Func<Task<Result<T>>> decide) where T : notnull
    {
        var address = FailureLimit.Subscriber(context.Address);
        using var attempt = failures.Begin(address);
        if (attempt.TooMany) return OAuthError.SlowDown("too many refused assertions from this address", failures.RetryAfter);
        var decided = await decide();
        if (decided.Refused(out var error, out _) && error.Status < 500) failures.Count(address);
        return decided;
    }

    private static OAuthError Missing() =>
        OAuthError.InvalidRequest("assertion is required", "no assertion came", "RFC 7521 §4.1", "assertion");
}
