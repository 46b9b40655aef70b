using OAuthServer.Html;
using OAuthServer.Protocol;
using OAuthServer.Stores.Clients;
using OAuthServer.Stores.Postgres;

namespace OAuthServer.Admin.Clients;

/// <summary>Clients in words.</summary>
internal static class ClientText
{
    /// <summary>Its page, or one about it, below the issuer.</summary>
    public static string At(string client, string path = Paths.AdminClient) => $"{path}?id={Uri.EscapeDataString(client)}";

    /// <summary>Its page, once something was done there.</summary>
    /// <param name="done">A key of <see cref="Notice"/>.</param>
    public static string Done(string client, string done) => $"{At(client)}&{Notice.Field}={done}";

    /// <summary>Who vouches for it, if anybody.</summary>
    public static Markup Origin(string origin, string client, DateTimeOffset since, Language say) => origin switch
    {
        "operator" => $"{say["Registered by the operator"]}",
        "document" =>
            say.Put("Published by {0}", $"<bdi>{(Uri.TryCreate(client, UriKind.Absolute, out var uri) ? uri.Host : client)}</bdi>"),
        _ => say.Put("Self-registered on {0}", $"{say.Day(since)}"),
    };

    public static Markup Enabled(bool enabled, Language say) =>
        enabled ? (Markup)$"""<span class="mark yes">{say["Enabled"]}</span>""" : $"""<span class="mark no">{say["Disabled"]}</span>""";

    /// <summary>What is wrong with the secrets of a client that needs one; empty when nothing is.</summary>
    /// <param name="secrets">How many are not revoked.</param>
    /// <param name="end">When the last of them expires; null: never.</param>
    public static Markup Secrets(string method, int secrets, DateTimeOffset? end, DateTimeOffset now, Language say) =>
        method == AuthMethod.None.Name ? Markup.None
        : secrets == 0 ? $"""<span class="mark no">{say["No secret"]}</span>"""
        : end <= now ? $"""<span class="mark no">{say["Secret expired"]}</span>"""
        : end <= now + Soon ? $"""<span class="mark soon">{say.Put("Secret expires on {0}", $"{say.Day(end.Value)}")}</span>"""
        : Markup.None;

    /// <summary>The state of one secret.</summary>
    public static Markup State(SecretSummary secret, DateTimeOffset now, Language say) =>
        secret.RevokedAt is { } revoked ? (Markup)$"""<span class="mark">{say.Put("Revoked on {0}", $"{say.Day(revoked)}")}</span>"""
        : secret.ExpiresAt <= now ? (Markup)$"""<span class="mark no">{say["Expired"]}</span>"""
        : secret.NotBefore > now ? (Markup)$"""<span class="mark soon">{say["Not yet valid"]}</span>"""
        : secret.ExpiresAt <= now + Soon ? (Markup)$"""<span class="mark soon">{say["Expires soon"]}</span>"""
        : $"""<span class="mark yes">{say["In use"]}</span>""";

    /// <summary>What the database did not take, as people read it beside a field.</summary>
    public static string Refusal(this Language say, EditRefusal refusal) =>
        $"{say[refusal.Message]}. {(refusal.Hint is { } hint ? say[hint] : "")}".TrimEnd();

    private static readonly TimeSpan Soon = TimeSpan.FromDays(30);
}
