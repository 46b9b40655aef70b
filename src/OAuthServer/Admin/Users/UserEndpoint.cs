using OAuthServer.Admin.Audit;
using OAuthServer.Admin.Clients;
using OAuthServer.Admin.Resources;
using OAuthServer.Html;
using OAuthServer.Keys;
using OAuthServer.Protocol;
using OAuthServer.Stores.Audit;
using OAuthServer.Stores.Postgres;
using OAuthServer.Stores.Resources;
using OAuthServer.Stores.Users;

namespace OAuthServer.Admin.Users;

/// <summary>
/// /admin/user?subject=…: one person, their role, state and password, their grants and sessions. What ends something asks first and
/// says how far it reaches. The last enabled administrator stays one.
/// </summary>
public sealed class UserEndpoint(SignedInGate gate, UserEdits users, AccessEdits access, OwnSessionStore sessions, AuditStore audit,
    FactorStore factors, AccountLinkStore links, UserIdentitiesEndpoint companies, HashQueue hashes, Settings settings,
    TimeProvider time)
{
    private const int MostGrants = 200;
    private const int MostEvents = 20;

    public Task OpenAsync(HttpContext http) => gate.ShowAdminAsync(http, page => ShowAsync(page, null));

    public Task ConfirmRoleAsync(HttpContext http) => gate.ShowAdminAsync(http, page => ConfirmAsync(page, (person, say) =>
        Task.FromResult(person.Role == "admin" ? null : Promotion(person, say))));

    private static Confirmation Promotion(UserOverview person, Language say) => new()
    {
        Title = say["Make an administrator"],
        Question = say.Put("Make {0} an administrator?", $"<bdi>{person.Username}</bdi>"),
        Consequence =
            $"{say["They could change everything here at once: clients and their secrets, who may ask for what, other people's passwords and roles, yours too, and signing keys."]}",
        Impact =
        [
            $"{say["What they do is on record under their name."]}",
            $"{say["The role can be taken away again; what was done with it stays done."]}",
        ],
        Sql = UserEdits.RoleText(person.Username, "admin"),
        Path = Paths.AdminUserRole,
        Form = [.. Key(person), ("role", "admin")],
        Button = say["Make an administrator"],
        Back = Page(person.Subject),
    };

    public Task RoleAsync(HttpContext http) => gate.ChangeAdminAsync(
        http, page => ChangeAsync(page, change => change with { Role = page.Parameters["role"] }, person => SavedAsync(page, person)));

    public Task ConfirmStateAsync(HttpContext http) => gate.ShowAdminAsync(
        http, page => ConfirmAsync(page, async (person, say) => person.Enabled ? new Confirmation
        {
            Title = say["Disable a user"],
            Question = say.Put("Disable {0}?", $"<bdi>{person.Username}</bdi>"),
            Consequence =
            $"{say["The user is signed out everywhere and cannot sign in, and all apps lose access. Enabling the user later does not restore any of it."]}",
            Impact = await ReachAsync(page, person),
            Sql = UserEdits.DisableText(person.Username),
            Path = Paths.AdminUserState,
            Form = Key(person),
            Button = say["Disable"],
            Back = Page(person.Subject),
        } : null));

    public Task StateAsync(HttpContext http) => gate.ChangeAdminAsync(http, page =>
        ChangeAsync(page, change => change with { Enabled = page.Parameters["enabled"] is not null }, person => SavedAsync(page, person)));

    public Task ConfirmPasswordAsync(HttpContext http) => gate.ShowAdminAsync(
        http, page => ConfirmAsync(page, async (person, say) => new Confirmation
        {
            Title = say["New password"],
            Question = say.Put("A new password for {0}?", $"<bdi>{person.Username}</bdi>"),
            Consequence =
            $"{say["A new password is generated and shown once. The old one stops working, the user is signed out everywhere, and all apps lose access."]}",
            Impact = await ReachAsync(page, person),
            Path = Paths.AdminUserPassword,
            Form = Key(person),
            Button = say["Set a new password"],
            Back = Page(person.Subject),
        }));

    public Task PasswordAsync(HttpContext http) => gate.ChangeAdminAsync(http, async page =>
    {
        var password = FirstPassword.Make();
        var hash = await hashes.PasswordAsync(password, http.RequestAborted);
        await ChangeAsync(page, change => change with { Hash = hash }, person =>
            http.PasswordOnceAsync(page.NavigationOf(Paths.AdminUsers), person.Subject, person.Username, password));
    });

    public Task ConfirmGrantAsync(HttpContext http) => gate.ShowAdminAsync(http, page => ConfirmAsync(page, async (person, say) =>
        (await access.GrantsAsync(person.Subject, MostGrants, time.GetUtcNow(), http.RequestAborted))
            .Find(one => one.Id.ToString() == page.Parameters["grant"]) is not { } grant ? null : new Confirmation
            {
                Title = say["Revoke access"],
                Question =
                say.Put("Revoke the access of {0} to the account of {1}?", $"<bdi>{say.App(grant.ClientName)}</bdi>",
                    $"<bdi>{person.Username}</bdi>"),
                Consequence =
                $"{say["Its tokens stop working and the app has to request access again. Servers that follow the revocation feed refuse them within a second; others accept them until they expire, at most an hour."]}",
                Impact = [$"<code>{Scope.Join(grant.Scope)}</code>", .. grant.Resources.Select(uri => (Markup)$"<bdi>{uri}</bdi>")],
                Sql = AccessEdits.EndGrantText(grant.Id),
                Path = Paths.AdminUserGrant,
                Form = [("subject", $"{person.Subject}"), ("grant", $"{grant.Id}")],
                Button = say["Revoke access"],
                Back = Page(person.Subject),
            }));

    public Task EndGrantAsync(HttpContext http) => gate.ChangeAdminAsync(http, async page =>
    {
        if (Subject(page) is { } subject && Guid.TryParse(page.Parameters["grant"], out var grant)
            && await access.EndGrantAsync(grant, subject, page.Author, page.Context.At))
            await page.Done($"{Page(subject)}&{Notice.Field}={Notice.Ended}");
        else
            await SignedInGate.NotFoundAsync(page);
    });

    public Task ConfirmSessionsAsync(HttpContext http) => gate.ShowAdminAsync(
        http, page => ConfirmAsync(page, async (person, say) => new Confirmation
        {
            Title = say["Sign out everywhere"],
            Question = say.Put("Sign {0} out everywhere?", $"<bdi>{person.Username}</bdi>"),
            Consequence = $"{say["The user is signed out of every browser, and all apps lose access."]}",
            Impact = await ReachAsync(page, person),
            Sql = AccessEdits.SignOutText(person.Subject),
            Path = Paths.AdminUserSessions,
            Form = [("subject", $"{person.Subject}")],
            Button = say["Sign out everywhere"],
            Back = Page(person.Subject),
        }));

    public Task EndSessionsAsync(HttpContext http) => gate.ChangeAdminAsync(http, async page =>
    {
        if (Subject(page) is not { } subject || await users.NameAsync(subject, http.RequestAborted) is null)
        {
            await SignedInGate.NotFoundAsync(page);
            return;
        }

        await sessions.EndEverythingAsync(subject, page.Author, page.Context.At);
        await page.Done($"{Page(subject)}&{Notice.Field}={Notice.Ended}");
    });

    private async Task ChangeAsync(PageRequest page, Func<UserChange, UserChange> change, Func<UserOverview, Task> done)
    {
        if (Subject(page) is not { } subject
            || await users.UserAsync(subject, time.GetUtcNow(), page.Http.RequestAborted) is not { } person)
        {
            await SignedInGate.NotFoundAsync(page);
            return;
        }

        var outcome = UserOutcome.Done;
        var refusal = await Edit.TryAsync(async () =>
            outcome = await users.ChangeAsync(change(new UserChange { Subject = subject, Version = page.Parameters["version"] ?? "" }),
                page.Author, page.Http.RequestAborted));
        await ((refusal, outcome) switch
        {
            ({ } wrong, _) => ShowAsync(page, page.Http.Language().Refusal(wrong)),
            (_, UserOutcome.Done) => done(person),
            (_, UserOutcome.Stale) => ShowAsync(page, ResourceEndpoint.Overtaken(page.Http.Language())),
            (_, UserOutcome.LastAdministrator) =>
                ShowAsync(page, page.Http
                .Language()["This is the last enabled administrator: nobody could enter the administration any more. Nothing was done."]),
            _ => SignedInGate.NotFoundAsync(page),
        });
    }

    private async Task ShowAsync(PageRequest page, string? problem)
    {
        var (now, cancel) = (time.GetUtcNow(), page.Http.RequestAborted);
        if (Subject(page) is not { } subject || await users.UserAsync(subject, now, cancel) is not { } person)
        {
            await SignedInGate.NotFoundAsync(page);
            return;
        }

        await page.Http.UserAsync(page.Antiforgery, page.NavigationOf(Paths.AdminUsers), new UserView
        {
            Person = person,
            Factors = await factors.FindAsync(subject, cancel),
            Grants = await access.GrantsAsync(subject, MostGrants, now, cancel),
            Sessions = await SessionsAsync(subject, cancel),
            Links = await links.ListAsync(subject, now, cancel),
            Events = await users.NameAsync(
                await audit.SearchAsync(new AuditSearch { Subject = subject.ToString(), Limit = MostEvents }, cancel), cancel),
            Companies = await companies.SectionAsync(page, subject),
            Done = problem is null ? page.Parameters[Notice.Field] : null,
            Problem = problem,
        });
    }

    private async Task ConfirmAsync(PageRequest page, Func<UserOverview, Language, Task<Confirmation?>> ask)
    {
        if (Subject(page) is { } subject && await users.UserAsync(subject, time.GetUtcNow(), page.Http.RequestAborted) is { } person
            && await ask(person, page.Http.Language()) is { } danger)
            await page.Http.ConfirmationAsync(page.Antiforgery, page.NavigationOf(Paths.AdminUsers), danger);
        else
            await SignedInGate.NotFoundAsync(page);
    }

    private async Task<Markup[]> ReachAsync(PageRequest page, UserOverview person)
    {
        var (say, cancel) = (page.Http.Language(), page.Http.RequestAborted);
        return
        [
            say.Put("Live grants: {0}", $"<strong>{person.LiveGrants}</strong>"),
            say.Put("Live access tokens, at most: {0}",
                $"<strong>{say.Number(await access.LiveTokensAsync(person.Subject, time.GetUtcNow() - KeyLine.LongestToken, cancel))}</strong>"),
            say.Put("Browsers signed in: {0}", $"<strong>{(await SessionsAsync(person.Subject, cancel)).Count}</strong>"),
        ];
    }

    private Task<List<OwnSessionRow>> SessionsAsync(Guid subject, CancellationToken cancel) =>
        sessions.ListAsync(subject, time.GetUtcNow().AddSeconds(-settings.SessionIdleSeconds), time.GetUtcNow(), cancel);

    private static Task SavedAsync(PageRequest page, UserOverview person) => page.Done(
        $"{Page(person.Subject)}&{Notice.Field}={Notice.Saved}");

    private static Guid? Subject(PageRequest page) => Guid.TryParse(page.Parameters["subject"], out var subject) ? subject : null;

    private static string Page(Guid subject) => $"{Paths.AdminUser}?subject={subject}";

    private static (string Name, string Value)[] Key(UserOverview person) =>
        [("subject", $"{person.Subject}"), ("version", person.Version)];
}
