using OAuthServer.Authorization.SecondFactor;
using OAuthServer.Factors;
using OAuthServer.Protocol;
using OAuthServer.Stores.Grants;
using OAuthServer.Stores.Users;

namespace OAuthServer.Authorization;

/// <summary>What happens next with an authorization request: exactly one of these.</summary>
public abstract record Step
{
    /// <summary>Somebody signs in first.</summary>
    public sealed record SignIn : Step;

    /// <summary>The person is asked; <paramref name="Remembered"/> is what they allowed last time, or null.</summary>
    public sealed record Consent(RememberedConsent? Remembered) : Step;

    /// <summary>The person has allowed all of it before, in <paramref name="Remembered"/>.</summary>
    public sealed record Allow(RememberedConsent Remembered) : Step;

    /// <summary>An app of the operator's own: nobody is asked.</summary>
    public sealed record Trust : Step;

    /// <summary>The person proves a second factor first, or adds one.</summary>
    public sealed record StepUp : Step;

    /// <summary>The client is told by a redirect.</summary>
    public sealed record RedirectError(OAuthError Error) : Step;

    /// <summary>The person is told, on a page of ours that links to the client (OAuth 2.1 §7.12.2).</summary>
    public sealed record ShowError(OAuthError Error) : Step;
}

/// <summary>Decides the next step, from the request and who is signed in and nothing else.</summary>
public sealed class NextStep(ConsentStore consents, SecondFactorRule rule, StepUp stepUp, TimeProvider time)
{
    /// <param name="session">Null: nobody is signed in.</param>
    public async Task<Step> NextAsync(AuthorizationRequest request, SessionRow? session)
    {
        if (request.Problem is { } problem)
            return request.Client.IsVouchedFor || session is not null || request.IsSilent ? Refuse(request, problem) : new Step.SignIn();

        if (session is null || MustSignIn(request, session))
            return request.IsSilent
                ? Refuse(request, OAuthError.InteractionRequired("login_required", session is null ? "nobody is signed in"
                    : "the sign-in is older than max_age"))
                : new Step.SignIn();
        // OpenID Connect Core §3.1.2.2: whoever signs in instead is not the one the client means.
        if (!request.Expects(session))
            return request.IsSilent || HasSignedInFor(request, session)
                ? Refuse(request, OtherPerson())
                : new Step.SignIn();

        if (session.Acr != "aal2" && (request.Client.Row.MinAcr == "aal2" || rule.Blocks(session)))
            return request.IsSilent
                ? Refuse(request, OAuthError.InteractionRequired("interaction_required", "the sign-in was by one factor only"))
                : new Step.StepUp();
        // Voluntary (OpenID Connect Core §3.1.2.1): who has no second factor is told to the app as what they are.
        if (session.Acr != "aal2" && request.WantsSecondFactor && !request.IsSilent
            && await stepUp.IsPossibleAsync(session, CancellationToken.None))
            return new Step.StepUp();

        if (request.Client.Row.Trusted && request.Delivery.MayBeRemembered && !request.Prompt.Contains("consent"))
            return new Step.Trust();
        var remembered = await consents.FindAsync(session.Subject, Consents.Key(request));
        if (MayBeRemembered(request) && remembered is not null && !(remembered.ExpiresAt <= time.GetUtcNow())
            && request.Scope.All(remembered.Scope.Contains))
            return new Step.Allow(remembered);
        return request.IsSilent
            ? Refuse(request, OAuthError.InteractionRequired("consent_required", "no remembered consent covers this request"))
            : new Step.Consent(remembered);
    }

    // An attacker's own client could bounce people through us to its redirect URI by a deliberate error; an operator's is vouched for.
    private static Step Refuse(AuthorizationRequest request, OAuthError error) =>
        request.Client.IsVouchedFor && request.Delivery is Delivery.Redirect ? new Step.RedirectError(error) : new Step.ShowError(error);

    // OpenID Connect Core §3.1.2.1. A sign-in since the request was stored satisfies every demand for a fresh one; who came by a company,
    // and had signed in there before, has chosen an account and has proven nothing.
    private bool MustSignIn(AuthorizationRequest request, SessionRow session) =>
        (request.Prompt.Contains("select_account") && !HasSignedInFor(request, session))
        || ((request.Prompt.Contains("login")
                || request.MaxAge == 0 || (request.MaxAge is { } seconds
                    && session.AuthenticatedAt.AddSeconds(seconds) <= time.GetUtcNow()))
            && !(request.PendingRequest is { } pending && session.AuthenticatedAt >= pending.StoredAt));

    private static bool HasSignedInFor(AuthorizationRequest request, SessionRow session) =>
        request.PendingRequest is { } pending && session.BeganAt >= pending.StoredAt;

    private static OAuthError OtherPerson() =>
        OAuthError.InteractionRequired("login_required", "somebody else is signed in than id_token_hint says") with
        { Description = "Another person is signed in", Rule = "OIDC Core §3.1.2.2", Expected = "the person of id_token_hint" };

    // RFC 8252 §8.6, RFC 9700 §4.11: any program can listen on a loopback port, and anybody can register.
    private static bool MayBeRemembered(AuthorizationRequest request) =>
        request.Client.Row.Origin != "self-registered" && request.Delivery.MayBeRemembered && !request.Prompt.Contains("consent");
}
