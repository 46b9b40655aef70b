using OAuthServer.Admin.Audit;
using OAuthServer.Admin.Clients;
using OAuthServer.Html;
using OAuthServer.Protocol;
using OAuthServer.Stores.Resources;
using OAuthServer.Stores.Users;

namespace OAuthServer.Admin.Users;

/// <summary>One person with what they have going on.</summary>
public sealed record UserView
{
    public required UserOverview Person { get; init; }

    /// <summary>Null: the person is gone by now.</summary>
    public required FactorsRow? Factors { get; init; }
    public required IReadOnlyList<GrantSummary> Grants { get; init; }
    public required IReadOnlyList<OwnSessionRow> Sessions { get; init; }

    /// <summary>One-time links that work.</summary>
    public required IReadOnlyList<AccountLinkRow> Links { get; init; }
    public required AuditView Events { get; init; }

    /// <summary>The part about companies.</summary>
    public Markup Companies { get; init; }

    /// <summary>The key of a <see cref="Notice"/>, or null.</summary>
    public string? Done { get; init; }

    /// <summary>Why a change was not made, in the page's language; null: none was tried.</summary>
    public string? Problem { get; init; }
}

/// <summary>One person: role, state and password, what they allowed, where they are signed in, what happened lately.</summary>
public static class UserPage
{
    private static string Ways(FactorsRow? has, Language say) => has is null ? "" : string.Join(", ", new[]
    {
        has.HasPassword ? say["password"] : null,
        has.HasCodes ? say["authenticator app"] : null,
        has.Passkeys > 0 ? $"{say["passkeys"]} ({has.Passkeys})" : null,
    }.OfType<string>());

    public static Task UserAsync(this HttpContext http, Markup antiforgery, Navigation frame, UserView view)
    {
        var (settings, say, person) = (http.RequestServices.GetRequiredService<Settings>(), http.Language(), view.Person);
        var key = $"?subject={person.Subject}";
        Markup problem = view.Problem is { } text ? $"""<p class="error" role="alert">{text}</p>""" : Markup.None;
        Markup events = view.Events.Rows.Count == 0
            ? (Markup)$"""<p class="empty">{say["No activity recorded."]}</p>"""
            : $"""
                {AuditRows.Table(view.Events, say["Newest first, times in UTC"], settings, say)}
                <p class="actions"><a class="button small"
                    href="{settings.IssuerPath}{Paths.AdminAudit}?person={Uri.EscapeDataString(person.Username)}">{say["Show all"]}</a></p>
                """;
        return http.PageAsync(view.Problem is null ? 200 : 409, view.Problem is null ? "User" : "Error: User", $"""
            <h1><bdi>{person.Username}</bdi></h1>
            {Notice.Of(view.Done, say)}{problem}
            <dl class="facts">
            <div><dt>{say["Role"]}</dt><dd>{UsersPage.Role(person.Role, say)}</dd></div>
            <div><dt>{say["State"]}</dt><dd>{UsersPage.State(person.Enabled, say)}</dd></div>
            <div><dt>{say["Created"]}</dt><dd>{say.Time(person.CreatedAt)}</dd></div>
            <div><dt>{say["Last sign-in"]}</dt><dd>{(person.LastSignIn is { } at ? say.Time(at) : $"{say["None recorded"]}")}</dd></div>
            <div><dt>{say["Ways to sign in"]}</dt><dd>{Ways(view.Factors, say)}</dd></div>
            <div><dt>{say["Subject"]}</dt><dd><code>{person.Subject.ToString()}</code></dd></div>
            </dl>
            <div class="actions">
            <a class="button" href="{settings.IssuerPath}{Paths.AdminUserProfile}{key}">{say["Edit the profile"]}</a>
            {Role()}
            <a class="button" href="{settings.IssuerPath}{Paths.AdminUserPassword}{key}">{say["New password…"]}</a>
            {Reset()}
            {RemoveFactors()}
            {State()}
            </div>
            <h2>{say["Apps with access"]}</h2>
            {Grants()}
            <h2>{say["Sessions"]}</h2>
            {Sessions()}
            <h2>{say["One-time links"]}</h2>
            {LinksPage.Table(view.Links, antiforgery, person.Subject, settings, say)}
            {view.Companies}
            <h2>{say["Recent activity"]}</h2>
            {events}
            """, frame);

        Markup Hidden() =>
            $"""
                {antiforgery}<input type="hidden" name="subject" value="{person.Subject.ToString()}">
                <input type="hidden" name="version" value="{person.Version}">
                """;

        Markup Role() => person.Role != "admin"
            ? (Markup)$"""<a class="button" href="{settings.IssuerPath}{Paths.AdminUserRole}{key}">{say["Make an administrator…"]}</a>"""
            : $"""
                <form method="post" action="{settings.IssuerPath + Paths.AdminUserRole}">
                {Hidden()}<input type="hidden" name="role" value="user">
                <button type="submit">{say["Remove administrator role"]}</button>
                </form>
                """;

        Markup RemoveFactors() => view.Factors is { HasCodes: false, Passkeys: 0 } or null ? Markup.None
            : $"""<a class="button danger" href="{settings.IssuerPath}{Paths.AdminUserFactors}{key}">{say["Remove second factors…"]}</a>""";

        // Without the version: a link changes nothing of the row.
        Markup Reset()
        {
            if (!person.Enabled) return Markup.None;
            Markup mail = !settings.HasMail ? Markup.None
                : $"""<button type="submit" name="mail" value="yes">{say["Mail a link to a new password"]}</button>""";
            return $"""
                <form method="post" action="{settings.IssuerPath + Paths.AdminUserReset}">
                {antiforgery}<input type="hidden" name="subject" value="{person.Subject.ToString()}">
                <button type="submit">{say["Link to a new password"]}</button>{mail}
                </form>
                """;
        }

        Markup State() => person.Enabled
            ? (Markup)$"""<a class="button danger" href="{settings.IssuerPath}{Paths.AdminUserState}{key}">{say["Disable…"]}</a>"""
            : $"""
                <form method="post" action="{settings.IssuerPath + Paths.AdminUserState}">
                {Hidden()}<input type="hidden" name="enabled" value="yes">
                <button type="submit">{say["Enable"]}</button>
                </form>
                """;

        Markup Grants() => view.Grants.Count == 0 ? (Markup)$"""<p class="empty">{say["No app has access."]}</p>""" : $"""
            <table>
            <caption>{say["Live grants, newest first"]}</caption>
            <thead><tr><th scope="col">{say["Client"]}</th><th scope="col">{say["Access"]}</th><th scope="col">{say["Allowed on"]}</th>
                <th scope="col">{say["Last used"]}</th><th scope="col">{say["Expires"]}</th>
                <th scope="col">{say["Action"]}</th></tr></thead>
            <tbody>
            {view.Grants.Select(Grant)}
            </tbody>
            </table>
            <p class="actions"><a class="button small" href="{settings.IssuerPath}{Paths.AdminGrants}?person={Uri.EscapeDataString(
                person.Username)}">{say["Show and revoke grants"]}</a></p>
            """;

        Markup Grant(GrantSummary grant)
        {
            Markup offline = grant.Offline ? $"""<span class="mark">{say["Offline access"]}</span>""" : Markup.None;
            return $"""
                <tr>
                <th scope="row"><a
                    href="{settings.IssuerPath + ClientText.At(grant.ClientId)}"><bdi>{say.App(grant.ClientName)}</bdi></a></th>
                <td data-label="{say["Access"]}"><code>{Scope.Join(grant.Scope)}</code>
                    {offline}<span class="url"><bdi>{string.Join(' ', grant.Resources)}</bdi></span></td>
                <td data-label="{say["Allowed on"]}">{say.Time(grant.CreatedAt)}</td>
                <td data-label="{say["Last used"]}">{(grant.LastUsedAt is { } used ? say.Time(used) : $"{say["Not used yet"]}")}</td>
                <td data-label="{say["Expires"]}">{say.Time(grant.ExpiresAt)}</td>
                <td><a class="button small danger" href="{settings.IssuerPath}{Paths.AdminUserGrant}{key}&amp;grant={grant.Id.ToString()}"
                    aria-label="{say.Put("Revoke the access of {0}", $"{say.App(grant.ClientName)}")}">{say["Revoke…"]}</a></td>
                </tr>
                """;
        }

        Markup Sessions() => view.Sessions.Count == 0 ? (Markup)$"""<p class="empty">{say["Not signed in anywhere."]}</p>""" : $"""
            <table>
            <caption>{say["Browsers, last seen first"]}</caption>
            <thead><tr><th scope="col">{say["Browser"]}</th><th scope="col">{say["IP address"]}</th>
                <th scope="col">{say["Signed in"]}</th><th scope="col">{say["Last seen"]}</th></tr></thead>
            <tbody>
            {view.Sessions.Select(Session)}
            </tbody>
            </table>
            <p class="actions"><a class="button danger"
                href="{settings.IssuerPath}{Paths.AdminUserSessions}{key}">{say["Sign out everywhere…"]}</a></p>
            """;

        Markup Session(OwnSessionRow session) => $"""
            <tr>
            <th scope="row">{BrowserNames.Say(session.UserAgent, say)}{BrowserNames.Folded(session.UserAgent, say)}</th>
            <td data-label="{say["IP address"]}"><code>{session.Address}</code></td>
            <td data-label="{say["Signed in"]}">{say.Time(session.AuthenticatedAt)}</td>
            <td data-label="{say["Last seen"]}">{say.Time(session.LastSeenAt)}</td>
            </tr>
            """;
    }
}
