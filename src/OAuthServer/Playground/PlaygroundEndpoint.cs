using OAuthServer.Audit;
using OAuthServer.Clients;
using OAuthServer.Grants;
using OAuthServer.Html;
using OAuthServer.Http;
using OAuthServer.Protocol;
using OAuthServer.Stores.Audit;

namespace OAuthServer.Playground;

/// <summary>
/// /playground: GET shows a step of the walkthrough, POST does it. Nobody need be signed in: forms and tokens are bound to the browser's
/// cookie, and no URL carries anything but the name of a step. /callback is where the code of step 2 arrives.
/// </summary>
public sealed class PlaygroundEndpoint(Walkthroughs walkthroughs, Caller caller, ClientDirectory clients, Cookies cookies, Forms forms,
    AuditLog audit, AuditStore kept, Settings settings, TimeProvider time)
{
    private readonly PlaygroundRequests asks = new(settings);

    public async Task ShowAsync(HttpContext http)
    {
        var query = Parameters.OfQuery(http.Request.QueryString.Value ?? "");
        var stage = query[PlaygroundPage.Field];
        if (query.Problem() is { } error) await RefuseAsync(http, error);
        else if (stage is not null && !Stages.All.Contains(stage))
            await RefuseAsync(http, OAuthError.InvalidRequest("Page not found", "no such step", "RFC 9110 §15.5.5") with { Status = 404 });
        else if (!await HasDemoAsync(http.RequestAborted)) await http.PlaygroundIsEmptyAsync();
        else
        {
            var browser = cookies.KeepBrowser(http);
            var walkthrough = walkthroughs.Find(browser);
            await http.PlaygroundAsync(new PlaygroundView
            {
                Antiforgery = forms.Field(http, browser),
                Stage = stage,
                Done = walkthrough.Done,
                Exchanges = stage is null ? null : walkthrough.Exchanges.GetValueOrDefault(stage),
                Missing = stage is null ? null : walkthrough.Missing(stage, time.GetUtcNow()),
            });
        }
    }

    public async Task DoAsync(HttpContext http)
    {
        var browser = cookies.Browser(http);
        if ((await forms.ReadAsync(http, browser)).Refused(out var error, out var form))
        {
            await RefuseAsync(http, error);
            return;
        }

        switch (form[PlaygroundPage.Field])
        {
            case PlaygroundPage.Over:
                walkthroughs.Forget(browser!);
                http.GoTo(Paths.Playground);
                break;
            case Stages.Person:
                Leave(http, browser!);
                break;
            case { } stage when Stages.All.Contains(stage):
                await WalkAsync(http, browser!, stage);
                break;
            case var other:
                await RefuseAsync(http,
                    OAuthError.InvalidRequest("Choose a step", "no such step", "playground", string.Join(' ', Stages.All), other));
                break;
        }
    }

    /// <summary>The redirect URI of step 2 (RFC 6749 §4.1.2): only the browser that left with this state may come back with it.</summary>
    public async Task ReturnAsync(HttpContext http)
    {
        var parameters = Parameters.OfQuery(http.Request.QueryString.Value ?? "");
        var browser = cookies.Browser(http);
        var walkthrough = walkthroughs.Find(browser);
        if (ReturnProblem(parameters, walkthrough) is { } error)
        {
            await RefuseAsync(http, error,
                new ErrorPage.Link(settings.IssuerPath + Paths.Playground, http.Language()["Go to the playground"]));
            return;
        }

        var pending = walkthrough.Pending!;
        var back = new Exchange
        {
            Request = pending.Request,
            Status = StatusCodes.Status303SeeOther,
            Headers = [("Location", asks.RedirectUri + http.Request.QueryString.Value)],
            Body = "",
            Audit = [],
        };
        walkthrough = walkthrough with { Pending = null, First = null, Second = null };
        if (parameters["code"] is not { } code) Keep(http, browser!, walkthrough.With(Stages.Person, back), Stages.Person);
        else
            await TryAsync(http, async () =>
            {
                var redeemed = await caller.SendAsync(asks.Redeem(code, pending.Verifier));
                back = back with { Audit = await ConsentAsync(redeemed, pending.At) };
                Keep(http, browser!, (walkthrough with { First = redeemed["refresh_token"] }).With(Stages.Person, back, redeemed),
                    Stages.Person);
            });
    }

    // Off to /authorize, as an app would send the browser: what it keeps to itself stays here.
    private void Leave(HttpContext http, byte[] browser)
    {
        var (state, verifier) = (OpaqueToken.Mint(), OpaqueToken.Mint());
        var ask = asks.Authorize(state, Pkce.Challenge(verifier));
        walkthroughs.Keep(browser, walkthroughs.Find(browser) with { Pending = new Pending(ask, state, verifier, time.GetUtcNow()) });
        http.GoTo($"{Paths.Authorize}?{ask.Encoded}");
    }

    // A step that was done, or lacks what it needs, shows itself: a form sent twice does nothing twice.
    private async Task WalkAsync(HttpContext http, byte[] browser, string stage)
    {
        var walkthrough = walkthroughs.Find(browser);
        if (walkthrough.Missing(stage, time.GetUtcNow()) is null && (Stages.MayBeRepeated(stage) || !walkthrough.Done.Contains(stage)))
            await TryAsync(http, async () => Keep(http, browser, await (stage switch
            {
                Stages.Machine => MachineAsync(walkthrough),
                Stages.Refresh => RefreshAsync(walkthrough),
                Stages.Replay => ReplayAsync(walkthrough),
                _ => RevokeAsync(walkthrough),
            }), stage));
        else http.GoTo($"{Paths.Playground}?{PlaygroundPage.Field}={stage}");
    }

    private async Task<Walkthrough> MachineAsync(Walkthrough walkthrough)
    {
        var got = await caller.SendAsync(asks.MachineToken());
        return walkthrough.With(Stages.Machine, got) with { Machine = got["access_token"], MachineEnds = EndOf(got) };
    }

    private async Task<Walkthrough> RefreshAsync(Walkthrough walkthrough)
    {
        var got = await caller.SendAsync(asks.Refresh(walkthrough.First!));
        return walkthrough.With(Stages.Refresh, got) with { Second = got["refresh_token"] };
    }

    // The successor is used first: after that the old token cannot be a retry any more.
    private async Task<Walkthrough> ReplayAsync(Walkthrough walkthrough)
    {
        var went = await caller.SendAsync(asks.GoOn(walkthrough.Second!));
        if (!went.Fits) return walkthrough.With(Stages.Replay, went);
        var replayed = await caller.SendAsync(asks.Replay(walkthrough.First!));
        var after = await caller.SendAsync(asks.AfterTheft(went["refresh_token"]!));
        var dead = await caller.SendAsync(asks.Dead(went["access_token"]!));
        return walkthrough.With(Stages.Replay, went, replayed, after, dead);
    }

    private async Task<Walkthrough> RevokeAsync(Walkthrough walkthrough)
    {
        var before = await caller.SendAsync(asks.Alive(walkthrough.Machine!));
        var revoked = await caller.SendAsync(asks.Revoke(walkthrough.Machine!));
        var after = await caller.SendAsync(asks.Dead(walkthrough.Machine!));
        return walkthrough.With(Stages.Revoke, before, revoked, after);
    }

    // What the person's part left: the consent that the new token stands on.
    private async Task<IReadOnlyList<AuditRow>> ConsentAsync(Exchange redeemed, DateTimeOffset since)
    {
        if (!Guid.TryParse(ExchangeParts.Claim(redeemed, "grant"), out var grant)) return [];
        var rows =
            await kept.SearchAsync(new AuditSearch
            {
                Client = PlaygroundRequests.App,
                Subject = ExchangeParts.Claim(redeemed, "sub"),
                Outcome = "ok",
                Since = since,
                Limit = 20
            }, CancellationToken.None);
        return [.. rows.Where(row => row.GrantId == grant && row.Event != AuditEvents.Token)];
    }

    private static DateTimeOffset EndOf(Exchange got) =>
        long.TryParse(ExchangeParts.Claim(got, "exp"), out var seconds) ? DateTimeOffset.FromUnixTimeSeconds(seconds) : default;

    private void Keep(HttpContext http, byte[] browser, Walkthrough walkthrough, string stage)
    {
        walkthroughs.Keep(browser, walkthrough);
        http.GoTo($"{Paths.Playground}?{PlaygroundPage.Field}={stage}");
    }

    private async Task TryAsync(HttpContext http, Func<Task> walkthrough)
    {
        try
        {
            await walkthrough();
        }
        catch (Exception fault) when (fault is HttpRequestException or TaskCanceledException)
        {
            await RefuseAsync(http, OAuthError.TemporarilyUnavailable($"the playground cannot reach this server: {fault.Message}"));
        }
    }

    // Rows, not the setting: the demo world may have been seeded by hand.
    private async Task<bool> HasDemoAsync(CancellationToken cancel) =>
        await clients.FindAsync(PlaygroundRequests.Machine, cancel) is not null
            && await clients.FindAsync(PlaygroundRequests.App, cancel) is not null
            && await clients.FindAsync(PlaygroundRequests.Api, cancel) is not null;

    private OAuthError? ReturnProblem(Parameters parameters, Walkthrough walkthrough)
    {
        if (parameters.Problem() is { } malformed) return malformed;
        return walkthrough.Pending is { } pending && parameters["state"] == pending.State && parameters["iss"] == settings.Issuer
            ? null
            : OAuthError.InvalidRequest("This response does not match a request from this browser", "no such state, or another issuer",
                "RFC 6749 §10.12, RFC 9207 §2.4");
    }

    private async Task RefuseAsync(HttpContext http, OAuthError error, ErrorPage.Link? link = null)
    {
        await audit.RefusedAsync(AuditEvents.Page, error, http.Context());
        await Refusals.RefuseAsync(http, error, link);
    }
}
