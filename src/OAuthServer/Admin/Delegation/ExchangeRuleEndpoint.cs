using OAuthServer.Admin.Resources;
using OAuthServer.Html;
using OAuthServer.Protocol;
using OAuthServer.Stores.Grants;
using OAuthServer.Stores.Postgres;
using OAuthServer.Stores.Resources;

namespace OAuthServer.Admin.Delegation;

/// <summary>/admin/delegation/rule adds and edits a rule of token exchange; the rules for it are the table's triggers.</summary>
public sealed class ExchangeRuleEndpoint(
    SignedInGate gate, ExchangeRuleStore rules, ExchangeRuleEdits edits, ResourceStore resources, TimeProvider time)
{
    public Task OpenAsync(HttpContext http) => gate.ShowAdminAsync(http, async page =>
    {
        if (page.Parameters["rule"] is not { } rule)
            await ShowAsync(page, new RowForm { Key = null, Version = null, Values = _ => null }, null);
        else if (await FindAsync(rule, http.RequestAborted) is { } row) await ShowAsync(page, FormOf(row), row);
        else await SignedInGate.NotFoundAsync(page);
    });

    public Task SaveAsync(HttpContext http) => gate.ChangeAdminAsync(http, async page =>
    {
        var (typed, cancel, say, key) = (page.Parameters, http.RequestAborted, http.Language(), page.Parameters["key"]);
        var before = key is null ? null : await FindAsync(key, cancel);
        if (key is not null && before is null)
        {
            await SignedInGate.NotFoundAsync(page);
            return;
        }

        var row = ExchangeRulePage.Read(typed, before is null ? null : ExchangeRuleForm.Of(before),
            before?.Id ?? Guid.CreateVersion7(time.GetUtcNow()), say);
        var edit = new RowEdit<ExchangeRuleForm> { Row = row, Restore = ExchangeRulePage.Restore };
        var judged = await (before is null ? edits.AddAsync(edit, page.Author, cancel) : edits.SaveAsync(edit, page.Author, cancel));
        var problems = new Dictionary<string, string>();
        problems.Add(judged.Refusals.Select(one => one.Column == "resource" ? one with { Column = ExchangeRulePage.Target } : one), say);
        var form = new RowForm { Key = key, Version = typed["version"], Values = name => typed[name], Problems = problems };
        if (problems.Count > 0) await ShowAsync(page, form, before);
        else if (judged.Outcome == EditOutcome.Done) await page.Done(PageUrl.Of(Paths.AdminDelegation, (Notice.Field, Notice.Saved)));
        else if (judged.Outcome == EditOutcome.Stale && await FindAsync(key!, cancel) is { } now)
            await ShowAsync(page, form with { Version = now.Version, Meanwhile = FormOf(now).Values }, now);
        else await SignedInGate.NotFoundAsync(page);
    });

    private static RowForm FormOf(ExchangeRuleRow row) => new()
    {
        Key = $"{row.Id}",
        Version = row.Version,
        Values = name => ExchangeRulePage.Value(ExchangeRuleForm.Of(row), name),
    };

    private async Task<ExchangeRuleRow?> FindAsync(string text, CancellationToken cancel) =>
        Guid.TryParse(text, out var id) ? await rules.FindAsync(id, cancel) : null;

    private async Task ShowAsync(PageRequest page, RowForm form, ExchangeRuleRow? rule)
    {
        var cancel = page.Http.RequestAborted;
        await page.Http.ExchangeRuleAsync(page.Antiforgery, page.NavigationOf(Paths.AdminDelegation), form,
            [.. (await resources.ResourcesAsync(cancel)).Select(one => one.Uri)], rule,
            rule is null ? null : await edits.ReachAsync(rule.Id, time.GetUtcNow(), cancel));
    }
}
