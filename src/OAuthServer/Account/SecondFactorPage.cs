using System.Text;
using OAuthServer.Html;
using OAuthServer.Protocol;
using OAuthServer.Stores.Users;
using QRCoder;

namespace OAuthServer.Account;

/// <summary>What a person has beside the password.</summary>
public sealed record SecondFactorView
{
    public required FactorsRow Has { get; init; }

    /// <summary>Whether they may do nothing else, or not enter the administration, before.</summary>
    public required bool IsRequired { get; init; }

    /// <summary>Whether one may be added.</summary>
    public required bool IsOffered { get; init; }

    /// <summary>Where they were going: a parameter and its value, or nothing.</summary>
    public required string Then { get; init; }

    /// <summary>Why nothing changed, in English; or null.</summary>
    public string? Problem { get; init; }
}

/// <summary>An authenticator app that is being added.</summary>
public sealed record EnrolmentView
{
    /// <summary>Base32.</summary>
    public required string Secret { get; init; }
    public required string Uri { get; init; }

    /// <summary>The secret, sealed for this session.</summary>
    public required string Sealed { get; init; }
    public required string Then { get; init; }
    public required OAuthError? Error { get; init; }
}

/// <summary>The second factor: which there is, adding an authenticator app, recovery codes.</summary>
public static class SecondFactorPage
{
    public static Task SecondFactorAsync(this HttpContext http, Markup antiforgery, Navigation frame, SecondFactorView view)
    {
        var (settings, say, has) = (http.RequestServices.GetRequiredService<Settings>(), http.Language(), view.Has);
        Markup problem = view.Problem is null ? Markup.None : $"""<p class="error" role="alert">{Icons.Wrong}{say[view.Problem]}</p>""";
        var any = has.HasCodes || has.Passkeys > 0;
        Markup required = !view.IsRequired ? Markup.None : any
            ? $"""
                <p class="caution" role="status">{say["You need a second factor to go on. Sign in again with yours."]}</p>
                <p class="actions"><a class="button primary" href="{settings.IssuerPath}{Paths.Login}?switch=1{And(view.Then)}">{say[
                    "Sign in again"]}</a></p>
                """
            : (Markup)$"""
                <p class="caution" role="status">{say["You need a second factor to go on: an authenticator app, or a passkey."]}</p>
                """;
        Markup app = (has.HasCodes, view.IsOffered) switch
        {
            (true, _) => $"""
                <p>{say["Your authenticator app is set up: its code is asked for after your password."]}</p>
                <div class="actions">{Button("begin", "Set up another app")}{Button("remove", "Remove the app", "danger")}</div>
                """,
            (_, true) => $"""
                <p>{say["An app on your phone shows a new code every 30 seconds. Whoever has your password cannot sign in without it."]}</p>
                <div class="actions">{Button("begin", "Set up an authenticator app", "primary")}</div>
                """,
            _ => $"""<p class="empty">{say["Your administrator does not offer authenticator apps here."]}</p>""",
        };
        Markup codes = !any ? Markup.None : $"""
            <h2>{say["Recovery codes"]}</h2>
            <p>{say.Put("Recovery codes left: {0}. Each signs you in once when you cannot use the rest.",
                $"<strong>{has.RecoveryCodes}</strong>")}</p>
            <div class="actions">{Button("renew", "Make new recovery codes")}</div>
            """;
        return http.PageAsync(view.Problem is null ? 200 : 409, view.Problem is null ? "Second factor" : "Error: Second factor", $"""
            <h1>{say["Second factor"]}</h1>
            {problem}{required}
            <h2>{say["Authenticator app"]}</h2>
            {app}
            <h2>{say["Passkeys"]}</h2>
            <p>{say["A passkey replaces password and code: your phone, computer or security key proves that it is you."]}</p>
            <div class="actions"><a class="button" href="{settings.IssuerPath}{Paths.Passkeys}">{say["Passkeys"]}</a></div>
            {codes}
            """, frame);

        Markup Button(string what, string text, string look = "") => $"""
            <form method="post" action="{settings.IssuerPath + Paths.SecondFactor}">
            {antiforgery}{Hidden(view.Then)}<input type="hidden" name="what" value="{what}">
            <button type="submit" class="{look}">{say[text]}</button>
            </form>
            """;
    }

    /// <summary>The secret as a picture and as text, and the field for the first code.</summary>
    public static Task EnrolAsync(this HttpContext http, Markup antiforgery, Navigation frame, EnrolmentView view)
    {
        var (settings, say) = (http.RequestServices.GetRequiredService<Settings>(), http.Language());
        Markup problem = view.Error is null ? Markup.None
            : $"""<p class="error" id="problem" role="alert">{Icons.Wrong}{say["That code is not right. Wait for the next one."]}</p>""";
        Markup flaw = view.Error is null ? Markup.None : $""" aria-invalid="true" aria-describedby="problem" """;
        return http.PageAsync(view.Error?.Status ?? 200,
            view.Error is null ? "Set up an authenticator app" : "Error: Set up an authenticator app", $"""
            <h1>{say["Set up an authenticator app"]}</h1>
            {problem}
            <ol class="steps">
            <li>{say["Scan this picture with your authenticator app:"]}
            {Picture(view.Uri, say["The same as the text below"])}
            {say["Or type this key into it:"]} <code class="setup-key" dir="ltr">{string.Join(' ', view.Secret.Chunk(4).Select(part =>
                new string(part)))}</code></li>
            <li>{say["Enter the code that the app shows:"]}
            <form method="post" action="{settings.IssuerPath + Paths.SecondFactor}">
            {antiforgery}{Hidden(view.Then)}<input type="hidden" name="what" value="enrol">
            <input type="hidden" name="sealed" value="{view.Sealed}">
            <label for="code">{say["Code"]}</label>
            <input id="code" name="code" type="text" required inputmode="numeric" autocomplete="one-time-code" maxlength="16" dir="ltr"
                spellcheck="false"{flaw}>
            <div class="actions"><button class="primary" type="submit">{say["Add the app"]}</button>
            <a class="button" href="{settings.IssuerPath + Paths.SecondFactor}">{say["Cancel"]}</a></div>
            </form></li>
            </ol>
            <p class="note">{say["You have ten minutes for this page."]}</p>
            """, frame);
    }

    /// <summary>Recovery codes, this once.</summary>
    public static Task RecoveryCodesAsync(this HttpContext http, Markup antiforgery, Navigation frame, string[] codes, string then)
    {
        var (settings, say) = (http.RequestServices.GetRequiredService<Settings>(), http.Language());
        var onward = then.StartsWith("request=", StringComparison.Ordinal) ? $"{Paths.Authorize}/{then["request=".Length..]}"
            : then.Length > 0 ? $"{Paths.Login}?{then}" : Paths.SecondFactor;
        return http.PageAsync(200, "Recovery codes", $"""
            <h1>{say["Keep these recovery codes"]}</h1>
            <p class="lead">{say["Each signs you in once if you lose the rest. They are shown only now: print them, or keep them in a password manager."]}</p>
            <ul class="codes" dir="ltr">{codes.Select(code => (Markup)$"<li><code>{code}</code></li>")}</ul>
            <div class="actions"><a class="button primary" href="{settings.IssuerPath + onward}">{say["I have kept them"]}</a></div>
            """, frame);
    }

    private static string And(string then) => then.Length == 0 ? "" : "&" + then;

    private static Markup Hidden(string then) => then.Split('=') is [var name, var value]
        ? $"""<input type="hidden" name="{name}" value="{value}">"""
        : Markup.None;

    // A path of squares: our policy has no inline style, and a picture needs none.
    private static Markup Picture(string uri, string described)
    {
        using var generator = new QRCodeGenerator();
        using var data = generator.CreateQrCode(uri, QRCodeGenerator.ECCLevel.M, forceUtf8: true);
        var (size, path) = (data.ModuleMatrix.Count, new StringBuilder());
        for (var row = 0; row < size; row++)
            for (var column = 0; column < size; column++)
                if (data.ModuleMatrix[row][column]) path.Append($"M{column} {row}h1v1h-1z");
        return $"""
            <svg class="picture" viewBox="0 0 {size} {size}" role="img" aria-label="{described}" shape-rendering="crispEdges"><rect
                fill="#fff" width="{size}" height="{size}"/><path fill="#000" d="{path.ToString()}"/></svg>
            """;
    }
}
