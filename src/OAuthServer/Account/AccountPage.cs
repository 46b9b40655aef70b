using OAuthServer.Html;
using OAuthServer.Protocol;

namespace OAuthServer.Account;

/// <summary>One's account: each section is a part of it.</summary>
public static class AccountPage
{
    /// <param name="sections">In the order they are read.</param>
    public static Task AccountAsync(this HttpContext http, Navigation frame, params IEnumerable<Markup> sections)
    {
        var (settings, say) = (http.RequestServices.GetRequiredService<Settings>(), http.Language());
        return http.PageAsync(200, "Your account", $"""
            <h1>{say["Your account"]}</h1>
            {sections}
            <section><h2>{say["Password"]}</h2>
            <p><a class="way" href="{settings.IssuerPath + Paths.Password}">{say["Change your password"]}</a></p></section>
            """, frame);
    }
}
