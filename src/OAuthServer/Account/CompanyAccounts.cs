using OAuthServer.Federation;
using OAuthServer.Html;
using OAuthServer.Protocol;
using OAuthServer.Stores.Federation;

namespace OAuthServer.Account;

/// <summary>The companies a person can sign in at, and the way to link another: a part of their account.</summary>
public static class CompanyAccounts
{
    /// <param name="identities">Those that are theirs.</param>
    /// <param name="offered">Companies that can be reached now.</param>
    /// <param name="keeps">Whether an unlinking was refused a moment ago, as it was the last way in.</param>
    internal static Markup Section(
        IReadOnlyList<LinkedIdentity> identities, IReadOnlyList<Provider> offered, bool keeps, Markup antiforgery, Settings settings,
        Language say)
    {
        if (identities.Count + offered.Count == 0) return Markup.None;
        Markup none = identities.Count > 0 ? Markup.None : $"""<p class="empty">{say["No company account is linked to yours."]}</p>""";
        Markup problem = !keeps ? Markup.None : $"""
            <p class="error" role="alert">{Icons.Wrong}{say["This is your last way to sign in. Set up another one first."]}</p>
            """;
        return $"""
            <section aria-labelledby="companies">
            <h2 id="companies">{say["Company accounts"]}</h2>
            {problem}{none}
            <ul class="rows">
            {identities.Select(Identity)}
            </ul>
            {offered.Select(Link)}
            </section>
            """;

        Markup Identity(LinkedIdentity one) => $"""
            <li>
            <p><strong><bdi>{Words.Sanitize(one.Label ?? one.Issuer, "–", 200)}</bdi></strong>
                <span class="detail"><bdi dir="ltr">{Words.Sanitize(one.Sub, "–", 64)}</bdi></span>
                <span class="detail">{say.Put("Linked on {0}", say.Time(one.CreatedAt))}</span>
                <span class="detail">{Used(one)}</span></p>
            <form method="post" action="{settings.IssuerPath + Paths.AccountUnlink}">
            {antiforgery}<input type="hidden" name="issuer" value="{one.Issuer}"><input type="hidden" name="tenant" value="{one.Tenant}">
            <input type="hidden" name="sub" value="{one.Sub}">
            <button class="danger small" type="submit">{say["Unlink"]}<span class="unseen">
                <bdi>{Words.Sanitize(one.Label ?? one.Issuer, "–", 200)}</bdi></span></button>
            </form>
            </li>
            """;

        Markup Used(LinkedIdentity one) =>
            one.LastUsedAt is { } used ? say.Put("Last used: {0}", say.Time(used)) : $"{say["Not used yet"]}";

        Markup Link(Provider provider) => $"""
            <form method="post" action="{settings.IssuerPath}{Paths.Federation}/{provider.Id}">
            {antiforgery}<input type="hidden" name="purpose" value="link">
            <button type="submit">{say.Put("Link your {0} account", $"<bdi>{Words.Sanitize(provider.Label)}</bdi>")}</button>
            </form>
            """;
    }
}
