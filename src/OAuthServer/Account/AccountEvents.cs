using OAuthServer.Html;
using OAuthServer.Protocol;
using OAuthServer.Stores.Users;

namespace OAuthServer.Account;

/// <summary>What lately happened to an account, so that its person notices what they did not do.</summary>
public static class AccountEvents
{
    /// <summary>The part of the person's page.</summary>
    internal static Markup Section(IReadOnlyList<AccountEventRow> events, Settings settings, Language say)
    {
        if (events.Count == 0) return Markup.None;
        return $"""
            <section aria-labelledby="events">
            <h2 id="events">{say["Recent activity"]}</h2>
            <p>{say.Put("Something you do not recognize? {0}: that ends every other session and every app's access.",
                $"""<a href="{settings.IssuerPath + Paths.Password}">{say["Change your password"]}</a>""")}</p>
            <table>
            <caption>{say["Newest first"]}</caption>
            <thead><tr><th scope="col">{say["Activity"]}</th><th scope="col">{say["When"]}</th>
                <th scope="col">{say["IP address"]}</th></tr></thead>
            <tbody>
            {events.Select(one => Row(one, say))}
            </tbody>
            </table>
            </section>
            """;
    }

    private static Markup Row(AccountEventRow one, Language say)
    {
        Markup address = one.Address is null ? $"–" : (Markup)$"<bdi>{one.Address}</bdi>";
        return $"""
            <tr><th scope="row">{What(one, say)}</th><td data-label="{say["When"]}">{say.Time(one.At)}</td>
                <td data-label="{say["IP address"]}">{address}</td></tr>
            """;
    }

    private static Markup What(AccountEventRow one, Language say)
    {
        Markup app = $"<bdi>{say.App(one.App ?? "")}</bdi>";
        return one.What switch
        {
            "signed-in" => $"{say["You signed in"]}",
            "sign-in-refused" => $"""<span class="mark no">{say["Refused"]}</span>{say["A sign-in attempt with a wrong password"]}""",
            "signed-out" => $"{say["You signed out"]}",
            "signed-out-by-operator" => $"{say["An administrator signed you out"]}",
            "allowed" => say.Put("You allowed {0}", app),
            "denied" => say.Put("You denied {0}", app),
            "revoked" => say.Put("The access of {0} was revoked", app),
            "revoked-by-operator" => say.Put("An administrator revoked the access of {0}", app),
            "reused" =>
                $"""
                    <span class="mark no">{say["Refused"]}</span>{say.Put(
                        "Someone may have stolen the access of {0} and tried to use it", app)}
                    """,
            "password" => $"{say["You changed your password"]}",
            _ => $"{say["An administrator set a new password"]}",
        };
    }
}
