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

    public Task ConfirmAsync(HttpContext http) => AskAsync(http, new Act
    {
        Path = Paths.AdminTrustState,
        Title = "Disable trust",
        Button = "Disable",
        OfRule = "Disable rule {0}?",
        OfIssuer = "Disable {0}?",
        Consequence = "Its assertions are refused, and the tokens that stand on them end. Enabling it again revives none of them.",
        RuleSql = id => TrustEdits.EnableRuleText(id, false),
        IssuerSql = issuer => TrustEdits.EnableText(issuer, false),
    });

    public Task ConfirmDeleteAsync(HttpContext http) => AskAsync(http, new Act
    {
        Path = Paths.AdminTrustDelete,
        Title = "Delete trust",
        Button = "Delete",
        OfRule = "Delete rule {0}?",
        OfIssuer = "Delete {0}?",
        Consequence = "Its assertions are refused, and the tokens that stand on them end. An issuer takes its rules along; identities stay, and count again when it is trusted anew.",
        RuleSql = TrustEdits.DeleteRuleText,
        IssuerSql = TrustEdits.DeleteText,
    });

    public Task DeleteAsync(HttpContext http) => gate.ChangeAdminAsync(http, async page =>
    {
        var cancel = http.RequestAborted;
        var done = page.Parameters["rule"] is { } text
            ? Number(text) is { } rule && await edits.DeleteRuleAsync(rule, page.Author, cancel)
            : page.Parameters["issuer"] is { } issuer && await edits.DeleteAsync(issuer, page.Author, cancel);
        if (done) await page.Done(PageUrl.Of(Paths.AdminTrust, (Notice.Field, Notice.Deleted)));
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

    // What is asked about an issuer or a rule; texts in English.
    private sealed record Act
    {
        public required string Path { get; init; }
        public required string Title { get; init; }
        public required string Button { get; init; }
        public required string OfRule { get; init; }
        public required string OfIssuer { get; init; }
        public required string Consequence { get; init; }
        public required Func<long, string> RuleSql { get; init; }
        public required Func<string, string> IssuerSql { get; init; }
    }

    private Task AskAsync(HttpContext http, Act act) => gate.ShowAdminAsync(http, async page =>
    {
        var (say, cancel) = (http.Language(), http.RequestAborted);
        if (page.Parameters["rule"] is { } text && Number(text) is { } id && await edits.RuleAsync(id, cancel) is { } rule)
            await AskAsync(page, act, say.Put(act.OfRule, $"{text}"),
            [
                say.Put("Client: {0}", $"<bdi>{rule.ClientId}</bdi>"), say.Put("Issuer: {0}", $"<bdi dir=\"ltr\">{rule.Issuer}</bdi>"),
            ], act.RuleSql(id), ("rule", text));
        else if (page.Parameters["issuer"] is { } issuer && await edits.ReachAsync(issuer, time.GetUtcNow(), cancel) is { } reach)
            await AskAsync(page, act, say.Put(act.OfIssuer, $"<bdi>{issuer}</bdi>"),
            [
                say.Put("Live grants: {0}", $"<strong>{reach.Grants}</strong>"), say.Put("Users: {0}", $"<strong>{reach.People}</strong>"),
                say.Put("Enabled rules: {0}", $"<strong>{reach.Rules}</strong>"),
                say.Put("Clients that use it: {0}", $"<strong>{reach.Clients}</strong>"),
                say.Put("Identities of its issuer: {0}", $"<strong>{reach.Identities}</strong>"),
            ], act.IssuerSql(issuer), ("issuer", issuer));
        else await SignedInGate.NotFoundAsync(page);
    });

    private static Task AskAsync(PageRequest page, Act act, Markup question, IReadOnlyList<Markup> impact, string sql, (string, string) key)
    {
        var say = page.Http.Language();
        return page.Http.ConfirmationAsync(page.Antiforgery, page.NavigationOf(Paths.AdminTrust), new Confirmation
        {
            Title = say[act.Title],
            Question = question,
            Consequence = $"{say[act.Consequence]}",
            Impact = impact,
            Sql = sql,
            Path = act.Path,
            Form = [key],
            Button = say[act.Button],
            Back = Paths.AdminTrust,
        });
    }

    private static long? Number(string text) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
}
