using OAuthServer.Html;
using OAuthServer.Stores.Clients;

namespace OAuthServer.Admin.Clients;

/// <summary>What a client that is no operator's said of itself, on its page.</summary>
internal static class ClaimedText
{
    /// <summary>All of it, and why it cannot be edited.</summary>
    public static Markup Metadata(ClientView view, Language say)
    {
        var (client, claimed) = (view.Client, view.Claimed);
        var isDocument = client.Origin == "document";
        return $"""
            <p class="note">{(isDocument
                ? say["This metadata comes from the client's document. Its publisher changes it there, so it cannot be edited here: the client can be disabled, enabled or deleted."]
                : say["This metadata comes from the client's own registration. The client changes it there, so it cannot be edited here: it can be disabled, enabled or deleted."])}</p>
            <dl class="facts">
            {Fact(say["Redirect URIs"], ClientPage.List(client.RedirectUris))}
            {Fact(say["Authentication"], $"<code>{client.AuthMethod}</code>")}
            {Fact(say["Scopes"], ClientPage.List(claimed.Scope is { Length: > 0 } requested ? requested : client.Scopes))}
            {Fact(say["Resources"], ClientPage.List(client.Resources))}
            {Fact(say["Default resource"], ClientPage.List(client.DefaultResource is { } resource ? [resource] : []))}
            {Fact(say["Access token lifetime (seconds)"], Lasts(client.AccessTokenSeconds, say))}
            {(client.Kind == "user-facing" ? Lifetimes(client, say) : Markup.None)}
            {Link(say["Home page"], claimed.ClientUri)}{Link(say["Logo"], claimed.LogoUri)}
            {Link(say["Terms of service"], claimed.TosUri)}{Link(say["Privacy policy"], claimed.PolicyUri)}
            {When(say["Registration last used"], claimed.SeenAt, say)}
            {When(say["Registration deleted by the client"], claimed.DeletedAt, say)}
            {When(say["Document fetched"], claimed.FetchedAt, say)}
            {When(say["Document no longer available since"], claimed.GoneAt, say)}
            {(client.Note is { } note ? Fact(say["Note"], $"<bdi>{Words.Sanitize(note, "–", 600)}</bdi>") : Markup.None)}
            </dl>
            """;
    }

    private static Markup Lifetimes(ClientForm client, Language say) =>
        $"""
            {Fact(say["Grant lifetime (seconds)"], Lasts(client.RefreshTokenSeconds, say))}
            {Fact(say["Unused refresh token lifetime (seconds)"], Lasts(client.RefreshIdleSeconds, say))}
            """;

    private static Markup Lasts(int seconds, Language say) => $"{seconds} ({say.Length(TimeSpan.FromSeconds(seconds))})";

    private static Markup Fact(string label, Markup value) => $"<div><dt>{label}</dt><dd>{value}</dd></div>";

    // Shown, and never a link: nobody should go there from the administration.
    private static Markup Link(string label, string? uri) => uri is null ? Markup.None : Fact(
        label, $"<code>{Words.Sanitize(uri, "–", 600)}</code>");

    private static Markup When(string label, DateTimeOffset? moment, Language say) => moment is { } at ? Fact(
        label, say.Time(at)) : Markup.None;
}
