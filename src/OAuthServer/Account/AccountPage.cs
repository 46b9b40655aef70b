using OAuthServer.Html;
using OAuthServer.Protocol;
using OAuthServer.Stores.Users;

namespace OAuthServer.Account;

/// <summary>What the page of one's account shows.</summary>
public sealed record AccountView
{
    public required Navigation Navigation { get; init; }
    public required Markup Antiforgery { get; init; }
    public required Profile Profile { get; init; }

    /// <summary>An address that waits for its link to be opened; null: none.</summary>
    public required string? AddressWaiting { get; init; }

    /// <summary>saved or address; any other, and null: nothing was done.</summary>
    public string? Done { get; init; }

    /// <summary>What was posted and not taken; null: the form is as the row is.</summary>
    public Parameters? Posted { get; init; }
    public IReadOnlyDictionary<string, string> Problems { get; init; } = new Dictionary<string, string>();

    /// <summary>Further ways to sign in, in the order they are read: each a section of its own.</summary>
    public IReadOnlyList<Markup> WaysIn { get; init; } = [];
}

/// <summary>One's account: profile, address, ways to sign in, and the way out.</summary>
public static class AccountPage
{
    /// <summary>The hidden field that says which form was posted.</summary>
    public const string What = "what";
    public const string Address = "address";

    /// <summary>Longest name one gives oneself.</summary>
    public const int LongestName = 200;

    public static Task AccountAsync(this HttpContext http, AccountView view)
    {
        var (settings, say) = (http.RequestServices.GetRequiredService<Settings>(), http.Language());
        var wrong = view.Problems.Count > 0;
        return http.PageAsync(wrong ? 400 : 200, wrong ? "Error: Your account" : "Your account", $"""
            <h1>{say["Your account"]}</h1>
            {Done(view.Done, say)}
            {Profile(view, settings, say)}
            {AddressOf(view, settings, say)}
            <section aria-labelledby="password-of-mine"><h2 id="password-of-mine">{say["Password"]}</h2>
            <p class="actions"><a class="button" href="{settings.IssuerPath + Paths.Password}">{say[
                view.Navigation.Session.HasPassword ? "Change your password" : "Set a password"]}</a></p></section>
            <section aria-labelledby="factors"><h2 id="factors">{say["Second factor"]}</h2>
            <div class="actions"><a class="button" href="{settings.IssuerPath + Paths.Passkeys}">{say["Passkeys"]}</a>
                <a class="button" href="{settings.IssuerPath + Paths.SecondFactor}">{say[
                    "Authenticator app and recovery codes"]}</a></div></section>
            {view.WaysIn}
            {Data(settings, say)}
            """, view.Navigation);
    }

    private static Markup Done(string? done, Language say) => done switch
    {
        "saved" => Good(say["Your profile has been saved."]),
        "address" => Good(say["A message is on its way to the new address. It takes effect when you open the link in it."]),
        _ => Markup.None,
    };

    private static Markup Good(string text) => $"""<p class="good" role="status">{Icons.Done}{text}</p>""";

    private static Markup Profile(AccountView view, Settings settings, Language say)
    {
        var profile = view.Profile;
        var fields = new Fields(say, name => view.Posted is { } posted && posted[What] != Address ? posted[name] : name switch
        {
            "name" => profile.Name,
            "given_name" => profile.GivenName,
            "family_name" => profile.FamilyName,
            "locale" => profile.Locale,
            _ => null,
        }, view.Posted?[What] != Address ? view.Problems : new Dictionary<string, string>());
        Markup inputs = $"""
            {fields.Text("name", "Full name", attributes: $"maxlength=\"{LongestName}\"")}
            <div class="columns">{fields.Text("given_name", "First name", attributes: $"maxlength=\"{LongestName}\"")}{fields.Text(
                "family_name", "Last name", attributes: $"maxlength=\"{LongestName}\"")}</div>
            {fields.Text("locale", "Language", "Such as en, ar or pt-BR", attributes: $"maxlength=\"35\"")}
            """;
        return $"""
            <section aria-labelledby="profile"><h2 id="profile">{say["Profile"]}</h2>
            <p>{say["Apps are told of it what you allow."]}</p>
            {fields.Summary()}
            <form method="post" action="{settings.IssuerPath + Paths.Account}">
            {view.Antiforgery}<input type="hidden" name="version" value="{profile.Version}">
            {inputs}
            <button class="primary" type="submit">{say["Save"]}</button>
            </form></section>
            """;
    }

    private static Markup AddressOf(AccountView view, Settings settings, Language say)
    {
        var profile = view.Profile;
        Markup now = profile.Email is null ? (Markup)$"""<p class="empty">{say["No address is known."]}</p>""" : $"""
            <p><bdi dir="ltr">{profile.Email}</bdi> <span class="mark {(profile.EmailVerified ? "yes" : "soon")}">{say[
                profile.EmailVerified ? "Confirmed" : "Not confirmed"]}</span></p>
            """;
        Markup waiting = view.AddressWaiting is null ? Markup.None : $"""
            <p class="note">{say.Put("{0} waits for you to open the link that was sent to it.",
                $"<bdi dir=\"ltr\">{view.AddressWaiting}</bdi>")}</p>
            """;
        return $"""
            <section aria-labelledby="address"><h2 id="address">{say["E-mail address"]}</h2>
            {now}
            {waiting}
            {Change(view, settings, say)}
            </section>
            """;
    }

    private static Markup Change(AccountView view, Settings settings, Language say)
    {
        if (!settings.HasMail) return $"""<p class="note">{say["An administrator can change it."]}</p>""";
        var fields = new Fields(say, name => view.Posted?[name],
            view.Posted?[What] != Address ? new Dictionary<string, string>() : view.Problems);
        Markup input = fields.Text("email", "New address", type: "email", attributes: $"required maxlength=\"254\"");
        return $"""
            {fields.Summary()}
            <form method="post" action="{settings.IssuerPath + Paths.Account}">
            {view.Antiforgery}<input type="hidden" name="{What}" value="{Address}">
            {input}
            <button type="submit">{say["Send a link to it"]}</button>
            </form>
            """;
    }

    private static Markup Data(Settings settings, Language say)
    {
        Markup delete = !settings.SelfDeletion ? Markup.None
            : $"""<a class="button danger" href="{settings.IssuerPath + Paths.AccountDelete}">{say["Delete your account…"]}</a>""";
        return $"""
            <section aria-labelledby="data"><h2 id="data">{say["Your data"]}</h2>
            <p>{say["All that is kept about you here, as a file (JSON)."]}</p>
            <p class="actions"><a class="button"
                href="{settings.IssuerPath + Paths.AccountData}">{say["Download your data"]}</a>{delete}</p>
            </section>
            """;
    }
}
