using System.Globalization;
using OAuthServer.Html;
using OAuthServer.Protocol;
using OAuthServer.Stores.Federation;
using OAuthServer.Stores.Trust;
using OAuthServer.Stores.Users;
using OAuthServer.Trust;

namespace OAuthServer.Admin.Trust;

/// <summary>/admin/trust: issuers, rules, who waits to be linked, and a test; what ends with an issuer or a rule is said first.</summary>
public sealed class TrustEndpoint(
    SignedInGate gate, TrustStore store, TrustEdits edits, TrustTrial trial, IdentityEdits identities, UserEdits users, TimeProvider time)
{
    private static readonly TimeSpan Waiting = TimeSpan.FromDays(7);

    public Task ShowAsync(HttpContext http) => gate.ShowAdminAsync(http, page => ShowAsync(page, null));

    /// <summary>Tries an assertion that was pasted; it is neither kept nor shown again.</summary>
    public Task TestAsync(HttpContext http) => gate.ChangeAdminAsync(http, async page =>
        await ShowAsync(page, await trial.RunAsync(page.Parameters["assertion"] ?? "", http.RequestAborted)));

    public Task ConfirmAsync(HttpContext http) => gate.ShowAdminAsync(http, async page =>
    {
        var (say, cancel) = (http.Language(), http.RequestAborted);
        if (page.Parameters["rule"] is { } text)
        {
            if (Number(text) is not { } id || (await store.RulesAsync(cancel)).Find(one => one.Id == id) is not { } rule)
                await SignedInGate.NotFoundAsync(page);
            else await AskAsync(page, say.Put("Disable rule {0}?", $"{text}"), [say.Put("Client: {0}", $"<bdi>{rule.ClientId}</bdi>")],
                TrustEdits.EnableRuleText(id, false), [("rule", text)]);
        }
        else if (page.Parameters["issuer"] is { } issuer && await edits.ReachAsync(issuer, time.GetUtcNow(), cancel) is { } reach)
        {
            await AskAsync(page, say.Put("Disable {0}?", $"<bdi>{issuer}</bdi>"),
            [
                say.Put("Live grants: {0}", $"<strong>{reach.Grants}</strong>"), say.Put("Users: {0}", $"<strong>{reach.People}</strong>"),
                say.Put("Enabled rules: {0}", $"<strong>{reach.Rules}</strong>"),
                say.Put("Clients that use it: {0}", $"<strong>{reach.Clients}</strong>"),
            ], TrustEdits.EnableText(issuer, false), [("issuer", issuer)]);
        }
        else await SignedInGate.NotFoundAsync(page);
    });

    public Task StateAsync(HttpContext http) => gate.ChangeAdminAsync(http, async page =>
    {
        var (enabled, cancel) = (page.Parameters["enabled"] is not null, http.RequestAborted);
        var done = page.Parameters["rule"] is { } text
            ? Number(text) is { } rule && await edits.EnableRuleAsync(rule, enabled, page.Author, cancel)
            : page.Parameters["issuer"] is { } issuer && await edits.EnableAsync(issuer, enabled, page.Author, cancel);
        if (done) await page.Done(PageUrl.Of(Paths.AdminTrust, (Notice.Field, Notice.Saved)));
        else await SignedInGate.NotFoundAsync(page);
    });

    public Task LinkAsync(HttpContext http) => gate.ChangeAdminAsync(http, async page =>
    {
        var (form, cancel) = (page.Parameters, http.RequestAborted);
        if (form["issuer"] is not { } issuer || form["sub"] is not { } sub
            || await users.FindAsync(form["username"]?.Trim().ToLowerInvariant() ?? "", cancel) is not { } person)
        {
            await SignedInGate.NotFoundAsync(page);
            return;
        }

        var key = new IdentityKey { Issuer = issuer, Tenant = form["tenant"] ?? "", Sub = sub };
        var linked = await identities.LinkAsync(key, person.Subject, page.Author, cancel);
        await page.Done(PageUrl.Of(Paths.AdminTrust, (Notice.Field, linked == LinkOutcome.Done ? Notice.Saved : Notice.LinkedElsewhere)));
    });

    private async Task ShowAsync(PageRequest page, IReadOnlyList<TrialLine>? tried)
    {
        var cancel = page.Http.RequestAborted;
        await page.Http.TrustAsync(page.NavigationOf(Paths.AdminTrust), new TrustView
        {
            Antiforgery = page.Antiforgery,
            Issuers = await store.IssuersAsync(cancel),
            Rules = await store.RulesAsync(cancel),
            Waiting = await edits.WaitingAsync(time.GetUtcNow() - Waiting, cancel),
            Tried = tried,
            Done = page.Parameters[Notice.Field],
        });
    }

    private static Task AskAsync(PageRequest page, Markup question, IReadOnlyList<Markup> impact, string sql, (string, string)[] form)
    {
        var say = page.Http.Language();
        return page.Http.ConfirmationAsync(page.Antiforgery, page.NavigationOf(Paths.AdminTrust), new Confirmation
        {
            Title = say["Disable trust"],
            Question = question,
            Consequence = $"{say["Its assertions are refused, and the tokens that stand on them end. Enabling it again revives none of them."]}",
            Impact = impact,
            Sql = sql,
            Path = Paths.AdminTrustState,
            Form = form,
            Button = say["Disable"],
            Back = Paths.AdminTrust,
        });
    }

    private static long? Number(string text) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
}
