using OAuthServer.Audit;
using OAuthServer.Federation;
using OAuthServer.Html;
using OAuthServer.Http;
using OAuthServer.Protocol;
using OAuthServer.Stores.Federation;
using OAuthServer.Stores.Postgres;
using OAuthServer.Stores.Users;
using OAuthServer.Users;

namespace OAuthServer.Authorization.Federation;

/// <summary>
/// GET /federation/ID/callback: somebody comes back from a provider. The checks are in this order: the way back, which is spent; the
/// provider, at this moment; iss; error; token endpoint and id_token (<see cref="CodeExchange"/>); filters; identity.
/// </summary>
public sealed class FederationCallbackEndpoint(
    FederationRequests requests, ProviderDirectory directory, Upstreams upstreams, CodeExchange codes, Arrivals arrivals,
    FederationRefusals refusals, PendingRequests pendingRequests, Sessions sessions, Entry entry, Cookies cookies, Forms forms,
    AuditLog audit, Settings settings)
{
    public async Task HandleAsync(HttpContext http)
    {
        var (id, parameters) = (http.PathPart("id"), Parameters.OfQuery(http.Request.QueryString.Value ?? ""));
        if ((requests.ReturnRefusal(http.Context().Address) ?? parameters.Problem()) is { } error)
        {
            await RefuseAsync(http, error, id);
            return;
        }

        if (await requests.SpendAsync(parameters["state"], cookies.Browser(http), id) is not { } back)
        {
            await RefuseAsync(http, FederationErrors.NotStarted("no way back with this state for this browser and provider"), id);
            return;
        }

        if (await directory.FindNowAsync(id, http.RequestAborted) is not { } provider)
        {
            await RefuseAsync(http, FederationErrors.Disabled(), id);
            return;
        }

        // Linking and proving are for the very session that they were begun in.
        var session = await sessions.FindAsync(cookies.Session(http), http.RequestAborted);
        if (back.Purpose != FederationPurpose.SignIn && (session is null || !session.IdHash.AsSpan().SequenceEqual(back.Session)))
        {
            await RefuseAsync(http, FederationErrors.NotStarted("another session is signed in, or none"), id);
            return;
        }

        var request = await WaitingAsync(http, back);
        http.Speak(request?.UiLocales);
        var arrival = new Coming(http, provider, back, session, request);
        if ((await PersonAsync(arrival, parameters)).Refused(out error, out var person)
            || Arrivals.KeyOf(provider, person).Refused(out error, out var key)) await RefuseAsync(arrival, error);
        else await (back.Purpose switch
        {
            FederationPurpose.Link => LinkAsync(arrival, key),
            FederationPurpose.Reauth => ConfirmAsync(arrival, person, key),
            _ => SignInAsync(arrival, person, key),
        });
    }

    private async Task<Result<UpstreamPerson>> PersonAsync(Coming arrival, Parameters parameters)
    {
        var (provider, back, cancel) = (arrival.Provider, arrival.Back, arrival.Http.RequestAborted);
        if ((await upstreams.ReadAsync(provider, cancel)).Refused(out var error, out var upstream)) return error;
        // RFC 9207 §2.4: before the code goes anywhere.
        if (parameters["iss"] is { } iss && iss != provider.Row.Issuer)
            return FederationErrors.Unacceptable("RFC 9207 §2.4", "iss is another issuer", provider.Row.Issuer, iss);
        if (parameters["iss"] is null && upstream.Metadata.AnnouncesIssuer)
            return FederationErrors.Unacceptable("RFC 9207 §2.4", "iss is missing, which the provider announces", provider.Row.Issuer,
                "none");
        if (parameters["error"] is { } said) return Refused(said, parameters["error_description"]);
        if (parameters["code"] is not { } code)
            return FederationErrors.Unacceptable("RFC 6749 §4.1.2", "neither code nor error came", "code", "none");

        var asksHere = provider.Row.Reauth == "local";
        var redeemed = await codes.RedeemAsync(upstream, new UpstreamCode
        {
            Code = code,
            Verifier = back.Verifier,
            RedirectUri = FederationRequests.RedirectUri(settings, provider.Id),
            Nonce = back.Nonce,
            // Where this server asks itself, it does not matter when the provider did.
            AuthAfter = asksHere ? null : back.AuthAfter,
        }, cancel);
        return redeemed.Refused(out error, out var person) ? error
            : Filters.Refusal(provider, person.Claims) is { } filtered ? filtered
            : person;
    }

    // The code's own words (AADSTS…) are for the operator.
    private static OAuthError Refused(string said, string? description) => said switch
    {
        "access_denied" => FederationErrors.Cancelled() with { Got = FederationErrors.Shorten(description) },
        "login_required" or "interaction_required" or "consent_required" or "account_selection_required" =>
            FederationErrors.Interaction($"{said}: {description}"),
        "server_error" or "temporarily_unavailable" => FederationErrors.Unreachable($"the provider said {said}", description),
        "invalid_client" or "unauthorized_client" => FederationErrors.WrongSetUp($"the provider said {said}", description),
        _ => FederationErrors.Unacceptable("RFC 6749 §4.1.2.1", "the provider sent an error", "code", $"{said}: {description}"),
    };

    private async Task SignInAsync(Coming arrival, UpstreamPerson person, IdentityKey key)
    {
        var (http, provider, back) = (arrival.Http, arrival.Provider, arrival.Back);
        if (back.AuthAfter is not null && !Says(provider, person))
        {
            // Nobody is made, and nothing brought up to date, on the word of a session there that may be old.
            if (await arrivals.FindAsync(key, http.RequestAborted) is { HasPassword: true } known)
                await refusals.AskHereAsync(http, provider, known.Username, arrival.Request, back.Page);
            else await RefuseAsync(arrival, FederationErrors.NoTime());
            return;
        }

        if ((await arrivals.AdmitAsync(provider, person, key, back, http.Context())).Refused(out var error, out var admitted))
        {
            await RefuseAsync(arrival, error);
            return;
        }

        var proof = Arrivals.AuthenticatedBy(provider, person, admitted, fresh: back.AuthAfter is not null);
        if (!await entry.LetInAsync(http, proof, new Waiting(arrival.Request, back.Page)))
            await RefuseAsync(arrival, FederationErrors.Nobody("the person or the provider was disabled") with { Got = admitted.Username });
    }

    private async Task ConfirmAsync(Coming arrival, UpstreamPerson person, IdentityKey key)
    {
        var (http, provider, session) = (arrival.Http, arrival.Provider, arrival.Session!);
        if (await arrivals.FindAsync(key, http.RequestAborted) is not { } known || known.Subject != session.Subject)
            await RefuseAsync(arrival, FederationErrors.Another());
        else if (!Says(provider, person)) await RefuseAsync(arrival, FederationErrors.NoTime());
        else
        {
            var proof = Arrivals.AuthenticatedBy(provider, person, known, fresh: true) with
            {
                Continues = true,
                Remember = session.Remembered,
            };
            if (!await entry.LetInAsync(http, proof, new Waiting(null, arrival.Back.Page)))
                await RefuseAsync(arrival, FederationErrors.Nobody("the person or the provider was disabled"));
        }
    }

    private async Task LinkAsync(Coming arrival, IdentityKey key)
    {
        var (http, session) = (arrival.Http, arrival.Session!);
        var context = http.Context();
        // The provider took its time: the session may have ended meanwhile.
        if (await sessions.FindAsync(cookies.Session(http), http.RequestAborted) is null)
        {
            await RefuseAsync(arrival, FederationErrors.NotStarted("the session ended meanwhile"));
            return;
        }

        var author = new Author(session.Actor) { RequestId = context.RequestId, Address = context.Address };
        switch (await arrivals.LinkAsync(key, session.Subject, author))
        {
            case LinkOutcome.Done:
                http.GoTo(Waiting.Pages[arrival.Back.Page!]);
                break;
            case LinkOutcome.Taken:
                await RefuseAsync(arrival, FederationErrors.Elsewhere());
                break;
            default:
                await RefuseAsync(arrival, FederationErrors.Nobody("the person was disabled"));
                break;
        }
    }

    // Where this server asks in its place, nothing that it says counts.
    private static bool Says(Provider provider, UpstreamPerson person) => provider.Row.Reauth == "upstream" && person.SignedInAt
        is not null;

    // One that was answered meanwhile, or has expired, is not waited for any more.
    private async Task<AuthorizationRequest?> WaitingAsync(HttpContext http, Return back) =>
        back.PendingRequest is { } pending
        && !(await pendingRequests.FindAsync(pending, cookies.Browser(http), http.Context().Address, http.RequestAborted))
            .Refused(out _, out var request) ? request : null;

    private async Task RefuseAsync(Coming arrival, OAuthError error)
    {
        var (http, provider, back, session) = (arrival.Http, arrival.Provider, arrival.Back, arrival.Session);
        await audit.RefusedAsync(AuditEvents.Federation, error, http.Context(), arrival.Request?.Client.Id,
            back.Purpose == FederationPurpose.SignIn ? null : session?.Subject.ToString(),
                detail: Departures.Detail(provider, back.Purpose));
        if (back.Purpose == FederationPurpose.SignIn) await refusals.AtSignInAsync(http, provider, error, arrival.Request, back.Page);
        else await FederationRefusals.SignedInAsync(
            http, provider, error, back.Purpose, session is null ? null : forms.Field(http, session.IdHash), back.Page!);
    }

    private async Task RefuseAsync(HttpContext http, OAuthError error, string provider)
    {
        await audit.RefusedAsync(AuditEvents.Federation, error, http.Context(), detail: $"provider={provider}");
        await Refusals.RefuseAsync(http, error, new ErrorPage.Link(settings.IssuerPath + Paths.Login, http.Language()["Sign in"]));
    }

    private sealed record Coming(
        HttpContext Http, Provider Provider, Return Back, SessionRow? Session, AuthorizationRequest? Request);
}
