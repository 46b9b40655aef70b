using OAuthServer.Federation;
using OAuthServer.Html;
using OAuthServer.Keys;
using OAuthServer.Protocol;
using OAuthServer.Stores.Federation;

namespace OAuthServer.Admin.Providers;

/// <summary>/admin/provider/…: the secret of a company, a test of it, and its end, which says first what ends with it.</summary>
public sealed class ProviderLifecycleEndpoint(
    SignedInGate gate, ProviderStates states, ProviderStore store, ProviderEdits edits, ProviderProbe probe, KeyEncryption encryption,
    TimeProvider time)
{
    private static readonly string[] Ends = ["nothing", "sessions", "access"];

    public Task SecretAsync(HttpContext http) => gate.ChangeAdminAsync(http, page => WithAsync(page, async row =>
    {
        if (page.Parameters[ProviderPage.Secret] is { } secret)
            await edits.SecretAsync(row.Id, ProviderSecrets.Seal(secret, encryption), page.Author, http.RequestAborted);
        await page.Done(PageUrl.Of(Paths.AdminProvider, ("id", row.Id), (Notice.Field, Notice.Saved)));
    }));

    public Task TestAsync(HttpContext http) => gate.ChangeAdminAsync(http, page => WithAsync(page, async row =>
    {
        var provider = new Provider(row);
        var steps = await probe.WalkAsync(provider, http.RequestAborted);
        await http.ProviderAsync(page.Antiforgery, page.NavigationOf(Paths.AdminProviders), ProvidersEndpoint.FormOf(row), new ProviderView
        {
            State = await states.OfAsync(provider, http.RequestAborted),
            Steps = steps,
        });
    }));

    public Task ConfirmStateAsync(HttpContext http) => gate.ShowAdminAsync(http, page => WithAsync(page, async row =>
    {
        var (say, reach) = (http.Language(), await ReachAsync(row, http.RequestAborted));
        var ends = Ends.Contains(page.Parameters["ends"]) ? page.Parameters["ends"]! : row.OnDisable;
        var settings = http.RequestServices.GetRequiredService<Settings>();
        await http.ConfirmationAsync(page.Antiforgery, page.NavigationOf(Paths.AdminProviders), new Confirmation
        {
            Title = say["Disable a company"],
            Question = say.Put("Disable {0}?", $"<bdi>{Words.Sanitize(row.Label)}</bdi>"),
            Consequence = $"{say[ends switch
            {
                "nothing" => "Nobody signs in by it any more. Who is signed in stays so, and apps keep their access.",
                "access" => "Nobody signs in by it any more. Sessions that began there end, and so does what apps were granted in them; people with no other way in cannot consent again.",
                _ => "Nobody signs in by it any more. Sessions that began there end; apps keep the access they were granted.",
            }]}",
            Impact =
            [
                .. Reach(reach, say),
                .. Ends.Where(other => other != ends).Select(other => (Markup)$"""
                    <a class="button small" href="{settings.IssuerPath}{PageUrl.Of(
                        Paths.AdminProviderState, ("id", row.Id), ("ends", other))}">{say.Put("End {0} instead",
                        $"<code>{other}</code>")}</a>
                    """),
            ],
            Sql = ProviderEdits.DisableText(row.Id, ends),
            Path = Paths.AdminProviderState,
            Form = [("id", row.Id), ("ends", ends)],
            Button = say["Disable"],
            Back = ProvidersPage.Place(row.Id),
        });
    }));

    public Task StateAsync(HttpContext http) => gate.ChangeAdminAsync(http, page => WithAsync(page, async row =>
    {
        var ends = Ends.Contains(page.Parameters["ends"]) ? page.Parameters["ends"] : null;
        await edits.EnableAsync(row.Id, page.Parameters["enabled"] is not null, ends, page.Author, http.RequestAborted);
        await page.Done(PageUrl.Of(Paths.AdminProvider, ("id", row.Id), (Notice.Field, Notice.Saved)));
    }));

    public Task ConfirmDeleteAsync(HttpContext http) => gate.ShowAdminAsync(http, page => WithAsync(page, async row =>
    {
        var (say, reach) = (http.Language(), await ReachAsync(row, http.RequestAborted));
        await http.ConfirmationAsync(page.Antiforgery, page.NavigationOf(Paths.AdminProviders), new Confirmation
        {
            Title = say["Delete a company"],
            Question = say.Put("Delete {0}?", $"<bdi>{Words.Sanitize(row.Label)}</bdi>"),
            Consequence = $"{say["Nobody signs in by it any more. The identities of its people stay, and count again when a company with this issuer is added."]}",
            Impact =
            [
                say.Put("Identities of its issuer: {0}", $"<strong>{reach.Identities}</strong>"), .. Reach(reach, say),
                say.Put("Ends with it: {0}", $"<code>{row.OnDisable}</code>"),
            ],
            Sql = ProviderEdits.DeleteText(row.Id),
            Path = Paths.AdminProviderDelete,
            Form = [("id", row.Id)],
            Button = say["Delete"],
            Back = ProvidersPage.Place(row.Id),
        });
    }));

    public Task DeleteAsync(HttpContext http) => gate.ChangeAdminAsync(http, page => WithAsync(page, async row =>
    {
        await edits.DeleteAsync(row.Id, page.Author, http.RequestAborted);
        await page.Done(PageUrl.Of(Paths.AdminProviders, (Notice.Field, Notice.Deleted)));
    }));

    private static IEnumerable<Markup> Reach(ProviderReach reach, Language say) =>
    [
        say.Put("Sessions that began there: {0}", $"<strong>{reach.Sessions}</strong>"),
        say.Put("Live grants allowed in them: {0}", $"<strong>{reach.Grants}</strong>"),
    ];

    private async Task<ProviderReach> ReachAsync(ProviderRow row, CancellationToken cancel) =>
        await edits.ReachAsync(row.Id, time.GetUtcNow(), cancel) ?? new ProviderReach { Sessions = 0, Grants = 0, Identities = 0 };

    private async Task WithAsync(PageRequest page, Func<ProviderRow, Task> act)
    {
        if (page.Parameters["id"] is { } id && await store.FindAsync(id, page.Http.RequestAborted) is { } row) await act(row);
        else await SignedInGate.NotFoundAsync(page);
    }
}
