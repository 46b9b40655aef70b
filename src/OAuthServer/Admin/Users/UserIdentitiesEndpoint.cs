using OAuthServer.Html;
using OAuthServer.Protocol;
using OAuthServer.Stores.Federation;

namespace OAuthServer.Admin.Users;

/// <summary>/admin/user/link and /admin/user/unlink: whom a company's people are here.</summary>
public sealed class UserIdentitiesEndpoint(SignedInGate gate, IdentityEdits identities, ProviderStore providers, Settings settings)
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

    public Task UnlinkAsync(HttpContext http) => gate.ChangeAdminAsync(http, async page =>
    {
        var key = new IdentityKey
        {
            Issuer = page.Parameters["issuer"] ?? "",
            Tenant = page.Parameters["tenant"] ?? "",
            Sub = page.Parameters["sub"] ?? "",
        };
        if (Guid.TryParse(page.Parameters["subject"], out var subject)
            && await identities.UnlinkAsync(key, subject, page.Author, http.RequestAborted))
            await page.Done(PageUrl.Of(Paths.AdminUser, ("subject", $"{subject}"), (Notice.Field, Notice.Saved)));
        else await SignedInGate.NotFoundAsync(page);
    });
}
