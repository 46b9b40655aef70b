using OAuthServer.Admin.Clients;
using OAuthServer.Html;
using OAuthServer.Protocol;
using OAuthServer.Stores.Grants;
using OAuthServer.Stores.Postgres;
using OAuthServer.Stores.Resources;
using OAuthServer.Tokens;

namespace OAuthServer.Admin.Resources;

/// <summary>/admin/resources shows resources and scopes; /admin/resource adds, edits, disables and enables a resource.</summary>
public sealed class ResourceEndpoint(
    SignedInGate gate, ResourceEdits edits, ResourceStore store, OperatorGrantStore grants, TimeProvider time)
{
    private const int MostRows = 20;

    private const int PageLength = 50;

    // Stands in for what was refused while the rest of the row is judged; no row of it is ever written.
    private const string Placeholder = "https://to-be-judged.invalid/";

    public Task ListAsync(HttpContext http) => gate.ShowAdminAsync(http, async page =>
    {
        var (shown, paging) =
            Paging.Of(await store.ResourcesAsync(http.RequestAborted), Paths.AdminResources, page.Parameters["page"], PageLength);
        await http.ResourcesAsync(page.NavigationOf(Paths.AdminResources), new ResourcesView
        {
            Resources = shown,
            Paging = paging,
            Scopes = await store.ScopesAsync(http.RequestAborted),
            Texts = await store.TextsAsync(http.RequestAborted),
            Done = page.Parameters[Notice.Field],
        });
    });

    public Task OpenAsync(HttpContext http) => gate.ShowAdminAsync(http, async page =>
    {
        if (page.Parameters["uri"] is not { } uri)
            await ShowAsync(page, new RowForm { Key = null, Version = null, Values = _ => null }, null);
        else if (await ReadAsync(uri, http.RequestAborted) is not var (row, values)) await SignedInGate.NotFoundAsync(page);
        else await ShowAsync(page, new RowForm { Key = uri, Version = row.Version, Values = values }, row.Enabled);
    });

    public Task SaveAsync(HttpContext http) => gate.ChangeAdminAsync(http, async page =>
    {
        var (parameters, cancel, key) = (page.Parameters, http.RequestAborted, page.Parameters["key"]);
        var before = key is null ? null : await edits.FindAsync(key, cancel);
        if (key is not null && before is null)
        {
            await SignedInGate.NotFoundAsync(page);
            return;
        }

        var row = new ResourceForm
        {
            Uri = key ?? parameters["uri"]?.Trim() ?? "",
            Name = parameters["name"]?.Trim() ?? "",
            Enabled = before?.Enabled ?? true,
            Claims = [.. PersonClaims.OfResources.Where(claim => parameters[ResourcePage.FieldOf(claim)] is not null)],
            Version = parameters["version"] ?? "",
        };
        var form = new RowForm { Key = key, Version = parameters["version"], Values = name => parameters[name] };
        var edit = new RowEdit<ResourceForm>
        {
            Row = row,
            Restore = (one, column) => column == "uri" ? one with { Uri = Placeholder } : one with { Name = before?.Name ?? Placeholder },
        };
        var judged =
            await (key is null ? edits.AddAsync(edit, parameters.WordsPerLanguage(), page.Author, cancel)
            : edits.SaveAsync(edit, parameters.WordsPerLanguage(), page.Author, cancel));
        var problems = new Dictionary<string, string>();
        problems.Add(judged.Refusals, http.Language());
        if (judged.Outcome == EditOutcome.Taken) problems.TryAdd("uri", http.Language()["There is already a resource with this URI."]);
        if (problems.Count > 0)
            await ShowAsync(page, form with { Problems = problems }, before?.Enabled);
        else if (judged.Outcome == EditOutcome.Done)
            await page.Done($"{Paths.AdminResources}?{Notice.Field}={Notice.Saved}");
        else if (await ReadAsync(row.Uri, cancel) is var (now, values))
            await ShowAsync(page, form with { Version = now.Version, Meanwhile = values }, now.Enabled);
        else
            await SignedInGate.NotFoundAsync(page);
    });

    public Task ConfirmAsync(HttpContext http) => gate.ShowAdminAsync(http, page => ConfirmAsync(page, null));

    public Task SwitchAsync(HttpContext http) => gate.ChangeAdminAsync(http, async page =>
    {
        var (parameters, cancel) = (page.Parameters, http.RequestAborted);
        var row = parameters["uri"] is { } uri ? await edits.FindAsync(uri, cancel) : null;
        var changed = row is null ? EditOutcome.Gone
            : await edits.EnableAsync(
                row with { Enabled = parameters["enabled"] is not null, Version = parameters["version"] ?? "" }, page.Author,
                cancel);
        if (changed == EditOutcome.Done) await page.Done($"{Paths.AdminResources}?{Notice.Field}={Notice.Saved}");
        else await ConfirmAsync(page, Overtaken(http.Language()));
    });

    /// <summary>What is said before a change that is asked about again.</summary>
    internal static string Overtaken(Language say) =>
        say["Someone else changed this while you had it open. Nothing was changed. This is the current state."];

    private async Task ConfirmAsync(PageRequest page, string? problem)
    {
        var (http, say) = (page.Http, page.Http.Language());
        if (page.Parameters["uri"] is not { } uri || await edits.FindAsync(uri, http.RequestAborted) is not { Enabled: true } row)
        {
            await SignedInGate.NotFoundAsync(page);
            return;
        }

        var holders = await edits.HoldersAsync(uri, time.GetUtcNow(), http.RequestAborted);
        await http.ConfirmationAsync(page.Antiforgery, page.NavigationOf(Paths.AdminResources), new Confirmation
        {
            Title = say["Disable a resource"],
            Question = say.Put("Disable {0}?", $"<bdi>{Words.Sanitize(row.Name)}</bdi>"),
            Consequence =
                $"{say["No new tokens are issued for it. Tokens already issued work until they expire, at most an hour. Nothing is deleted, and you can enable it again."]}",
            Impact = [.. Confirmation.Of(holders, say)],
            Sql = ResourceEdits.DisableText(uri),
            Path = Paths.AdminResourceState,
            Form = [("uri", uri), ("version", row.Version)],
            Button = say["Disable"],
            Back = $"{Paths.AdminResource}?uri={Uri.EscapeDataString(uri)}",
            Problem = problem,
        });
    }

    private async Task<(ResourceForm Row, Func<string, string?> Values)?> ReadAsync(string uri, CancellationToken cancel)
    {
        // The row first: were its names changed in between, the version would be the older one, which saves nothing.
        if (await edits.FindAsync(uri, cancel) is not { } row) return null;
        var names = await store.WordsAsync("resource " + uri, cancel);
        return (row, name => name == "name" ? row.Name
            : row.Claims.Any(claim => ResourcePage.FieldOf(claim) == name) ? "yes" : names.GetValueOrDefault(name));
    }

    private async Task ShowAsync(PageRequest page, RowForm form, bool? enabled) => await page.Http.ResourceAsync(
        page.Antiforgery, page.NavigationOf(Paths.AdminResources), form, enabled,
        form.Key is { } uri ? await AccessAsync(uri, page.Parameters["after"], page.Http.RequestAborted) : null);

    private async Task<ResourceAccessView> AccessAsync(string uri, string? after, CancellationToken cancel)
    {
        var now = time.GetUtcNow();
        var usage = await edits.HoldersAsync(uri, now, cancel);
        var clients = await edits.HoldingAsync(uri, usage.Clients, after, MostRows + 1, cancel);
        var shown = clients.Take(MostRows).ToList();
        return new ResourceAccessView
        {
            Usage = usage,
            Clients = shown,
            Next = clients.Count > MostRows ? shown[^1].ClientId : null,
            Grants = (await grants.ListAsync(new GrantSearch { Resource = uri }, new Cursor(null, null), MostRows, now, cancel)).Rows,
            OpenScopes = [.. (await store.ScopesAsync(cancel)).Where(one => one.Open && one.Resource == uri).Select(one => one.Name)],
        };
    }
}

/// <summary>What forms of rows with words in several languages share.</summary>
internal static class RowForms
{
    /// <summary>The words of a form, one for every language; an empty field takes them away.</summary>
    public static LocalizedText[] WordsPerLanguage(this Parameters form) =>
        [.. Language.All.Select(language =>
            new LocalizedText(language.Code, form[RowForm.WordsField(language)]?.Trim() is { Length: > 0 } text ? text : null))];

    /// <summary>The words of a row, by the names of their fields.</summary>
    public static async Task<Dictionary<string, string>> WordsAsync(this ResourceStore store, string key, CancellationToken cancel) =>
        (await store.TextsAsync(cancel)).Where(text => text.Key == key).ToDictionary(text => "words-" + text.Locale, text => text.Text);

    /// <summary>A refusal of the database beside the field it is about.</summary>
    public static Dictionary<string, string> Problems(this EditRefusal refusal, Language say) =>
        new() { [refusal.Column ?? ""] = say.Refusal(refusal) };

    /// <summary>All that the database refused, each beside its field; a problem that stands there already stays.</summary>
    public static void Add(this Dictionary<string, string> problems, IEnumerable<EditRefusal> refusals, Language say)
    {
        foreach (var refusal in refusals) problems.TryAdd(refusal.Column ?? "", say.Refusal(refusal));
    }
}
