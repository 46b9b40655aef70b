using OAuthServer.Admin.Resources;
using OAuthServer.Federation;
using OAuthServer.Html;
using OAuthServer.Protocol;
using OAuthServer.Stores.Federation;
using OAuthServer.Stores.Postgres;

namespace OAuthServer.Admin.Providers;

/// <summary>/admin/providers lists companies; /admin/provider adds and edits one.</summary>
public sealed class ProvidersEndpoint(SignedInGate gate, ProviderStates states, ProviderStore store, ProviderEdits edits)
{
    public Task ListAsync(HttpContext http) => gate.ShowAdminAsync(http, async page => await http.ProvidersAsync(
        page.NavigationOf(Paths.AdminProviders), await states.ReadAsync(http.RequestAborted), page.Parameters[Notice.Field]));

    public Task OpenAsync(HttpContext http) => gate.ShowAdminAsync(http, async page =>
    {
        if (page.Parameters["id"] is not { } id)
            await ShowAsync(page, new RowForm { Key = null, Version = null, Values = New }, null, null);
        else if (await store.FindAsync(id, http.RequestAborted) is { } row) await ShowAsync(page, FormOf(row), row,
            page.Parameters[Notice.Field]);
        else await SignedInGate.NotFoundAsync(page);
    });

    public Task SaveAsync(HttpContext http) => gate.ChangeAdminAsync(http, async page =>
    {
        var (parameters, cancel, key) = (page.Parameters, http.RequestAborted, page.Parameters["key"]);
        var before = key is null ? ProviderForm.New : await store.FindAsync(key, cancel);
        if (before is null)
        {
            await SignedInGate.NotFoundAsync(page);
            return;
        }

        var problems = new Dictionary<string, string>();
        var row = ProviderForm.Read(parameters, before, http.Language(), problems) with
        {
            Id = key ?? parameters["id"]?.Trim() ?? "",
            Version = parameters["version"] ?? "",
        };
        var edit = ProviderForm.Edit(row, before, write: problems.Count == 0);
        var judged = key is null ? await edits.AddAsync(edit, page.Author, cancel) : await edits.SaveAsync(edit, page.Author, cancel);
        problems.Add(judged.Refusals, http.Language());
        if (judged.Outcome == EditOutcome.Taken) problems.TryAdd("id", http.Language()["There is already a company with this id."]);
        var form = new RowForm { Key = key, Version = parameters["version"], Values = name => parameters[name], Problems = problems };
        if (problems.Count > 0) await ShowAsync(page, form, key is null ? null : before, null);
        else if (judged.Outcome == EditOutcome.Done)
            await page.Done(PageUrl.Of(Paths.AdminProvider, ("id", row.Id), (Notice.Field, Notice.Saved)));
        else if (judged.Outcome == EditOutcome.Stale && await store.FindAsync(row.Id, cancel) is { } now)
            await ShowAsync(page, form with { Version = now.Version, Meanwhile = FormOf(now).Values }, now, null);
        else await SignedInGate.NotFoundAsync(page);
    });

    /// <summary>The form as the row stands.</summary>
    internal static RowForm FormOf(ProviderRow row) =>
        new() { Key = row.Id, Version = row.Version, Values = name => ProviderForm.Value(row, name) };

    private static string? New(string name) =>
        name is "id" or "label" or "issuer" or "client_id" ? null : ProviderForm.Value(ProviderForm.New, name);

    private async Task ShowAsync(PageRequest page, RowForm form, ProviderRow? row, string? done) => await page.Http.ProviderAsync(
        page.Antiforgery, page.NavigationOf(Paths.AdminProviders), form, new ProviderView
        {
            State = row is null ? null : await states.OfAsync(new Provider(row), page.Http.RequestAborted),
            Done = done,
        });
}
