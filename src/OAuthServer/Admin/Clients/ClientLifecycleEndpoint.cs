using OAuthServer.Html;
using OAuthServer.Protocol;
using OAuthServer.Stores.Clients;
using OAuthServer.Stores.Postgres;

namespace OAuthServer.Admin.Clients;

/// <summary>
/// /admin/client/disable and /delete: GET says what would end with the client, POST ends it. /enable takes a disabled one back, /vouch
/// makes one that registered itself an operator's.
/// </summary>
public sealed class ClientLifecycleEndpoint(
    SignedInGate gate, ClientQueries register, ClientEdits edits, ClientSettingsEndpoint settings, TimeProvider time)
{
    public Task ConfirmDisableAsync(HttpContext http) => ConfirmAsync(http, Paths.AdminClientDisable);

    public Task ConfirmDeleteAsync(HttpContext http) => ConfirmAsync(http, Paths.AdminClientDelete);

    public Task DisableAsync(HttpContext http) => EnableAsync(http, false);

    public Task EnableAsync(HttpContext http) => EnableAsync(http, true);

    public Task ConfirmVouchAsync(HttpContext http) => gate.ShowAdminAsync(http, async page =>
    {
        var say = http.Language();
        if (page.Parameters["id"] is not { } id || await register.FindAsync(id, http.RequestAborted) is not { } client)
            await SignedInGate.NotFoundAsync(page);
        else if (client.Origin == "operator") await page.Done(ClientText.At(id));
        else
            await http.ConfirmationAsync(page.Antiforgery, page.NavigationOf(ClientKind.Of(client.Kind)!.Path), new Confirmation
            {
                Title = say["Vouch for a client"],
                Question = say.Put("Vouch for {0}?", $"<bdi>{say.App(client.Name)}</bdi>"),
                Consequence =
                    $"{say["It becomes a client of the operator: users are no longer warned that it is unverified, and you can edit it and give it more scopes and resources."]}",
                Impact =
                [
                    $"{say["It cannot change or remove its registration any more, and its document is not fetched again."]}",
                    $"{say["It is not removed when nobody uses it."]}",
                    .. client.RedirectUris.Select(uri => (Markup)$"<code>{Words.Sanitize(uri, "–", 600)}</code>"),
                ],
                Sql = ClientEdits.VouchText(id),
                Path = Paths.AdminClientVouch,
                Form = [("id", id), ("version", client.Version)],
                Button = say["Vouch for it"],
                Back = ClientText.At(id),
            });
    });

    public Task VouchAsync(HttpContext http) => gate.ChangeAdminAsync(http, async page =>
    {
        var refusal = await Edit.TryAsync(async () =>
        {
            var (id, version) = (page.Parameters["id"] ?? "", page.Parameters["version"] ?? "");
            if (await edits.VouchAsync(id, version, page.Author, http.RequestAborted)) await page.Done(ClientText.Done(id, Notice.Saved));
            else if (await register.FindAsync(id, http.RequestAborted) is null) await SignedInGate.NotFoundAsync(page);
            // It changed meanwhile: what it is now is shown first.
            else await page.Done(PageUrl.Of(Paths.AdminClientVouch, [("id", id)]));
        });
        if (refusal is not null)
            await settings.RenderAsync(page, page.Parameters["id"], view => view with
            {
                Problems = new Dictionary<string, string> { [""] = http.Language().Refusal(refusal) },
            });
    });

    public Task DeleteAsync(HttpContext http) => gate.ChangeAdminAsync(http, async page =>
    {
        if (page.Parameters["id"] is { } id && await register.FindAsync(id, http.RequestAborted) is { } client
            && await edits.DeleteAsync(id, page.Author, http.RequestAborted))
            await page.Done($"{ClientKind.Of(client.Kind)!.Path}?{Notice.Field}={Notice.Deleted}");
        else await SignedInGate.NotFoundAsync(page);
    });

    /// <summary>The blast radius in words.</summary>
    /// <param name="used">When it was last used; null: never.</param>
    internal static IEnumerable<Markup> Tell(ClientImpact reach, DateTimeOffset? used, Language say)
    {
        yield return say.Put("Live grants: {0}", say.Number(reach.Grants));
        yield return say.Put("Users with these grants: {0}", say.Number(reach.People));
        yield return say.Put("Live access tokens, at most: {0}", say.Number(reach.Tokens));
        yield return used is { } moment ? say.Put("Last used: {0}", say.Time(moment)) : $"{say["Never used"]}";
    }

    private Task ConfirmAsync(HttpContext http, string path) => gate.ShowAdminAsync(http, async page =>
    {
        if (page.Parameters["id"] is not { } id || await register.FindAsync(id, http.RequestAborted) is not { } client)
        {
            await SignedInGate.NotFoundAsync(page);
            return;
        }

        var (say, now, deletes) = (http.Language(), time.GetUtcNow(), path == Paths.AdminClientDelete);
        if (!deletes && !client.Enabled)
        {
            await page.Done(ClientText.At(id));
            return;
        }

        var reach = await register.ReachAsync(id, now.AddSeconds(-client.AccessTokenSeconds), now, http.RequestAborted);
        Markup name = $"<bdi>{say.App(client.Name)}</bdi>";
        await http.ConfirmationAsync(page.Antiforgery, page.NavigationOf(ClientKind.Of(client.Kind)!.Path), new Confirmation
        {
            Title = deletes ? say["Delete a client"] : say["Disable a client"],
            Question = deletes ? say.Put("Delete {0}?", name) : say.Put("Disable {0}?", name),
            Consequence =
                $"{(deletes ? Deleted(client.Origin, say)
                    : say["Its requests and tokens are refused from now on. If you enable it again, its grants and unexpired tokens work again."])}",
            Impact = [.. Tell(reach, client.LastUsedAt, say)],
            Sql = deletes ? ClientEdits.DeleteText(id) : ClientEdits.DisableText(id),
            Path = path,
            Form = [("id", id)],
            Button = deletes ? say["Delete"] : say["Disable"],
            Back = ClientText.At(id),
        });
    });

    private Task EnableAsync(HttpContext http, bool enabled) => gate.ChangeAdminAsync(http, async page =>
    {
        if (page.Parameters["id"] is not { } id
            || (!await edits.EnableAsync(id, enabled, page.Author, http.RequestAborted)
            && await register.FindAsync(id, http.RequestAborted) is null))
            await SignedInGate.NotFoundAsync(page);
        else await page.Done(ClientText.Done(id, Notice.Saved));
    });

    private static string Deleted(string origin, Language say) => origin switch
    {
        "document" =>
            say["Its grants, tokens and remembered consents are deleted permanently. It is added again when someone uses its document: disable it to block it."],
        "self-registered" =>
            say["Its registration, grants, tokens and remembered consents are deleted permanently. It can register again under another id."],
        _ => say["Its secrets, grants, tokens and remembered consents are deleted permanently. This cannot be undone."],
    };
}
