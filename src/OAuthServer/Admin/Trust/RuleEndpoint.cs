using System.Globalization;
using OAuthServer.Admin.Resources;
using OAuthServer.Html;
using OAuthServer.Protocol;
using OAuthServer.Stores.Postgres;
using OAuthServer.Stores.Trust;

namespace OAuthServer.Admin.Trust;

/// <summary>/admin/trust/rule adds and edits a rule of workloads; the rules for it are the table's triggers.</summary>
public sealed class RuleEndpoint(SignedInGate gate, TrustStore store, TrustEdits edits)
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
        var (typed, cancel, key) = (page.Parameters, http.RequestAborted, page.Parameters["key"]);
        var before = key is null ? RuleForm.New : await FindAsync(key, cancel);
        if (before is null)
        {
            await SignedInGate.NotFoundAsync(page);
            return;
        }

        var problems = new Dictionary<string, string>();
        var edit = RuleForm.Edit(RuleForm.Read(typed, before, http.Language(), problems), write: problems.Count == 0);
        var judged = await (key is null ? edits.AddRuleAsync(edit, page.Author, cancel) : edits.SaveRuleAsync(edit, page.Author, cancel));
        // The foreign key of a client that is not there says again what stands at its field.
        problems.Add(judged.Refusals.Where(one => one.Column is not null || judged.Refusals.Count == 1), http.Language());
        var form = new RowForm { Key = key, Version = typed["version"], Values = name => typed[name], Problems = problems };
        if (problems.Count > 0) await ShowAsync(page, form, key is null ? null : before);
        else if (judged.Outcome == EditOutcome.Done) await page.Done(PageUrl.Of(Paths.AdminTrust, (Notice.Field, Notice.Saved)));
        else if (judged.Outcome == EditOutcome.Stale && await FindAsync(key!, cancel) is { } now)
            await ShowAsync(page, form with { Version = now.Version, Meanwhile = FormOf(now).Values }, now);
        else await SignedInGate.NotFoundAsync(page);
    });

    private static RowForm FormOf(RuleRow row) =>
        new() { Key = $"{row.Id}", Version = row.Version, Values = name => RuleForm.Value(row, name) };

    private async Task<RuleRow?> FindAsync(string number, CancellationToken cancel) =>
        long.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var id) ? await edits.RuleAsync(id, cancel) : null;

    private async Task ShowAsync(PageRequest page, RowForm form, RuleRow? row)
    {
        // A rule's own one, too, whatever it is by now: a form that lacks it would move the rule to another.
        var issuers = (await store.IssuersAsync(page.Http.RequestAborted))
            .Where(one => one.Kind == "workload" || one.Issuer == row?.Issuer).ToList();
        await page.Http.RuleAsync(page.Antiforgery, page.NavigationOf(Paths.AdminTrust), form, issuers, row,
            form.Status == 200 ? page.Parameters[Notice.Field] : null);
    }
}
