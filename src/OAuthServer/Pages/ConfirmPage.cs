using OAuthServer.Protocol;

namespace OAuthServer.Pages;

/// <summary>
/// Who changes something here proves again who they are when their sign-in is old. What they had typed waits in the form and is
/// sent on with the password.
/// </summary>
public static class ConfirmPage
{
    /// <summary>The name of the password's field, which no other form has.</summary>
    public const string Password = "your_password";

    /// <param name="form">What was posted and waits.</param>
    /// <param name="error">Why it is shown again, or null.</param>
    public static Task ConfirmAsync(this HttpContext http, Html antiforgery, Frame frame, Parameters form, OAuthError? error)
    {
        var say = http.Language();
        var fields = new Fields(say, _ => null, error is null ? [] : new Dictionary<string, string> { [Password] = error.Description });
        return http.PageAsync(error?.Status ?? 401, error is null ? "Confirm that it is you" : "Error: Confirm that it is you", $"""
            <h1>{say["Confirm that it is you"]}</h1>
            <p class="lead">{say["You signed in a while ago, and this changes something. Enter your password to go on; nothing you typed is lost."]}</p>
            <form method="post" action="{http.Request.PathBase + http.Request.Path + http.Request.QueryString}">
            {antiforgery}{form.All.Where(pair => pair.Key is not (Password or Forms.FieldName)).Select(Kept)}
            {Fields.ForPasswordManagers(frame.Session.Username)}
            {fields.Password(Password, "Password", "current-password")}
            <button class="primary" type="submit">{say["Go on"]}</button>
            </form>
            """, frame);
    }

    private static Html Kept(KeyValuePair<string, string> pair) => $"""<input type="hidden" name="{pair.Key}" value="{pair.Value}">""";
}
