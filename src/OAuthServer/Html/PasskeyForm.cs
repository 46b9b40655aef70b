using OAuthServer.Protocol;

namespace OAuthServer.Html;

/// <summary>
/// What passkey.js works with. Passkeys exist in script only, so the forms are hidden until it has run; without it a line says what is
/// missing.
/// </summary>
public static class PasskeyForm
{
    /// <summary>A button that signs in with a passkey.</summary>
    /// <param name="hidden">What waits for the sign-in.</param>
    /// <param name="canFillIn">Whether the browser may offer passkeys in the field for the username, too (WebAuthn L3 §5.1.4).</param>
    public static Markup SignIn(HttpContext http, Markup antiforgery, Markup hidden, bool canFillIn)
    {
        var (settings, say) = (http.RequestServices.GetRequiredService<Settings>(), http.Language());
        return $"""
            <form id="passkey" method="post" action="{settings.IssuerPath + Paths.LoginPasskey}" data-kind="get"
                data-fill="{(canFillIn ? "yes" : "no")}" data-options="{settings.IssuerPath + Paths.LoginPasskeyOptions}"
                {Words(say)} hidden>
            {antiforgery}{hidden}
            <p class="error" role="alert" hidden></p>
            <button type="submit">{say["Sign in with a passkey"]}</button>
            </form>
            <noscript><p class="note">{say["Passkeys need JavaScript, which your browser does not run here."]}</p></noscript>
            """;
    }

    /// <summary>A field and a button that add a passkey.</summary>
    public static Markup Register(HttpContext http, Markup antiforgery)
    {
        var (settings, say) = (http.RequestServices.GetRequiredService<Settings>(), http.Language());
        return $"""
            <form id="passkey" method="post" action="{settings.IssuerPath + Paths.Passkeys}" data-kind="create"
                data-options="{settings.IssuerPath + Paths.PasskeyOptions}" {Words(say)} hidden>
            {antiforgery}
            <p class="error" role="alert" hidden></p>
            <label for="name">{say["Name of the passkey"]}</label>
            <input id="name" name="name" type="text" maxlength="64" required dir="auto" autocomplete="off" placeholder="{say["My phone"]}">
            <button class="primary" type="submit">{say["Add a passkey"]}</button>
            </form>
            <noscript><p class="note">{say["Passkeys need JavaScript, which your browser does not run here."]}</p></noscript>
            """;
    }

    // What the script says of a refusal, by its status.
    private static Markup Words(Language say) => $"""
        data-refused="{say["This passkey cannot be used here."]}"
                data-wait="{say["Too many attempts. Wait a minute, then try again."]}"
                data-expired="{say["This page has expired; open it again."]}"
                data-failed="{say["The passkey was not used. Try again, or choose another way."]}"
        """;
}
