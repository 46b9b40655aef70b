using OAuthServer.Html;
using OAuthServer.Protocol;
using OAuthServer.Stores.Federation;

namespace OAuthServer.Admin.Users;

/// <summary>/admin/user/identity and /admin/user/unlink: whom a company's people are here.</summary>
public sealed class UserIdentitiesEndpoint(
    SignedInGate gate, IdentityEdits identities, ProviderStore providers, Settings settings, TimeProvider time)
{
    /// <summary>The part of a person's page.</summary>
    public async Task<Markup> SectionAsync(PageRequest page, Guid subject) => UserIdentities.Section(
        subject, await identities.ListAsync(subject, page.Http.RequestAborted), await providers.ListAsync(page.Http.RequestAborted),
        page.Antiforgery, settings, page.Http.Language());

    public Task LinkAsync(HttpContext http) => gate.ChangeAdminAsync(http, async page =>
    {
        if (Guid.TryParse(page.Parameters["subject"], out var subject) && page.Parameters["provider"] is { } id
            && page.Parameters["sub"]?.Trim() is { Length: > 0 and <= 255 } sub && sub.All(character => character is >= ' ' and <= '~')
            && await providers.FindAsync(id, http.RequestAborted) is { } provider)
        {
            var key = new IdentityKey { Issuer = provider.Issuer, Tenant = "", Sub = sub };
            var outcome = await identities.LinkAsync(key, subject, page.Author, http.RequestAborted);
            await page.Done(PageUrl.Of(Paths.AdminUser, ("subject", $"{subject}"),
                (Notice.Field, outcome == LinkOutcome.Done ? Notice.Saved : Notice.LinkedElsewhere)));
        }
        else await SignedInGate.NotFoundAsync(page);
    });

    public Task ConfirmUnlinkAsync(HttpContext http) => gate.ShowAdminAsync(http, page => WithAsync(page, async (key, reach) =>
    {
        var say = http.Language();
        IReadOnlyList<Markup> last = reach.HasAnotherWay ? [] : [$"<strong>{say["They have no other way to sign in."]}</strong>"];
        await http.ConfirmationAsync(page.Antiforgery, page.NavigationOf(IsFromList(page) ? Paths.AdminTrust : Paths.AdminUsers),
            new Confirmation
            {
                Title = say["Unlink an identity"],
                Question = say.Put("Unlink {0} from {1}?", $"<bdi>{reach.Username}</bdi>",
                    $"<bdi dir=\"ltr\">{Words.Sanitize(key.Sub, "–", 255)}</bdi>"),
                Consequence = $"{say["They do not sign in by it any more, and the company no longer speaks for them here. Who was signed in by it is signed out."]}",
                Impact =
                [
                    say.Put("Issuer: {0}", $"<bdi dir=\"ltr\">{key.Issuer}</bdi>"),
                    say.Put("Sessions that began there: {0}", $"<strong>{reach.Sessions}</strong>"),
                    say.Put("Live grants that stand on its assertions: {0}", $"<strong>{reach.Grants}</strong>"),
                    .. last,
                ],
                Sql = IdentityEdits.UnlinkText(key),
                Path = Paths.AdminUserUnlink,
                Form =
                [
                    ("subject", $"{reach.Subject}"), ("issuer", key.Issuer), ("tenant", key.Tenant), ("sub", key.Sub),
                    ("from", page.Parameters["from"] ?? ""),
                ],
                Button = say["Unlink"],
                Back = IsFromList(page) ? Paths.AdminTrustIdentities : PageUrl.Of(Paths.AdminUser, ("subject", $"{reach.Subject}")),
            });
    }));

    public Task UnlinkAsync(HttpContext http) => gate.ChangeAdminAsync(http, async page =>
    {
        if (Guid.TryParse(page.Parameters["subject"], out var subject)
            && await identities.UnlinkAsync(KeyOf(page), subject, page.Author, http.RequestAborted))
            await page.Done(IsFromList(page) ? PageUrl.Of(Paths.AdminTrustIdentities, (Notice.Field, Notice.Unlinked))
                : PageUrl.Of(Paths.AdminUser, ("subject", $"{subject}"), (Notice.Field, Notice.Unlinked)));
        else await SignedInGate.NotFoundAsync(page);
    });

    // Whose page it is goes on, or the list of all.
    private static bool IsFromList(PageRequest page) => page.Parameters["from"] is not null;

    private static IdentityKey KeyOf(PageRequest page) => new()
    {
        Issuer = page.Parameters["issuer"] ?? "",
        Tenant = page.Parameters["tenant"] ?? "",
        Sub = page.Parameters["sub"] ?? "",
    };

    private async Task WithAsync(PageRequest page, Func<IdentityKey, IdentityReach, Task> act)
    {
        var key = KeyOf(page);
        if (await identities.ReachAsync(key, time.GetUtcNow(), page.Http.RequestAborted) is { } reach) await act(key, reach);
        else await SignedInGate.NotFoundAsync(page);
    }
}
