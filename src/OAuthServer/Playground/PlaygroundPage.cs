using OAuthServer.Html;
using OAuthServer.Protocol;

namespace OAuthServer.Playground;

/// <summary>
/// A walkthrough through OAuth against this very server, one step a page: first what will be sent and why, then what came back.
/// </summary>
public static class PlaygroundPage
{
    /// <summary>The name of the field that says which step to do; <see cref="Over"/> begins anew.</summary>
    public const string Field = "step";

    public const string Over = "over";

    public static Task PlaygroundAsync(this HttpContext http, PlaygroundView view)
    {
        var (settings, say) = (http.RequestServices.GetRequiredService<Settings>(), http.Language());
        return view.Stage is { } stage
            ? http.PageAsync(200, "Playground", Walked(stage, view, settings, say), roomy: true)
            : http.PageAsync(200, "Playground", Begin(view, settings, say), roomy: true);
    }

    /// <summary>There is no demo world to walkthrough through.</summary>
    public static Task PlaygroundIsEmptyAsync(this HttpContext http)
    {
        var say = http.Language();
        return http.PageAsync(200, "Playground", $"""
            <h1>{say["Playground"]}</h1>
            <p class="lead">{say["The playground uses the clients and users of the demo data, and this database does not have them."]}</p>
            <p>{say.Put(
                "In a checkout, {0} starts a server with the demo data and its own database. To add the demo data to this database, set {1} and restart, or run {2}.",
                $"<code>make run</code>", $"<code>OAuth__Demo=true</code>", $"<code>oauth-server seed demo</code>")}</p>
            """, roomy: true);
    }

    private static Markup Begin(PlaygroundView view, Settings settings, Language say)
    {
        var next = Stages.All.FirstOrDefault(stage => !view.Done.Contains(stage)) ?? Stages.Revoke;
        return $"""
            <h1>{say["See OAuth in action"]}</h1>
            <p class="lead">
                {say["Five steps, from a first token to a stolen one. Each step sends real requests to this server and shows the request, the response and the audit log entries."]}
            </p>
            {NextStep(view, settings, say)}
            <h2>{say["Participants"]}</h2>
            <dl class="facts">
            <div><dt><code>{PlaygroundRequests.Machine}</code></dt>
                <dd>{say["A machine client with a secret. It runs unattended and acts for no person."]}</dd></div>
            <div><dt><code>{PlaygroundRequests.App}</code></dt>
                <dd>{say["An app on a person's computer. It has no secret, because a secret shipped in an app can be extracted."]}</dd>
            </div>
            <div><dt><code>alice</code></dt>
                <dd>{say.Put("The user, played by you. Her password is {0}.", $"<code>alice-demo-password</code>")}</dd></div>
            <div><dt><code>{PlaygroundRequests.Api}</code></dt>
                <dd>{say["The API that holds her notes. Every token here is for this API."]}</dd></div>
            </dl>
            <div class="actions"><a class="button primary" href="{Url(next, settings)}">{(view.Done.Count == 0
                ? say["Start"] : say["Continue"])}</a>{StartOver(view, settings, say)}</div>
            <p class="note">{say["This page is available only in Development, on this computer. The demo secrets are public."]}</p>
            """;
    }

    private static Markup Walked(string stage, PlaygroundView view, Settings settings, Language say) => $"""
        {NextStep(view, settings, say)}
        <h1>{Stages.Title(stage, say)}</h1>
        <p class="lead">{Stages.Lead(stage, say)}</p>
        <p class="detail">{say.Put("Step {0} of {1}", $"{Stages.Number(stage)}", $"{Stages.All.Length}")} ·
            <bdi>{Stages.Rules(stage)}</bdi></p>
        {(view.Exchanges is { } exchanges ? Result(stage, exchanges, view, settings, say) : Announcement(stage, view, settings, say))}
        """;

    private static Markup Announcement(string stage, PlaygroundView view, Settings settings, Language say)
    {
        if (view.Missing is { } first)
            return $"""
                <p class="caution">{say.Put("Complete step {0} first: {1}.",
                    $"{Stages.Number(first)}", $"<strong>{Stages.Title(first, say)}</strong>")}</p>
                <div class="actions"><a class="button primary" href="{Url(first, settings)}">{say.Put("Go to step {0}",
                    $"{Stages.Number(first)}")}</a>{StartOver(view, settings, say)}</div>
                """;

        Markup hint = stage == Stages.Person
            ? $"""
                <p class="caution">{say.Put("Sign in as {0} with {1}. Leave everything ticked on the next page and press Allow.",
                    $"<code>alice</code>", $"<code>alice-demo-password</code>")}</p>
                """
            : Markup.None;
        return $"""
            {new PlaygroundRequests(settings).Plan(stage, say).Select(ask => ExchangeParts.Announced(ask, say))}
            {hint}
            <div class="actions">{Do(stage, stage == Stages.Person ? say["Go to sign-in"] : say["Send"],
                "primary", view, settings)}{StartOver(view, settings, say)}</div>
            """;
    }

    private static Markup Result(string stage, IReadOnlyList<Exchange> exchanges, PlaygroundView view, Settings settings, Language say)
    {
        var done = view.Done.Contains(stage);
        Markup again = !done || Stages.MayBeRepeated(stage) ? Do(stage, say["Repeat"], done ? "" : "primary", view, settings) : Markup.None;
        Markup next = !done ? Markup.None
            : Stages.After(stage) is { } after
                ? (
                    Markup)$"""
                        <a class="button primary" href="{Url(after, settings)}">{say.Put("Next: {0}", $"{Stages.Title(after, say)}")}</a>
                        """
            : Markup.None;
        return $"""
            {exchanges.Select(exchange => Shown(exchange, exchanges.Count < 3, say))}
            {(done && Stages.After(stage) is null ? End(settings, say) : Markup.None)}
            <div class="actions">{next}{again}{StartOver(view, settings, say)}</div>
            """;
    }

    private static Markup Shown(Exchange exchange, bool open, Language say)
    {
        Markup verdict = exchange.Fits
            ? (Markup)$"""<p class="good">{exchange.Request.Means(say)}</p>"""
            : $"""
                <p class="caution">{exchange.Request.Otherwise?.Invoke(say)
                    ?? say["This is not the expected response. The demo data may have been changed; the audit log below shows what happened."]}</p>
                """;
        return $"""
            <section class="exchange">
            <h2>{exchange.Request.Says(say)}</h2>
            {verdict}
            {ExchangeParts.Request(exchange.Request, say)}
            {ExchangeParts.Answer(exchange, say)}
            {ExchangeParts.Token(exchange["access_token"], open, say)}
            {ExchangeParts.Audit(exchange, say)}
            </section>
            """;
    }

    private static Markup End(Settings settings, Language say) => $"""
        <h2>{say["All steps completed"]}</h2>
        <ul>
        <li>{say.Put("What a user sees: {0}, as alice.",
            $"""<a href="{settings.IssuerPath + Paths.ConnectedApps}">{say["Connected apps"]}</a>""")}</li>
        <li>{say.Put("What an operator sees: {0}, as olivia with {1}.",
            $"""<a href="{settings.IssuerPath + Paths.Admin}">{say["Administration"]}</a>""", $"<code>olivia-demo-password</code>")}</li>
        <li>{say.Put("The same in a terminal, and next steps: {0} in the checkout.", $"<code>docs/tour.md</code>")}</li>
        </ul>
        """;

    private static Markup NextStep(PlaygroundView view, Settings settings, Language say)
    {
        return $"""
            <nav class="steps" aria-label="{say["Steps"]}">
            <ol>
            {Stages.All.Select(Entry)}
            </ol>
            </nav>
            """;

        Markup Entry(string stage)
        {
            var done = view.Done.Contains(stage);
            Markup here = stage == view.Stage ? $" aria-current=\"step\"" : Markup.None;
            Markup mark = done ? $"""<span aria-hidden="true">✓</span><span class="unseen">{say["done"]}</span>"""
                : (Markup)$"{Stages.Number(stage)}";
            return $"""
                <li><a{(done ? (Markup)$" class=\"done\"" : Markup.None)} href="{Url(stage, settings)}"{here}><span
                    class="mark{(done ? (Markup)$" yes" : Markup.None)}">{mark}</span> {Stages.Short(stage, say)}</a></li>
                """;
        }
    }

    private static Markup StartOver(PlaygroundView view, Settings settings, Language say) =>
        view.Done.Count == 0 && view.Exchanges is null ? Markup.None : Do(Over, say["Start over"], "", view, settings);

    private static Markup Do(string what, string text, string kind, PlaygroundView view, Settings settings) => $"""
        <form method="post" action="{settings.IssuerPath + Paths.Playground}">
        {view.Antiforgery}<input type="hidden" name="{Field}" value="{what}">
        <button class="{kind}" type="submit">{text}</button>
        </form>
        """;

    private static string Url(string stage, Settings settings) => $"{settings.IssuerPath}{Paths.Playground}?{Field}={stage}";
}
