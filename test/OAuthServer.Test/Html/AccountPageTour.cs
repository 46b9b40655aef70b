using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Html;

/// <summary>What somebody sees who is asked by an app, and who looks after what they allowed.</summary>
public static class AccountPageTour
{
    private const string Everything = "notes:read notes:write notes:delete offline_access";

    public static IReadOnlyList<PageCase> Cases { get; } =
    [
        new("sign in", PageViewer.Nobody, Paths.Login, one => one.AskedByAsync(one.PageFixture.App)),
        new("sign in, nobody asked", PageViewer.Nobody, Paths.Login, one => one.OpenAsync(Paths.Login)),
        new("sign in, hinted", PageViewer.Nobody, Paths.Login, one =>
            one.AskedByAsync(one.PageFixture.Stranger, ("login_hint", "alice@example.com"))),
        new("sign in, wrong password", PageViewer.Nobody, Paths.Login, async one =>
        {
            await one.AskedByAsync(one.PageFixture.App);
            await one.SignInAsync("somebody", "not the password");
        }, 401),
        new("sign in, too often", PageViewer.Nobody, Paths.Login, one => one.MistypeTooOftenAsync(), 429),
        new("connected apps, none yet", PageViewer.Alice, Paths.ConnectedApps, one => one.OpenAsync(Paths.ConnectedApps)),
        new("consent", PageViewer.Alice, Paths.Consent, one => one.AskedByAsync(one.PageFixture.App, ("scope", Everything))),
        new("consent, a stranger on this computer", PageViewer.Alice, Paths.Consent, one =>
            one.AskedByAsync(one.PageFixture.Stranger, ("scope", "notes:read notes:delete"))),
        new("consent, an app known by its document", PageViewer.Alice, Paths.Consent, one =>
            one.AskedByAsync(one.PageFixture.Document, ("scope", Everything))),
        new("consent, only reading", PageViewer.Alice, Paths.Consent, async one =>
        {
            await one.AskedByAsync(one.PageFixture.App, ("scope", Everything));
            await one.PressAsync("a[href*='only=read']");
        }),
        new("consent, more than last time", PageViewer.Alice, Paths.Consent, async one =>
        {
            await one.AskedByAsync(one.PageFixture.Stranger);
            await one.PressAsync("button[value=allow]");
            await one.AskedByAsync(one.PageFixture.Stranger, ("scope", Everything));
        }),
        new("consent, nothing chosen", PageViewer.Mallory, Paths.Consent, async one =>
        {
            await one.AskedByAsync(one.PageFixture.App);
            foreach (var box in await one.Page.Locator("input[type=checkbox]").AllAsync()) await box.UncheckAsync();
            await one.PressAsync("button[value=allow]");
        }, 400),
        new("device", PageViewer.Alice, Paths.Device, one => one.OpenAsync(Paths.Device)),
        new("device, by the complete address", PageViewer.Alice, Paths.Device, one =>
            one.OpenAsync($"{Paths.Device}?user_code=BCDF-GHJK")),
        new("device, a wrong code", PageViewer.Alice, Paths.Device, one => one.TypeCodeAsync("BCDF-GHJK"), 400),
        new("device, too many wrong codes", PageViewer.Mallory, Paths.Device, async one =>
        {
            for (var i = 0; i < 6; i++) await one.TypeCodeAsync("BCDF-GHJK");
        }, 429),
        new("device, consent", PageViewer.Alice, Paths.Consent, async one => await one.TypeCodeAsync(await one.DeviceCodeAsync())),
        new("device, allowed", PageViewer.Alice, Paths.DeviceDone, async one =>
        {
            await one.TypeCodeAsync(await one.DeviceCodeAsync());
            await one.PressAsync("button[value=allow]");
        }),
        new("device, denied", PageViewer.Alice, Paths.DeviceDone, async one =>
        {
            await one.TypeCodeAsync(await one.DeviceCodeAsync());
            await one.PressAsync("button[value=deny]");
        }),
        new("switch account", PageViewer.Alice, Paths.Login, async one =>
        {
            await one.AskedByAsync(one.PageFixture.App);
            await one.PressAsync("a[href*=switch]");
        }),
        new("connected apps, one", PageViewer.Alice, Paths.ConnectedApps, async one =>
        {
            await one.ConnectAsync(Everything);
            await one.OpenAsync(Paths.ConnectedApps);
        }),
        new("connected apps, all to be revoked", PageViewer.Alice, Paths.RevokeAll, async one =>
        {
            await one.ConnectAsync(Everything);
            await one.OpenAsync(Paths.RevokeAll);
        }),
        new("connected apps, one revoked", PageViewer.Alice, Paths.ConnectedApps, async one =>
        {
            await one.ConnectAsync("notes:read");
            await one.OpenAsync(Paths.ConnectedApps);
            await one.PressAsync("button[name=grant]");
        }),
        new("connected apps, one unfolded", PageViewer.Alice, Paths.ConnectedApps, async one =>
        {
            await one.ConnectAsync(Everything);
            await one.OpenAsync(Paths.ConnectedApps);
            await one.Page.Locator("main summary").First.ClickAsync();
        }),
        new("connected apps, one with agents, unfolded", PageViewer.Alice, Paths.ConnectedApps, async one =>
        {
            await one.ConnectAsync("notes:read");
            await AgentsAsync(one);
            await one.OpenAsync(Paths.ConnectedApps);
            await one.Page.Locator("main summary").First.ClickAsync();
        }),
        new("connected apps, one allowed three times, unfolded", PageViewer.Alice, Paths.ConnectedApps, async one =>
        {
            for (var times = 0; times < 3; times++) await one.ConnectAsync(Everything);
            await one.OpenAsync(Paths.ConnectedApps);
            await one.Page.Locator("main summary").First.ClickAsync();
        }),
        new("security", PageViewer.Alice, Paths.Sessions, one => one.OpenAsync(Paths.Sessions)),
        new("sign out everywhere", PageViewer.Alice, Paths.SignOutEverywhere, async one =>
        {
            await one.OpenAsync(Paths.Sessions);
            await one.PressAsync($"main a[href$='{Paths.SignOutEverywhere}']");
        }),
        new("account", PageViewer.Alice, Paths.Account, one => one.OpenAsync(Paths.Account)),
        new("passkeys, none yet", PageViewer.Alice, Paths.Passkeys, one => one.OpenAsync(Paths.Passkeys)),
        new("passkeys, two", PageViewer.Alice, Paths.Passkeys, async one =>
        {
            await one.PageFixture.Server.ExecuteAsync("""
                insert into passkeys (id, subject, public_key, sign_count, name, created_at, last_used_at)
                values (decode(md5(@Subject::text), 'hex'), @Subject, 'x', 0, 'My phone', now(), now()),
                       (decode(md5(@Username), 'hex'), @Subject, 'x', 0, 'The key on my key ring', now(), null)
                """, one.Person);
            await one.OpenAsync(Paths.Passkeys);
        }),
        new("second factor, none yet", PageViewer.Alice, Paths.SecondFactor, one => one.OpenAsync(Paths.SecondFactor)),
        new("authenticator app, being added", PageViewer.Alice, Paths.SecondFactor, async one =>
        {
            await one.OpenAsync(Paths.SecondFactor);
            await one.PressAsync("main form button");
        }),
        new("recovery codes", PageViewer.Alice, Paths.SecondFactor, one => one.AddAppAsync()),
        new("second factor", PageViewer.Alice, Paths.SecondFactor, async one =>
        {
            await one.AddAppAsync();
            await one.OpenAsync(Paths.SecondFactor);
        }),
        new("sign in, the code", PageViewer.Alice, Paths.LoginCode, async one =>
        {
            await one.AddAppAsync();
            await one.OpenAsync($"{Paths.Login}?switch=1");
            await one.SignInAsync();
        }),
        new("sign in, a wrong recovery code", PageViewer.Alice, Paths.LoginCode, async one =>
        {
            await one.AddAppAsync();
            await one.OpenAsync($"{Paths.Login}?switch=1");
            await one.SignInAsync();
            await one.PressAsync("main a[href*=recovery]");
            await one.Page.FillAsync("input[name=code]", "AAAA-BBBB-CCCC-DDDD");
            await one.PressAsync("main form button");
        }, 401),
        new("account, to be deleted", PageViewer.Alice, Paths.AccountDelete, one => one.OpenAsync(Paths.AccountDelete)),
        new("account, to be deleted, with another name", PageViewer.Mallory, Paths.AccountDelete, async one =>
        {
            await one.OpenAsync(Paths.AccountDelete);
            await one.TypeAsync("main [name=confirm]", "alice");
            await one.PressAsync("main form button");
        }, 409),
        new("invitation", PageViewer.Nobody, Paths.AccountLink, one => InvitedAsync(one)),
        new("invitation, a password too short", PageViewer.Nobody, Paths.AccountLink, async one =>
        {
            await InvitedAsync(one);
            foreach (var field in await one.Page.Locator("main input[type=password]").AllAsync()) await field.FillAsync("short");
            await one.PressAsync("main form button");
        }, 400),
        new("invitation, for somebody else", PageViewer.Mallory, Paths.AccountLink, one => InvitedAsync(one)),
        new("link that no longer works", PageViewer.Nobody, Paths.AccountLink, one => one.OpenAsync($"{Paths.AccountLink}?t=gone"), 404),
        new("forgotten password", PageViewer.Nobody, Paths.ForgottenPassword, one => one.OpenAsync(Paths.ForgottenPassword)),
        new("password", PageViewer.Alice, Paths.Password, one => one.OpenAsync(Paths.Password)),
        new("password, the old one wrong", PageViewer.Mallory, Paths.Password, async one =>
        {
            await one.OpenAsync(Paths.Password);
            foreach (var field in await one.Page.Locator("main input[type=password]").AllAsync())
                await field.FillAsync("not the old password");
            await one.PressAsync("main form button");
        }, 400),
        new("sign out", PageViewer.Alice, Paths.Logout, async one =>
        {
            await one.OpenAsync(Paths.ConnectedApps);
            await one.PressAsync($"a[href$='{Paths.Logout}']");
        }),
        new("signed out", PageViewer.Mallory, Paths.Logout, async one =>
        {
            await one.OpenAsync(Paths.Logout);
            await one.PressAsync("main button");
        }),
        new("sign out, on an app's request", PageViewer.Alice, Paths.EndSession, one => one.OpenAsync(Paths.EndSession)),
        new("error, no way out", PageViewer.Alice, Paths.EndSession, one =>
            one.OpenAsync($"{Paths.EndSession}?client_id=nobody&post_logout_redirect_uri=https%3A%2F%2Fevil.example%2F"), 400),
        new("error codes", PageViewer.Nobody, Paths.Errors, one => one.OpenAsync(Paths.Errors)),
        new("error, unknown app", PageViewer.Nobody, Paths.Authorize, one => one.OpenAsync($"{Paths.Authorize}?client_id=nobody"), 400),
        new("error, with a way back", PageViewer.Alice, Paths.Authorize, one =>
            one.AskedByAsync(one.PageFixture.Stranger, ("scope", "bogus")), 400),
        new("error, a request long gone", PageViewer.Alice, Paths.Consent, one => one.OpenAsync($"{Paths.Consent}?request=gone"), 400),
        new("no such page", PageViewer.Nobody, "/nowhere", one => one.OpenAsync("/nowhere"), 404),
    ];

    private static async Task InvitedAsync(BrowserSession one)
    {
        var token = Guid.NewGuid().ToString("N");
        await one.PageFixture.Server.ExecuteAsync("""
            insert into account_links (kind, token_hash, username, role, expires_at)
            values ('invitation', sha256(convert_to(@token, 'UTF8')), 'ada-' || @token, 'user', now() + interval '1 day')
            """, new { token });
        await one.OpenAsync($"{Paths.AccountLink}?t={token}");
    }

    // One agent acts with her grant, one was cut, and one may act.
    private static Task AgentsAsync(BrowserSession one) => one.PageFixture.Server.ExecuteAsync(
        """
        with rules as (
            insert into exchange_rules (id, actor, from_resource, resource, scopes)
            select gen_random_uuid(), @Id, @Notes, @Notes, '{notes:read}' from generate_series(1, 3) returning id, actor, resource, scopes
        ), numbered as (
            select *, row_number() over (order by id) as number from rules
        ), allowed as (
            update grants set onward = (
                select jsonb_agg(jsonb_build_object('rule', id, 'actor', actor, 'resource', resource, 'scopes', scopes)) from numbered)
             where subject = @Subject and ended_at is null returning id, client_id
        )
        insert into delegations (id, grant_id, client_id, rule_id, actor, resource, scope, depth, created_at, last_used_at, ended_at,
                                 ended_reason)
        select gen_random_uuid(), allowed.id, allowed.client_id, numbered.id, actor, resource, scopes, 1, now(), now(),
               case number when 2 then now() end, case number when 2 then 'cut' end
          from numbered, allowed where number < 3
        """, new { one.PageFixture.Machine.Id, Cast.Notes, one.Person!.Subject });
}
