using OAuthServer.Admin.Clients;
using OAuthServer.Admin.Resources;
using OAuthServer.Html;
using OAuthServer.Protocol;
using OAuthServer.Stores.Postgres;
using OAuthServer.Stores.Trust;

namespace OAuthServer.Admin.Trust;

/// <summary>/admin/trust/issuer adds and edits a trusted issuer; the rules are the table's triggers.</summary>
public sealed class IssuerEndpoint(SignedInGate gate, TrustEdits edits, Settings settings, TimeProvider time)
{
    private static readonly EditRefusal Own =
        new("This server does not trust itself as somebody else", "Tokens of this server are exchanged, not asserted.");

    public Task OpenAsync(HttpContext http) => gate.ShowAdminAsync(http, async page =>
    {
        if (page.Parameters["issuer"] is not { } issuer)
            await ShowAsync(page, new RowForm { Key = null, Version = null, Values = name => name is "kind" ? "workload" : null }, null);
        else if (await edits.IssuerAsync(issuer, http.RequestAborted) is { } row) await ShowAsync(page, FormOf(row), row);
        else await SignedInGate.NotFoundAsync(page);
    });

    public Task SaveAsync(HttpContext http) => gate.ChangeAdminAsync(http, async page =>
    {
        var (typed, cancel, key) = (page.Parameters, http.RequestAborted, page.Parameters["key"]);
        var before = key is null ? IssuerForm.New : await edits.IssuerAsync(key, cancel);
        if (before is null)
        {
            await SignedInGate.NotFoundAsync(page);
            return;
        }

        var problems = new Dictionary<string, string>();
        var row = IssuerForm.Read(typed, before, http.Language(), problems) with
        {
            Issuer = key ?? typed["issuer"]?.Trim() ?? "",
            Version = typed["version"] ?? "",
        };
        // The table knows it once assertions were looked at.
        if (row.Issuer == settings.Issuer) problems["issuer"] = http.Language().Refusal(Own);
        var edit = IssuerForm.Edit(row, before, write: problems.Count == 0);
        var judged = await (key is null ? edits.AddAsync(edit, page.Author, cancel) : edits.SaveAsync(edit, page.Author, cancel));
        problems.Add(judged.Refusals, http.Language());
        if (judged.Outcome == EditOutcome.Taken) problems.TryAdd("issuer", http.Language()["This issuer is trusted already."]);
        var form = new RowForm { Key = key, Version = typed["version"], Values = name => typed[name], Problems = problems };
        if (problems.Count > 0) await ShowAsync(page, form, key is null ? null : before);
        else if (judged.Outcome == EditOutcome.Done)
            await page.Done(PageUrl.Of(Paths.AdminTrustIssuer, ("issuer", row.Issuer), (Notice.Field, Notice.Saved)));
        else if (judged.Outcome == EditOutcome.Stale && await edits.IssuerAsync(row.Issuer, cancel) is { } now)
            await ShowAsync(page, form with { Version = now.Version, Meanwhile = FormOf(now).Values }, now);
        else await SignedInGate.NotFoundAsync(page);
    });

    private static RowForm FormOf(IssuerRow row) =>
        new() { Key = row.Issuer, Version = row.Version, Values = name => IssuerForm.Value(row, name) };

    private async Task ShowAsync(PageRequest page, RowForm form, IssuerRow? row) => await page.Http.IssuerAsync(
        page.Antiforgery, page.NavigationOf(Paths.AdminTrust), form, row,
        row is null ? null : await edits.ReachAsync(row.Issuer, time.GetUtcNow(), page.Http.RequestAborted),
        form.Status == 200 ? page.Parameters[Notice.Field] : null);
}
