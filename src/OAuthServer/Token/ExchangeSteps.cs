using OAuthServer.Clients;
using OAuthServer.Limits;
using OAuthServer.Protocol;
using OAuthServer.Stores.Grants;
using OAuthServer.Stores.UsedProofs;
using OAuthServer.Tokens;

namespace OAuthServer.Token;

/// <summary>A token exchange that its rule allows, before the rows were read.</summary>
internal sealed record ExchangeWish
{
    public required ExchangeRuleRow Rule { get; init; }

    /// <summary>What the token that was presented says.</summary>
    public required AccessTokenClaims Subject { get; init; }

    /// <summary>What the new one is to allow.</summary>
    public required string[] Scope { get; init; }

    /// <summary>Whether the client named it; else it gets of it what was allowed.</summary>
    public required bool Named { get; init; }
    public required TokenRequest Request { get; init; }
    public RequestContext Context => Request.Context;
    public Client Client => Request.Client;
}

/// <summary>
/// One step of a chain of delegation: signs the token, then has one statement decide. The delegation's id is in the token, so it is
/// remembered; where another server has begun the same one, the token is signed again with its id.
/// </summary>
public sealed class ExchangeSteps(AccessTokens tokens, ExchangeStore store, TimeProvider time)
{
    private const int MostRemembered = 50_000;
    private const int MostAttempts = 5;
    private static readonly TimeSpan Idle = TimeSpan.FromHours(1);

    private readonly Cache<Step, Guid> remembered = new(MostRemembered, Idle, time);

    internal async Task<Result<TokenResponse>> TakeAsync(ExchangeWish wish)
    {
        var (rule, subject, now) = (wish.Rule, wish.Subject, wish.Context.At);
        // Whole seconds (RFC 7519 §4.1.4).
        var life = Math.Min(wish.Client.Row.AccessTokenSeconds, (int)(subject.ExpiresAt - now).TotalSeconds);
        if (life < 1) return TokenExchangeGrant.Refused("less than a second of the subject token is left", "a token that lives longer");

        var step = new Step(subject.Grant?.ToString() ?? subject.Subject, subject.Via.Count == 0 ? null : subject.Via[^1], rule.Id);
        var (scope, proofs) = (wish.Scope, wish.Request.Proofs);
        Guid? known = remembered.TryGet(step, out var id) ? id : null;
        for (var attempts = 0; attempts < MostAttempts; attempts++)
        {
            var claims = Claims(wish, scope, known ?? Guid.CreateVersion7(now), now.AddSeconds(life));
            if (tokens.Issue(claims).Refused(out var error, out var token)) return error;
            var found = await store.ExchangeAsync(new Exchange
            {
                Rule = rule,
                SubjectJti = subject.Jti,
                Subject = subject.Subject,
                Holder = subject.ClientId,
                HeldSince = subject.IssuedAt,
                Grant = subject.Grant,
                Via = subject.Via,
                Edge = claims.Via[^1],
                IsKnown = known is not null,
                Token = new TokenFacts { Jti = claims.Jti, Resource = claims.Audience, Scope = claims.Scope },
                Proofs = proofs,
                Note = wish.Request.By.Note,
                Now = now,
                RequestId = wish.Context.RequestId,
                Address = wish.Context.Address,
            });
            if (found.Exchanged)
            {
                remembered.Set(step, claims.Via[^1]);
                return new TokenResponse
                {
                    AccessToken = token,
                    ExpiresIn = life,
                    Scope = claims.Scope,
                    IssuedTokenType = TokenTypes.AccessToken,
                };
            }

            if (ProofRefusals.Of(found.UsedBefore) is { } used) return used;
            if (Refusal(found, wish, scope) is { } refusal) return refusal;
            // Without a named scope it gets what was allowed. Else another server has begun this step, or what was remembered has ended.
            known = found.Known;
            if (found.IsBehind) continue;
            scope = [.. scope.Where(found.Allowed!.Contains)];
            // Spent by now, and found new.
            proofs = found.Decidable ? Proofs.None : proofs with { Assertion = null };
        }

        throw new TimeoutException("the same step of a delegation begins and ends again and again");
    }

    private static AccessTokenClaims Claims(ExchangeWish wish, string[] scope, Guid edge, DateTimeOffset expires) => new()
    {
        Subject = wish.Subject.Subject,
        ClientId = wish.Client.Id,
        Audience = wish.Rule.Resource,
        Scope = Scope.Join(scope),
        Jti = TimedId.NewJti(wish.Context.At),
        IssuedAt = wish.Context.At,
        ExpiresAt = expires,
        Grant = wish.Subject.Grant,
        // What hides one step does not hide those before it.
        Actors = wish.Rule.Impersonate ? wish.Subject.Actors : [wish.Client.Id, .. wish.Subject.Actors],
        Via = [.. wish.Subject.Via, edge],
        Jkt = wish.Request.Jkt,
    };

    // The private reason, from the rows as the statement saw them; null: nothing speaks against another attempt.
    private static OAuthError? Refusal(ExchangedToken found, ExchangeWish wish, string[] scope)
    {
        var subject = wish.Subject;
        if (found.IsBehind) return null;
        if (!found.TokenLives)
            return TokenExchangeGrant.Refused("the subject token is revoked, or its client disabled", "a live token", subject.Jti);
        if (!found.GrantLives)
            return TokenExchangeGrant.Refused("the grant has ended or run out", "a living grant", $"{subject.Grant}");
        if (!found.ChainLives)
            return TokenExchangeGrant.Refused("a delegation it stands on has ended", "a living chain", string.Join(' ', subject.Via));
        if (!found.SubjectLives)
            return TokenExchangeGrant.Refused("the person or the machine is disabled", "somebody enabled", subject.Subject);
        if (!found.RuleHolds)
            return TokenExchangeGrant.Refused("the rule was changed a moment ago", "the rule as it was read", $"{wish.Rule.Id}");
        if (found.Allowed is not { } allowed)
            return OAuthError.InvalidTarget("the resource is neither in what was allowed nor in what may be passed on",
                $"a consent that shows rule {wish.Rule.Id}", wish.Rule.Resource);
        if (wish.Named ? scope.Except(allowed).Any() : !scope.Any(allowed.Contains))
            return TokenExchangeGrant.Wider(wish.Rule, allowed, scope);
        return found.IsCut
            ? TokenExchangeGrant.Refused("this delegation was cut", "one that was not", $"{found.Known}")
            : null;
    }

    private readonly record struct Step(string From, Guid? Parent, Guid Rule);
}
