using OAuthServer.Html;
using OAuthServer.Protocol;
using OAuthServer.Stores.Federation;

namespace OAuthServer.Admin.Users;

/// <summary>The part of a person's page about companies: what each calls them, and how to link or unlink that.</summary>
internal static class UserIdentities
{
    /// <param name="providers">Those that can be linked to.</param>
    public static Markup Section(
        Guid subject, IReadOnlyList<LinkedIdentity> identities, IReadOnlyList<ProviderRow> providers, Markup antiforgery, Settings settings,
        Language say)
    {
        if (identities.Count + providers.Count == 0) return Markup.None;
        Markup none = identities.Count > 0 ? Markup.None : $"""<p class="empty">{say["No company account is linked."]}</p>""";
        Markup link = providers.Count == 0 ? Markup.None : Link();
        return $"""
            <h2>{say["Company accounts"]}</h2>
            {none}
            <ul class="rows">{identities.Select(Identity)}</ul>
            {link}
            """;

        Markup Identity(LinkedIdentity one)
        {
            Markup tenant = one.Tenant.Length == 0 ? Markup.None : $"""<span class="detail"><bdi>{one.Tenant}</bdi></span>""";
            return $"""
                <li>
                <p><strong><a href="{settings.IssuerPath}{PageUrl.Of(Paths.AdminTrustIdentities, ("issuer", one.Issuer))}"><bdi>{Words
                    .Sanitize(one.Label ?? one.Issuer, "–", 200)}</bdi></a></strong>
                    <span class="detail"><bdi dir="ltr">{Words.Sanitize(one.Sub, "–", 255)}</bdi></span>{tenant}
                    <span class="detail">{say.Put("Linked on {0}", say.Time(one.CreatedAt))} · <bdi>{one.CreatedBy}</bdi></span></p>
                <p class="actions"><a class="button danger small" href="{settings.IssuerPath}{PageUrl.Of(Paths.AdminUserUnlink,
                    ("issuer", one.Issuer), ("tenant", one.Tenant), ("sub", one.Sub))}">{say["Unlink…"]}<span class="unseen">
                    <bdi>{Words.Sanitize(one.Label ?? one.Issuer, "–", 200)}</bdi></span></a></p>
                </li>
                """;
        }

        Markup Link()
        {
            var fields = new Fields(say, _ => null, new Dictionary<string, string>());
            return $"""
                <form method="post" action="{settings.IssuerPath + Paths.AdminUserIdentity}">
                {antiforgery}<input type="hidden" name="subject" value="{subject.ToString()}">
                {fields.Choice("provider", "Company", providers.Select(one => (one.Id, one.Id)))}
                {fields.Text("sub", "What it calls them", "The claim sub of its id_token", attributes: $"required spellcheck=\"false\"")}
                <button type="submit">{say["Link"]}</button>
                </form>
                """;
        }
    }
}
