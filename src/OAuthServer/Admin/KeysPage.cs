using OAuthServer.Html;
using OAuthServer.Keys;
using OAuthServer.Protocol;

namespace OAuthServer.Admin;

/// <summary>A signing key as administrators see it: never its private half.</summary>
public sealed record KeyView
{
    public required string Kid { get; init; }
    public required string Alg { get; init; }

    /// <summary>Null: gone, or taken out.</summary>
    public required SigningKeyState? State { get; init; }
    public required DateTimeOffset PublishedSince { get; init; }
    public required DateTimeOffset SignsFrom { get; init; }

    /// <summary>When it leaves the JWKS, as far as is known.</summary>
    public required DateTimeOffset? GoneAt { get; init; }
    public required bool Revoked { get; init; }

    /// <summary>Its row cannot be read: it neither signs nor is published.</summary>
    public required bool Unreadable { get; init; }
    public required string Pem { get; init; }
}

/// <summary>When a key of an algorithm would sign that is made now.</summary>
public sealed record NextKey(string Alg, DateTimeOffset SignsFrom);

/// <summary>What signs tokens, and what each key is doing.</summary>
public static class KeysPage
{
    /// <summary>The form field that names the algorithm to rotate.</summary>
    public const string AlgorithmField = "alg";

    /// <param name="next">Of the algorithms keys are made for, those whose next key is not on its way already.</param>
    public static Task KeysAsync(
        this HttpContext http, Markup antiforgery, Navigation frame, IReadOnlyList<KeyView> keys, IReadOnlyList<NextKey> next, string? done)
    {
        var (settings, say) = (http.RequestServices.GetRequiredService<Settings>(), http.Language());
        return http.PageAsync(200, "Signing keys", $"""
            <div class="heading"><h1>{say["Signing keys"]}</h1>{next.Select(Rotate)}</div>
            {Notice.Of(done, say)}
            <p class="lead">
                {say["A key is published before it signs, and stays published until the last token it signed has expired. Keys rotate automatically."]}
            </p>
            {next.Take(1).Select(Next)}
            {settings.SigningAlgorithms.Except(next.Select(key => key.Alg)).Select(Pending)}
            <p class="note">{say.Put("Total: {0}", $"{keys.Count}")}</p>
            <ul class="things">
            {keys.Select(Key)}
            </ul>
            """, frame);

        Markup Rotate(NextKey key) => $"""
            <form method="post" action="{settings.IssuerPath + Paths.AdminKeysRotate}">
            {antiforgery}
            <input type="hidden" name="{AlgorithmField}" value="{key.Alg}">
            <button class="primary" type="submit">{say.Put("Rotate {0} now", $"{key.Alg}")}</button>
            </form>
            """;

        Markup Next(NextKey key) => $"""
            <p class="note">{say.Put(
                "A key created now starts signing on {0}, when verifiers have had time to fetch it.", say.Time(key.SignsFrom))}</p>
            """;

        Markup Pending(string alg) => $"""
            <p class="note">{say.Put("The next {0} key is already pending.", $"{alg}")}</p>
            """;

        Markup Key(KeyView key)
        {
            Markup gone = key.GoneAt is { } moment ? say.Time(moment) : $"{say["After its successor has replaced it"]}";
            var leaves = key.State is null ? say["Removed on"] : key.GoneAt is null ? say["Will be removed"] : say["Will be removed on"];
            Markup retire = key.Revoked ? Markup.None
                : $"""
                    <a class="button small danger"
                        href="{settings.IssuerPath}{Paths.AdminKeysRetire}?kid={Uri.EscapeDataString(key.Kid)}">{say["Revoke key…"]}</a>
                    """;
            return $"""
                <li>
                <h2><code>{key.Kid}</code> {State(key)}</h2>
                <dl class="facts">
                <div><dt>{say["Algorithm"]}</dt><dd><code>{key.Alg}</code></dd></div>
                <div><dt>{say["Published since"]}</dt><dd>{say.Time(key.PublishedSince)}</dd></div>
                <div><dt>{say["Signs from"]}</dt><dd>{say.Time(key.SignsFrom)}</dd></div>
                <div><dt>{leaves}</dt><dd>{gone}</dd></div>
                </dl>
                <details><summary>{say["Public key (PEM)"]}</summary><pre>{key.Pem}</pre></details>
                {retire}
                </li>
                """;
        }

        Markup State(KeyView key) => key switch
        {
            { Revoked: true } => $"""<span class="mark no">{say["Revoked"]}</span>""",
            { Unreadable: true } => $"""<span class="mark no">{say["Cannot be read"]}</span>""",
            { State: SigningKeyState.Active } => $"""<span class="mark yes">{say["Signing"]}</span>""",
            { State: SigningKeyState.Pending } => $"""<span class="mark soon">{say["Pending"]}</span>""",
            { State: SigningKeyState.Retired } => $"""<span class="mark">{say["Retired"]}</span>""",
            _ => (Markup)$"""<span class="mark">{say["Removed"]}</span>""",
        };
    }
}
