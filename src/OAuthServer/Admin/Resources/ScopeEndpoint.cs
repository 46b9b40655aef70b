using OAuthServer.Admin.Clients;
using OAuthServer.Html;
using OAuthServer.Protocol;
using OAuthServer.Stores.Postgres;
using OAuthServer.Stores.Resources;

namespace OAuthServer.Admin.Resources;

/// <summary>/admin/scope adds, edits and deletes a scope with the words people read of it.</summary>
public sealed class ScopeEndpoint(SignedInGate gate, ScopeEdits edits, ResourceStore store, TimeProvider time)
{
    public Task OpenAsync(HttpContext http) => gate.ShowAdminAsync(http, async page =>
    {
        // Of a new one: what harms least, and optional as most are.
        if (page.Parameters["name"] is not { } name)
            await ShowAsync(page, new RowForm { Key = null, Version = null, Values = field => field is "optional" ? "yes" : null });
        else if (await ReadAsync(name, http.RequestAborted) is not var (row, values)) await SignedInGate.NotFoundAsync(page);
        else await ShowAsync(page, new RowForm { Key = name, Version = row.Version, Values = values });
    });

    public Task SaveAsync(HttpContext http) => gate.ChangeAdminAsync(http, async page =>
    {
        var (parameters, cancel, key) = (page.Parameters, http.RequestAborted, page.Parameters["key"]);
        var row = new ScopeForm
        {
            Name = key ?? parameters["name"]?.Trim() ?? "",
            Resource = parameters[ScopePage.Resource],
            Access = parameters["access"] ?? "",
            Open = parameters["open"] is not null,
            Sensitive = parameters["sensitive"] is not null,
            Optional = parameters["optional"] is not null,
            Version = parameters["version"] ?? "",
        };
        var form = new RowForm { Key = key, Version = parameters["version"], Values = name => parameters[name] };
        var edit = new RowEdit<ScopeForm> { Row = row, Restore = Restore };
        var judged =
            await (key is null ? edits.AddAsync(edit, parameters.WordsPerLanguage(), page.Author, cancel)
            : edits.SaveAsync(edit, parameters.WordsPerLanguage(), page.Author, cancel));
        var problems = new Dictionary<string, string>();
        problems.Add(judged.Refusals.Select(one => one.Column == "resource" ? one with { Column = ScopePage.Resource } : one),
            http.Language());
        if (judged.Outcome == EditOutcome.Taken) problems.TryAdd("name", http.Language()["There is already a scope with this name."]);
        if (problems.Count > 0)
            await ShowAsync(page, form with { Problems = problems });
        else if (judged.Outcome == EditOutcome.Done)
            await page.Done($"{Paths.AdminResources}?{Notice.Field}={Notice.Saved}");
        else if (await ReadAsync(row.Name, cancel) is var (now, values))
            await ShowAsync(page, form with { Version = now.Version, Meanwhile = values });
        else
            await SignedInGate.NotFoundAsync(page);
    });

    public Task ConfirmAsync(HttpContext http) => gate.ShowAdminAsync(http, page => ConfirmAsync(page, null));

    public Task DeleteAsync(HttpContext http) => gate.ChangeAdminAsync(http, async page =>
    {
        var (say, outcome) = (http.Language(), EditOutcome.Gone);
        var refusal = page.Parameters["name"] is { } name and not Scope.OfflineAccess
            ? await Edit.TryAsync(async () =>
                outcome = await edits.DeleteAsync(name, page.Parameters["version"] ?? "", page.Author, http.RequestAborted))
            : null;
        if (refusal is not null) await ConfirmAsync(page, say.Refusal(refusal));
        else if (outcome == EditOutcome.Done) await page.Done($"{Paths.AdminResources}?{Notice.Field}={Notice.Deleted}");
        else await ConfirmAsync(page, ResourceEndpoint.Overtaken(say));
    });

    private async Task ConfirmAsync(PageRequest page, string? problem)
    {
        var (http, say) = (page.Http, page.Http.Language());
        // Refresh tokens hang on offline_access: without its row none would be given.
        if (page.Parameters["name"] is not ({ } name and not Scope.OfflineAccess)
            || await edits.FindAsync(name, http.RequestAborted) is not { } row)
        {
            await SignedInGate.NotFoundAsync(page);
            return;
        }

        var holders = await edits.HoldersAsync(name, time.GetUtcNow(), http.RequestAborted);
        await http.ConfirmationAsync(page.Antiforgery, page.NavigationOf(Paths.AdminResources), new Confirmation
        {
            Title = say["Delete a scope"],
            Question = say.Put("Delete {0}?", $"<code>{name}</code>"),
            Consequence =
                $"{say["The scope and its texts are deleted, and every client loses it. Grants keep their other scopes; new tokens no longer include this one. This cannot be undone."]}",
            Impact = [.. Confirmation.Of(holders, say)],
            Sql = ScopeEdits.DeleteText(name),
            Path = Paths.AdminScopeDelete,
            Form = [("name", name), ("version", row.Version)],
            Button = say["Delete"],
            Back = $"{Paths.AdminScope}?name={Uri.EscapeDataString(name)}",
            Problem = problem,
        });
    }

    // What harms least stands in for a refused column while the rest is judged.
    private static ScopeForm Restore(ScopeForm row, string column) => column switch
    {
        "name" => row with { Name = "to-be-judged" },
        "access" => row with { Access = "read" },
        "resource" => row with { Resource = null },
        _ => row,
    };

    private async Task<(ScopeForm Row, Func<string, string?> Values)?> ReadAsync(string name, CancellationToken cancel)
    {
        // The row first: were its words changed in between, the version would be the older one, which saves nothing.
        if (await edits.FindAsync(name, cancel) is not { } row) return null;
        var words = await store.WordsAsync("scope " + name, cancel);
        return (row, field => field switch
        {
            ScopePage.Resource => row.Resource,
            "access" => row.Access,
            "open" => row.Open ? "yes" : null,
            "sensitive" => row.Sensitive ? "yes" : null,
            "optional" => row.Optional ? "yes" : null,
            _ => words.GetValueOrDefault(field),
        });
    }

    private async Task ShowAsync(PageRequest page, RowForm form) => await page.Http.ScopeAsync(
        page.Antiforgery, page.NavigationOf(Paths.AdminResources), form,
        (await store.ResourcesAsync(page.Http.RequestAborted)).Select(row => row.Uri));
}
