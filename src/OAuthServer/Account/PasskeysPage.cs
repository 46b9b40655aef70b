using System.Buffers.Text;
using OAuthServer.Html;
using OAuthServer.Protocol;
using OAuthServer.Stores.Users;

namespace OAuthServer.Account;

/// <summary>One's passkeys.</summary>
public sealed record PasskeysView
{
    public required IReadOnlyList<OwnPasskey> Passkeys { get; init; }

    /// <summary>False: this server has no name to make one for.</summary>
    public required bool MayAdd { get; init; }

    /// <summary>Whether the sign-in is recent enough to add one.</summary>
    public required bool IsRecent { get; init; }

    /// <summary>Why nothing changed, in English; or null.</summary>
    public required string? Problem { get; init; }
}

/// <summary>One's passkeys: names, when each was used, adding and removing.</summary>
public static class PasskeysPage
{
    public static Task PasskeysAsync(this HttpContext http, Markup antiforgery, Navigation frame, PasskeysView view)
    {
        var (settings, say) = (http.RequestServices.GetRequiredService<Settings>(), http.Language());
        var assets = http.RequestServices.GetRequiredService<Assets>();
        var action = settings.IssuerPath + Paths.Passkeys;
        Markup problem = view.Problem is null ? Markup.None : $"""<p class="error" role="alert">{Icons.Wrong}{say[view.Problem]}</p>""";
        Markup list = view.Passkeys.Count == 0
            ? (Markup)$"""<p class="empty">{say["You have no passkey yet."]}</p>"""
            : $"""<ul class="things">{view.Passkeys.Select(One)}</ul>""";
        Markup add = (view.MayAdd, view.Passkeys.Count >= PasskeyStore.Most, view.IsRecent) switch
        {
            (false, _, _) => $"""<p class="note">{say["Passkeys need a server with a name; this one is known by its address only."]}</p>""",
            (_, true, _) => $"""<p class="note">{say["You have 20 passkeys, which is the most. Remove one to add another."]}</p>""",
            (_, _, true) => PasskeyForm.Register(http, antiforgery),
            _ => $"""
                <form method="post" action="{action}">
                {antiforgery}<input type="hidden" name="what" value="confirm">
                <button class="primary" type="submit">{say["Add a passkey"]}</button>
                </form>
                """,
        };
        return http.PageAsync(view.Problem is null ? 200 : 409, view.Problem is null ? "Passkeys" : "Error: Passkeys", $"""
            <h1>{say["Passkeys"]}</h1>
            <p class="lead">{say["A passkey replaces password and code: your phone, computer or security key proves that it is you."]}</p>
            {problem}
            <h2>{say["Your passkeys"]}</h2>
            {list}
            <h2>{say["Add a passkey"]}</h2>
            {add}
            """, frame, script: view is { MayAdd: true, IsRecent: true } ? assets.Passkey : null);

        Markup One(OwnPasskey passkey)
        {
            var id = Base64Url.EncodeToString(passkey.Id);
            var field = "name-" + Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(passkey.Id))[..8];
            return $"""
                <li><h3><bdi>{passkey.Name}</bdi></h3>
                <dl class="facts">
                <div><dt>{say["Added"]}</dt><dd>{say.Time(passkey.CreatedAt)}</dd></div>
                <div><dt>{say["Last used"]}</dt><dd>{(passkey.LastUsedAt is { } used ? say.Time(used)
                    : $"{say["Not used yet"]}")}</dd></div>
                </dl>
                <div class="actions">
                <form method="post" action="{action}">
                {antiforgery}<input type="hidden" name="what" value="rename"><input type="hidden" name="passkey" value="{id}">
                <label for="{field}">{say["Name"]}</label>
                <input id="{field}" name="name" type="text" value="{passkey.Name}" maxlength="64" required dir="auto" autocomplete="off">
                <button type="submit">{say["Rename"]}</button>
                </form>
                <form method="post" action="{action}">
                {antiforgery}<input type="hidden" name="what" value="remove"><input type="hidden" name="passkey" value="{id}">
                <button class="danger" type="submit" aria-label="{say.Put("Remove {0}", $"{passkey.Name}")}">{say["Remove"]}</button>
                </form>
                </div></li>
                """;
        }
    }
}
