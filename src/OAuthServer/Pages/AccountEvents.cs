using OAuthServer.Stores;

namespace OAuthServer.Pages;

/// <summary>What lately happened to an account, so that its person notices what they did not do.</summary>
public static class AccountEvents
{
    /// <summary>The part of the person's page.</summary>
    internal static Html Section(IReadOnlyList<AccountEventRow> events, Language say)
    {
        if (events.Count == 0) return Html.None;
        return $"""
            <section aria-labelledby="events">
            <h2 id="events">{say["What happened lately"]}</h2>
            <p>{say["Something here that was not you? Change your password: that ends every session and every app's access."]}</p>
            <table>
            <caption>{say["The newest first"]}</caption>
            <thead><tr><th scope="col">{say["What"]}</th><th scope="col">{say["When"]}</th><th scope="col">{say["Address"]}</th></tr></thead>
            <tbody>
            {events.Select(one => Row(one, say))}
            </tbody>
            </table>
            </section>
            """;
    }

    private static Html Row(AccountEventRow one, Language say)
    {
        Html address = one.Address is null ? $"–" : (Html)$"<bdi>{one.Address}</bdi>";
        return $"""
            <tr><th scope="row">{What(one, say)}</th><td data-label="{say["When"]}">{say.Time(one.At)}</td><td data-label="{say["Address"]}">{address}</td></tr>
            """;
    }

    private static Html What(AccountEventRow one, Language say)
    {
        Html app = $"<bdi>{say.App(one.App ?? "")}</bdi>";
        return one.What switch
        {
            "signed-in" => $"{say["You signed in"]}",
            "sign-in-refused" => $"""<span class="mark no">{say["Refused"]}</span>{say["A sign-in with a wrong password"]}""",
            "signed-out" => $"{say["You signed out"]}",
            "signed-out-by-operator" => $"{say["The operator signed you out"]}",
            "allowed" => say.Put("You allowed {0}", app),
            "denied" => say.Put("You denied {0}", app),
            "revoked" => say.Put("The access of {0} was ended", app),
            "revoked-by-operator" => say.Put("The operator ended the access of {0}", app),
            "reused" => $"""<span class="mark no">{say["Refused"]}</span>{say.Put("Somebody may have stolen the access of {0} and tried to use it", app)}""",
            "password" => $"{say["You changed your password"]}",
            _ => $"{say["The operator set a new password"]}",
        };
    }
}
