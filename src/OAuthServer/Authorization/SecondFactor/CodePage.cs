using OAuthServer.Html;
using OAuthServer.Protocol;
using OAuthServer.Stores.Users;

namespace OAuthServer.Authorization.SecondFactor;

/// <summary>What the page of the second step shows.</summary>
public sealed record CodeView
{
    public required string Ticket { get; init; }
    public required PendingSignInRow Pending { get; init; }

    /// <summary>Whether a recovery code is asked, in place of the app's.</summary>
    public required bool WithRecoveryCode { get; init; }

    /// <summary>Why it is shown again, or null.</summary>
    public required OAuthError? Error { get; init; }
}

/// <summary>The second step of a sign-in: a code of the authenticator app, a recovery code, or a passkey.</summary>
public static class CodePage
{
    public const string Code = "code";

    public static Task CodeAsync(this HttpContext http, Markup antiforgery, Waiting then, CodeView view)
    {
        http.Speak(then.Request?.UiLocales);
        var (settings, say, row) = (http.RequestServices.GetRequiredService<Settings>(), http.Language(), view.Pending);
        var assets = http.RequestServices.GetRequiredService<Assets>();
        var recovery = view.WithRecoveryCode || !row.HasCodes;
        Markup waits = $"""{then.Hidden}<input type="hidden" name="pending" value="{view.Ticket}">""";
        var wrong = view.Error?.Status == 429 ? say["Too many attempts. Wait 15 minutes, or use a passkey."]
            : say["That code is not right. Wait for the next one."];
        Markup problem = view.Error is null ? Markup.None
            : $"""<p class="error" id="problem" role="alert">{Icons.Wrong}{wrong}</p>""";
        Markup flaw = view.Error is null ? Markup.None : $""" aria-invalid="true" aria-describedby="problem" """;
        Markup form = !row.HasCodes && !row.HasRecoveryCodes ? Markup.None : $"""
            <form method="post" action="{settings.IssuerPath + Paths.LoginCode}">
            {antiforgery}{waits}
            {(recovery ? RecoveryField() : CodeField())}
            <button class="primary" type="submit">{say["Continue"]}</button>
            </form>
            """;
        Markup other = row is { HasCodes: true, HasRecoveryCodes: true } ? $"""
            <p class="note"><a href="{settings.IssuerPath + Paths.LoginCode}?pending={view.Ticket}{then.Query}{(recovery ? ""
                : "&recovery=1")}">{(recovery ? say["Use the code of your authenticator app"] : say["Use a recovery code"])}</a></p>
            """ : Markup.None;
        Markup passkey = row.HasPasskeys ? PasskeyForm.SignIn(http, antiforgery, then.Hidden, canFillIn: false) : Markup.None;
        var title = view.Error is null ? "Confirm that it is you" : "Error: Confirm that it is you";
        return http.PageAsync(view.Error?.Status ?? 200, title, $"""
            <h1>{say["Confirm that it is you"]}</h1>
            <p class="lead">{say[Lead()]}</p>
            {problem}
            {form}
            {passkey}
            {other}
            <p class="note">{say["You have five minutes for this step."]} <a href="{settings.IssuerPath
                + Paths.Login}{then.FirstQuery}">{say["Start over"]}</a></p>
            """, script: row.HasPasskeys ? assets.Passkey : null);

        string Lead() => (row.HasCodes, recovery && row.HasRecoveryCodes) switch
        {
            (_, true) => "Enter one of the recovery codes you kept. Each works once.",
            (true, _) => "Enter the code that your authenticator app shows.",
            _ => "Use your passkey to go on.",
        };

        Markup CodeField() => $"""
            <label for="{Code}">{say["Code"]}</label>
            <input id="{Code}" name="{Code}" type="text" required inputmode="numeric" autocomplete="one-time-code" maxlength="16" dir="ltr"
                spellcheck="false" autofocus{flaw}>
            """;

        Markup RecoveryField() => $"""
            <label for="{Code}">{say["Recovery code"]}</label>
            <input id="{Code}" name="{Code}" type="text" required autocomplete="off" maxlength="40" dir="ltr" autocapitalize="characters"
                spellcheck="false" autofocus{flaw}>
            """;
    }
}
