using OAuthServer.Clients;
using OAuthServer.Grants;
using OAuthServer.Http;
using OAuthServer.Limits;
using OAuthServer.Protocol;
using OAuthServer.Stores.Grants;
using OAuthServer.Stores.UsedProofs;

namespace OAuthServer.Authorization;

/// <summary>
/// Requests that clients push before they send anybody here (RFC 9126). Each gets a reference, which is worth one visit of one browser,
/// by its own client's id; all else in the query beside it is ignored (RFC 9101 §5).
/// </summary>
public sealed class PushedRequests(
    PushedRequestStore store, AuthorizationChecks checks, Settings settings) : IDisposable
{
    /// <summary>What every request_uri of ours begins with (RFC 9126 §2.2); behind it are 256 random bits.</summary>
    public const string Prefix = "urn:ietf:params:oauth:request_uri:";

    // A secret or an assertion is no part of what was requested, and is never kept.
    private static readonly string[] OfTheClient = ["client_secret", "client_assertion", "client_assertion_type"];

    private readonly AddressLimit limit = new(settings.AuthorizationsPerMinute, "pushed requests of public clients");

    /// <summary>Checks what /authorize would check, and keeps it; the request_uri.</summary>
    public async Task<Result<string>> PushAsync(Push push, CancellationToken cancel)
    {
        var (client, parameters, context) = (push.By.Client, push.Parameters, push.Context);
        // Anybody may push for a public client, and each is a row.
        if (client.IsPublic && limit.Refusal(context.Address) is { } tooMany) return tooMany;
        if (parameters["request_uri"] is not null || parameters["request"] is not null)
            return OAuthError.InvalidRequest("request and request_uri are not supported", "a request object was pushed", "RFC 9126 §2.1",
                "plain parameters", parameters["request_uri"] is null ? "request" : "request_uri");
        var query = WithoutTheClient(push.Form);
        var most = RawForm.LongestQuery(settings.IssuerPath + Paths.Authorize);
        if (query.Length > most) return RawForm.TooLarge(most, query.Length);
        if ((await checks.ReadAsync(query, pushed: true, context.Address, cancel)).Refused(out var error, out var request)) return error;
        if (request.Problem is { } problem) return problem;

        var reference = OpaqueToken.Mint();
        var usedBefore = await store.AddAsync(new NewPushedRequest
        {
            ReferenceHash = OpaqueToken.Hash(reference),
            ClientId = client.Id,
            Query = query,
            CreatedAt = context.At,
            ExpiresAt = context.At.AddSeconds(settings.ParSeconds),
            Detail = $"scope={Scope.Join(request.Scope)} resource={Scope.Join(request.Resources)}{push.By.Note}",
            Proofs = push.Proofs,
            RequestId = context.RequestId,
            Address = context.Address,
        });
        return ProofRefusals.Of(usedBefore) is { } used ? used : Prefix + reference;
    }

    /// <summary>The reference and the client a query names; null: it names none of ours, or not clearly.</summary>
    /// <param name="query">Of /authorize, as it came.</param>
    public static PushedReference? Named(string query)
    {
        if (!query.Contains("request_uri=", StringComparison.Ordinal)) return null;
        var parameters = Parameters.OfQuery(query);
        return parameters["request_uri"] is { } uri && uri.StartsWith(Prefix, StringComparison.Ordinal)
            && !parameters.IsRepeated("request_uri") && parameters["client_id"] is { } client && !parameters.IsRepeated("client_id")
            ? new PushedReference(client, OpaqueToken.Hash(uri[Prefix.Length..]))
            : null;
    }

    /// <summary>The request, checked anew, for the browser that has come with it; it is not used up yet.</summary>
    public async Task<Result<AuthorizationRequest>> FindAsync(PushedReference named, RequestContext context, CancellationToken cancel)
    {
        var row = await store.FindAsync(named.Hash, cancel);
        if (row is null) return Gone("no request was pushed under this reference, or it expired more than ten minutes ago", "none");
        if (row.ClientId != named.ClientId) return Gone("another client pushed it", "another client");
        if (row.UsedAt is { } used) return Gone($"it was used at {used:u}", "a second use");
        if (row.ExpiresAt <= context.At) return Gone($"it expired at {row.ExpiresAt:u}", $"{context.At:u}");
        return (await checks.ReadAsync(row.Query, pushed: true, context.Address, cancel)).Refused(out var error, out var request) ? error
            : request with { PushedUnder = named.Hash };
    }

    public void Dispose() => limit.Dispose();

    /// <summary>One answer for used, expired, foreign and made up.</summary>
    public static OAuthError Gone(string reason, string got) => OAuthError.InvalidRequest(
        "This request is not valid any more; start again from the app", reason, "RFC 9126 §4", "an unused reference of this client", got);

    /// <summary>The refusal of a plain request where only pushed ones are taken.</summary>
    public static OAuthError Required() => OAuthError.InvalidRequest(
        "This client must push its requests", "a request that was not pushed", "RFC 9126 §5", "a pushed request");

    // A plus is a space in a form, and in a redirect whatever the client's library thinks: state goes back as %20.
    private static string WithoutTheClient(string form) => string.Join('&', form.Split('&', StringSplitOptions.RemoveEmptyEntries)
        .Where(pair => !OfTheClient.Contains(Parameters.FormDecode(pair.Split('=', 2)[0])))).Replace("+", "%20", StringComparison.Ordinal);
}

/// <summary>What a client pushes, and what it proved itself with.</summary>
public sealed record Push
{
    public required Authenticated By { get; init; }
    public required Parameters Parameters { get; init; }

    /// <summary>The same as a query, as it came: <see cref="RawForm"/>.</summary>
    public required string Form { get; init; }
    public required Proofs Proofs { get; init; }
    public required RequestContext Context { get; init; }
}

/// <summary>What a browser comes with: <paramref name="Hash"/> is the SHA-256 of the reference.</summary>
public sealed record PushedReference(string ClientId, byte[] Hash);
