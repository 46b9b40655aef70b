using OAuthServer.Audit;
using OAuthServer.Factors;
using OAuthServer.Federation;
using OAuthServer.Http;
using OAuthServer.Protocol;
using OAuthServer.Stores.Postgres;
using OAuthServer.Stores.Users;
using OAuthServer.Users;

namespace OAuthServer.Html;

/// <summary>Somebody at a page of their own.</summary>
public sealed record PageRequest
{
    public required HttpContext Http { get; init; }
    public required SessionRow Session { get; init; }
    public required RequestContext Context { get; init; }

    public required Forms Forms { get; init; }

    /// <summary>The hidden field for the forms of the page.</summary>
    public Markup Antiforgery => Forms.Field(Http, Session.IdHash);

    /// <summary>The query of a page, the form of a change.</summary>
    public required Parameters Parameters { get; init; }

    /// <summary>Whom the audit log names for an edit made here: admin:olivia, or user: and the subject.</summary>
    public Author Author => SignedInGate.AuthorOf(Session, Context);

    /// <summary>The navigation of a page.</summary>
    public Navigation NavigationOf(string path) => new() { Session = Session, Current = path };

    /// <summary>Shows the page again by GET: what was done is not done twice by a reload.</summary>
    public Task Done(string path)
    {
        Http.GoTo(path);
        return Task.CompletedTask;
    }
}

/// <summary>
/// Stands before every page of somebody signed in: who is not is sent to sign in, a forged post is refused. The administration
/// does not exist for anybody but administrators, and asks for the password again before a change when the sign-in is old.
/// </summary>
public sealed class SignedInGate(
    Sessions sessions, Cookies cookies, Forms forms, SignIn signIn, SecondFactorRule rule, ProviderDirectory providers, AuditLog audit,
    TimeProvider time)
{
    /// <summary>How old a sign-in may be that still changes something in the administration.</summary>
    public static readonly TimeSpan Recent = TimeSpan.FromMinutes(15);

    /// <summary>How old a sign-in may be that still adds or removes a way in, or ends the account.</summary>
    public static readonly TimeSpan VeryRecent = TimeSpan.FromMinutes(5);

    /// <summary>A page of the person's own.</summary>
    /// <param name="key">The key by which sign-in leads back to it.</param>
    public Task ShowAsync(HttpContext http, string key, Func<PageRequest, Task> show) => EnterAsync(
        http, key, session => ShowAsync(http, session, show));

    /// <summary>A change by the person, from a form of ours.</summary>
    public Task ChangeAsync(HttpContext http, string key, Func<PageRequest, Task> change) => EnterAsync(
        http, key, session => ChangeAsync(http, session, change));

    /// <summary>
    /// A change of how the person gets in, from a form of ours: who signed in longer than <see cref="VeryRecent"/> ago does so again first.
    /// </summary>
    public Task ChangeAccountAsync(HttpContext http, string key, Func<PageRequest, Task> change) => ChangeAsync(
        http, key, page => ConfirmAccountAsync(page, key, change));

    /// <summary>The same, for a form that was read already.</summary>
    public Task ConfirmAccountAsync(PageRequest page, string key, Func<PageRequest, Task> change) =>
        ConfirmedAsync(page, VeryRecent, key, change);

    /// <summary>
    /// A page or change that adds a second factor: open to who may do nothing else before. A change asks for a recent sign-in.
    /// </summary>
    public Task ShowFactorsAsync(HttpContext http, string key, Func<PageRequest, Task> show) => EnterAsync(
        http, key, session => ShowAsync(http, session, show), isBlocked: _ => false);

    /// <inheritdoc cref="ShowFactorsAsync"/>
    public Task ChangeFactorsAsync(HttpContext http, string key, Func<PageRequest, Task> change) => EnterAsync(
        http, key, session => ChangeAsync(http, session, page => ConfirmedAsync(page, VeryRecent, key, change)), isBlocked: _ => false);

    /// <summary>A change of the same kind that a script posts as JSON: what is posted, or why it is not taken.</summary>
    /// <param name="most">Octets of the body.</param>
    public async Task<Result<(SessionRow Session, System.Text.Json.JsonElement Posted)>> JsonFactorsAsync(HttpContext http, int most)
    {
        if ((await http.JsonAsync(most)).Refused(out var error, out var posted)) return error;
        if (await sessions.FindAsync(cookies.Session(http), http.RequestAborted) is not { } session)
            return SignInFirst("nobody is signed in");
        if (await forms.RefusalAsync(http, session.IdHash) is { } forged) return forged;
        return session.ProvenAt + VeryRecent > time.GetUtcNow() ? (session, posted) : SignInFirst("the sign-in is too old");
    }

    /// <summary>A page of the administration.</summary>
    public Task ShowAdminAsync(HttpContext http, Func<PageRequest, Task> show) => EnterAsAdminAsync(
        http, session => ShowAsync(http, session, show));

    /// <summary>A change in the administration.</summary>
    public Task ChangeAdminAsync(HttpContext http, Func<PageRequest, Task> change) => EnterAsAdminAsync(
        http, session => ChangeAsync(http, session, page => ConfirmedAsync(page, Recent, "admin", change)));

    /// <summary>
    /// What everybody sees of the administration who is no administrator, and of a row that is not there or is somebody else's.
    /// </summary>
    public static Task NotFoundAsync(PageRequest page) => NotFoundAsync(page.Http);

    private static Task NotFoundAsync(HttpContext http) =>
        Refusals.RefuseAsync(http,
            OAuthError.InvalidRequest("Page not found", "not theirs, or not there", "RFC 9110 §15.5.5") with { Status = 404 });

    private async Task ConfirmedAsync(PageRequest page, TimeSpan age, string key, Func<PageRequest, Task> change)
    {
        var (http, role) = (page.Http, page.Session.Role);
        if (page.Session.ProvenAt + age > time.GetUtcNow()) await change(page);
        else if (page.Parameters[ConfirmPage.Password] is not { } password) await ConfirmAsync(page, key, null);
        else if ((await signIn.AuthenticateAsync(page.Session.Username, password, page.Context, http.RequestAborted))
            .Refused(out var error, out var user))
            await ConfirmAsync(page, key, error);
        else if (await sessions.StartAsync(Authenticated.Again(user, page.Session),
                cookies.Session(http), http.Request.Headers.UserAgent.ToString(), page.Context) is not { } started
            || await sessions.FindAsync(started.Id, http.RequestAborted) is not { } session || session.Role != role)
            await NotFoundAsync(page);
        else
        {
            cookies.SetSession(http, started);
            await change(At(http, session, page.Parameters));
        }
    }

    /// <summary>Whom the audit log names for what somebody signed in does.</summary>
    public static Author AuthorOf(SessionRow session, RequestContext context) =>
        new(session.Actor) { RequestId = context.RequestId, Address = context.Address };

    private static OAuthError SignInFirst(string reason) => new()
    {
        Code = "access_denied",
        Description = "Sign in again first",
        Status = 401,
        Rule = "NIST SP 800-63B-4 §4.1",
        Reason = reason,
        Expected = $"a sign-in of the last {VeryRecent.TotalMinutes} minutes",
    };

    private async Task EnterAsync(HttpContext http, string key, Func<SessionRow, Task> enter, Func<SessionRow, bool>? isBlocked = null)
    {
        if (await sessions.FindAsync(cookies.Session(http), http.RequestAborted) is not { } session) http.GoTo($"{Paths.Login}?page={key}");
        else if ((isBlocked ?? rule.Blocks)(session)) http.GoTo($"{Paths.SecondFactor}?page={key}");
        else await enter(session);
    }

    // Before anything else is looked at: a bad form must not tell that something is here.
    private Task EnterAsAdminAsync(HttpContext http, Func<SessionRow, Task> enter) =>
        EnterAsync(http, "admin", session => session.Role == "admin" ? enter(session) : NotFoundAsync(http),
            session => session.Role == "admin" && rule.BlocksAdministration(session));

    private async Task ShowAsync(HttpContext http, SessionRow session, Func<PageRequest, Task> show)
    {
        var query = Parameters.OfQuery(http.Request.QueryString.Value ?? "");
        if (query.Problem() is { } error) await RefuseAsync(http, error, session);
        else await show(At(http, session, query));
    }

    private async Task ChangeAsync(HttpContext http, SessionRow session, Func<PageRequest, Task> change)
    {
        if ((await forms.ReadAsync(http, session.IdHash)).Refused(out var error, out var form)) await RefuseAsync(http, error, session);
        else await change(At(http, session, form));
    }

    private PageRequest At(HttpContext http, SessionRow session, Parameters parameters) =>
        new() { Http = http, Session = session, Context = http.Context(), Forms = forms, Parameters = parameters };

    private async Task ConfirmAsync(PageRequest page, string key, OAuthError? error)
    {
        if (error is not null) page.Http.Response.SetErrorHeaders(error);
        var provider = await providers.FindAsync(page.Session.Idp, page.Http.RequestAborted);
        await page.Http.ConfirmAsync(page.Antiforgery, page.NavigationOf(key == "admin" ? Paths.Admin : Paths.Account), page.Parameters,
            key, error, provider);
    }

    private async Task RefuseAsync(HttpContext http, OAuthError error, SessionRow session)
    {
        await audit.RefusedAsync(AuditEvents.Page, error, http.Context(), subject: session.Subject.ToString());
        await Refusals.RefuseAsync(http, error);
    }
}
