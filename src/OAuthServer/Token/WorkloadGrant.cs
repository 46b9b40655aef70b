using OAuthServer.Audit;
using OAuthServer.Clients;
using OAuthServer.Protocol;
using OAuthServer.Stores.Audit;
using OAuthServer.Stores.UsedProofs;
using OAuthServer.Tokens;
using OAuthServer.Trust;

namespace OAuthServer.Token;

/// <summary>A workload: what its platform says of it, the rule that fits, and the client it therefore is.</summary>
public sealed record Workload(Assertion Assertion, Rule Rule, Client Client);

/// <summary>
/// A workload gets a token of the machine that a rule makes of it. The token stands on the rule's grant, so that whatever ends the rule
/// ends it. Costs one audit row, committed with its neighbours'.
/// </summary>
public sealed class WorkloadGrant(ClientDirectory clients, ResourceDirectory resources, AccessTokens tokens, AuditLog audit)
{
    private const int LongestJti = 256;
    private static readonly TimeSpan Kept = TimeSpan.FromSeconds(60);

    /// <summary>The rule and the client.</summary>
    /// <param name="named">The client that the request names; null: none.</param>
    public async Task<Result<Workload>> IdentifyAsync(Assertion assertion, string? named, CancellationToken cancel)
    {
        if (RuleMatch.Find(assertion, named).Refused(out var error, out var rule)) return error;
        return await clients.FindAsync(rule.Row.ClientId, cancel) is { Row: { Enabled: true, Kind: "machine" } row } client
            && row.AuthMethod == AuthMethod.Federated.Name
            ? new Workload(assertion, rule, client)
            : AssertionErrors.NotValid(AssertionErrors.Rules, $"rule {rule.Id} fits, and its client is disabled or not federated",
                "an enabled machine with auth_method federated", rule.Row.ClientId);
    }

    public async Task<Result<TokenResponse>> RedeemAsync(Workload workload, TokenRequest request, CancellationToken cancel)
    {
        var (assertion, client, now) = (workload.Assertion, workload.Client, request.Context.At);
        if (Once(assertion).Refused(out var error, out var proofs)) return error;
        if ((await TargetAsync(workload, request.Parameters, cancel)).Refused(out error, out var target)) return error;
        var life = Math.Min(client.Row.AccessTokenSeconds, (int)(assertion.ExpiresAt + Assertions.Beyond - now).TotalSeconds);
        var claims = new AccessTokenClaims
        {
            Subject = client.Id,
            ClientId = client.Id,
            Audience = target.Resource,
            Scope = target.ScopeText,
            Jti = TimedId.NewJti(now),
            IssuedAt = now,
            ExpiresAt = now.AddSeconds(life),
            Grant = workload.Rule.Grant,
            Jkt = request.Jkt,
        };
        if (tokens.Issue(claims).Refused(out error, out var token)) return error;
        var usedBefore = await audit.WriteAsync(new AuditRow
        {
            At = now,
            RequestId = request.Context.RequestId,
            Event = AuditEvents.Token,
            Outcome = "ok",
            ClientId = client.Id,
            Subject = client.Id,
            GrantId = workload.Rule.Grant,
            Jti = claims.Jti,
            Address = request.Context.Address,
            Detail = $"workload rule={workload.Rule.Id} issuer={assertion.Issuer.Id} sub={assertion.Sub} scope={claims.Scope} "
                + $"resource={target.Resource}{request.By.Note}",
        }, proofs with { Dpop = request.Proofs.Dpop });
        return usedBefore switch
        {
            UsedBefore.Nothing => new TokenResponse { AccessToken = token, ExpiresIn = life, Scope = claims.Scope },
            UsedBefore.Assertion => Replayed(),
            _ => ProofRefusals.Of(usedBefore)!,
        };
    }

    // A pod reads one token again and again for an hour: it works once only where the row says so.
    private static Result<Proofs> Once(Assertion assertion)
    {
        if (!assertion.Issuer.Row.SingleUse) return Proofs.None;
        if (assertion.Jwt.Text("jti") is not { Length: > 0 and <= LongestJti } jti)
            return AssertionErrors.NotValid(AssertionErrors.Rfc7523, "assertion, jti: missing where one works once", "a jti", "none");
        return new Proofs { Assertion = UsedProof.Of("wl", assertion.ExpiresAt + Kept, assertion.Issuer.Id, assertion.Sub, jti) };
    }

    private static OAuthError Replayed() =>
        AssertionErrors.NotValid(AssertionErrors.Rfc7523, "assertion, jti: it was used before", "an assertion of its own", "a used one");

    // What the client may have, and of it what the rule leaves.
    private async ValueTask<Result<Target>> TargetAsync(Workload workload, Parameters parameters, CancellationToken cancel)
    {
        var (client, rule) = (workload.Client, workload.Rule.Row);
        if (TokenParameters.Scope(parameters).Refused(out var error, out var scope)) return error;
        if (parameters.Resources.Count > 1) return ResourceDirectory.Snapshot.SeveralResources();
        var requested = parameters.Resources.Count == 0 && rule.Resources is [var only] ? [only] : parameters.Resources;
        if (scope.Length == 0 && rule.Scopes is { } allowed)
        {
            scope = [.. client.Row.DefaultScopes.Where(allowed.Contains)];
            if (scope.Length == 0) scope = allowed;
        }

        if ((await resources.ReadAsync(cancel)).Decide(client, requested, scope).Refused(out error, out var target)) return error;
        if (rule.Resources is { } admitted && !admitted.Contains(target.Resource))
            return OAuthError.InvalidTarget($"rule {rule.Id} is not for this resource", Scope.Join(admitted), target.Resource);
        return rule.Scopes is { } within && target.Scope.Except(within).Any()
            ? OAuthError.InvalidScope($"rule {rule.Id} does not have all of the scope", Scope.Join(within), target.ScopeText)
            : target;
    }
}
