using OAuthServer.Clients;
using OAuthServer.Html;
using OAuthServer.Protocol;
using OAuthServer.Stores.Grants;
using OAuthServer.Stores.Resources;
using OAuthServer.Stores.Users;

namespace OAuthServer.Authorization;

/// <summary>What a consent page shows; all of it from the stored request, nothing from the URL.</summary>
public sealed record ConsentView
{
    public required AuthorizationRequest Request { get; init; }
    public required SessionRow Session { get; init; }
    public required ResourceDirectory.Snapshot Known { get; init; }

    /// <summary>What was allowed last time; null: never asked before.</summary>
    public required RememberedConsent? Remembered { get; init; }
    public required DateTimeOffset Now { get; init; }

    /// <summary>Only what lets the client change nothing is ticked to begin with.</summary>
    public bool OnlyReading { get; init; }

    /// <summary>The form as it was answered, when it is shown again.</summary>
    public Parameters? Answered { get; init; }

    /// <summary>Whether it is shown again because APIs are told more than it said; else nothing was ticked in it.</summary>
    public bool TellsMore { get; init; }
}

/// <summary>May this app do that? In the order a person decides: as whom, who asks, where it goes, to what, which rights.</summary>
public static class ConsentPage
{
    // HTML §4.10.21.2, implicit submission: Enter in a checkbox presses the form's first button. This one sends nothing: method dialog
    // is for forms in a dialog (§4.10.21.3). A disabled one would not do, Chromium looks past it for checkboxes.
    private static readonly Markup NothingByEnter = $"""<button type="submit" formmethod="dialog" hidden></button>""";

    /// <summary>Name of the field that says what the page showed that APIs are told.</summary>
    public const string Shown = "shown";

    /// <summary>Name of a scope's checkbox.</summary>
    public static string FieldOf(string scope) => "scope " + scope;

    /// <summary>What a person cannot untick.</summary>
    public static bool IsFixed(string scope, ResourceDirectory.Snapshot known) => RowOf(scope, known) is { Optional: false };

    /// <summary>Whether it lets the client change nothing.</summary>
    private static bool IsReading(string scope, ResourceDirectory.Snapshot known) => RowOf(
        scope, known) is { Access: "read" } || scope == Scope.OfflineAccess;

    public static Task ConsentAsync(this HttpContext http, Markup antiforgery, ConsentView view)
    {
        var settings = http.RequestServices.GetRequiredService<Settings>();
        var (request, say) = (view.Request, http.Language());
        var (client, pending, again) = (request.Client.Row, request.PendingRequest!.Id, view.Answered is not null);
        Markup problem =
            again ? $"""<p class="error" id="problem" role="alert">{Icons.Wrong}{say[view.TellsMore
                ? "This page has changed since you opened it. Read it again."
                : "Choose at least one, or press Deny."]}</p>"""
            : Markup.None;
        Markup described = again ? $""" aria-describedby="problem" """ : Markup.None;
        Markup careful = Careful(request.Delivery) is not { } warning ? Markup.None
            : $"""<p class="caution">{Icons.Caution}{say[warning]}</p>""";

        return http.PageAsync(again ? 400 : 200, again ? "Error: Allow access" : "Allow access", $"""
            <p class="who">{say.Put("Signed in as {0}.", $"<strong><bdi>{view.Session.Username}</bdi></strong>")}
                <a href="{settings.IssuerPath + Paths.Login}?request={pending}&amp;switch=1">{say["Not you? Switch account"]}</a></p>
            <div class="app">{AppTile.Of(client.Name, say)}<div>
            <h1>{say.Put("{0} wants access to your account", $"<bdi>{say.App(client.Name)}</bdi>")}</h1>
            <p class="identity">{AppText.Identity(client, request.Delivery.LandsOnThisComputer, view.Now, settings, say)}</p>
            </div></div>
            <dl class="pairs">
            <div><dt>{say["Sends data to"]}</dt><dd>{Destination(request, say)}</dd></div>
            {Asked(request, say)}
            {Resources(view, say)}
            {Statements(request.PendingRequest, say)}
            </dl>
            {careful}
            {problem}
            <form method="post" action="{settings.IssuerPath + Paths.Consent}">
            {NothingByEnter}
            {antiforgery}<input type="hidden" name="request" value="{pending}">
            <input type="hidden" name="{Shown}" value="{string.Join('\n', request.Shown)}">
            <fieldset{described}>
            <legend>{say["This app will be able to"]}</legend>
            <ul>
            {request.Scope.Select((scope, index) => Item(scope, index, view, say))}
            </ul>
            {Reading(view, settings, say)}
            </fieldset>
            {OnwardOffer.Section(request.Onward, view.Known, view.Answered, view.OnlyReading, say)}
            {Until(view, say)}
            <div class="choices">
            <button type="submit" name="decision" value="allow">{say["Allow"]}</button>
            <button type="submit" name="decision" value="deny">{say["Deny"]}</button>
            </div>
            </form>
            """);
    }

    // RFC 8628 §5.4: whoever asks people for a code of a device of his own takes what they allow.
    private static string? Careful(Delivery delivery) =>
        delivery is Delivery.Device
            ? "Continue only if the device is in front of you and you started this. Nobody from support asks for this code."
        : delivery.LandsOnThisComputer ? "Only continue if you just started this yourself." : null;

    private static Markup Asked(AuthorizationRequest request, Language say) => request.Delivery is not Delivery.Device device ? Markup.None
        : $"""
            <div><dt>{say["The device asked"]}</dt><dd>{say.Time(device.RequestedAt)}</dd>
                <dd>{say.Put("from the address {0}", $"""<bdi dir="ltr">{device.Address}</bdi>""")}</dd></div>
            """;

    private static Markup Destination(AuthorizationRequest request, Language say)
    {
        var host = request.Delivery.Host;
        if (request.Delivery is Delivery.Device) return $"""{Icons.Computer}<strong>{say["The device whose code you entered"]}</strong>""";
        if (!request.Delivery.LandsOnThisComputer) return $"{Icons.Globe}<strong><bdi>{host}</bdi></strong>";
        if (host.EndsWith(':'))
            return $"{Icons.Computer}<strong>{say.Put("An app on this computer that opens {0} links", $"<bdi>{host}</bdi>")}</strong>";
        return $"""{Icons.Computer}<strong>{say["An app on this computer"]}</strong> <span class="url"><bdi>{host}</bdi></span>""";
    }

    // Hosts, not links: the app chose them, and nobody has read what is there.
    private static Markup Statements(PendingRequest request, Language say)
    {
        return $"""{Host("Its privacy policy is at", request.PolicyUri)}{Host("Its terms are at", request.TosUri)}""";

        Markup Host(string label, string? uri) => uri is null ? Markup.None
            : $"<div><dt>{say[label]}</dt><dd><bdi>{RedirectUri.Host(uri)}</bdi></dd></div>";
    }

    private static Markup Resources(ConsentView view, Language say)
    {
        var apis = view.Known.ApisOf(view.Request.Resources, view.Request.Scope);
        return apis.Count == 0 ? Markup.None
            : $"""<div><dt>{say["Can access"]}</dt>{apis.Select(uri => ResourceOf(uri, view, say))}</div>""";
    }

    private static Markup ResourceOf(string uri, ConsentView view, Language say)
    {
        var name = Words.Sanitize(view.Known.NameOf(uri, say.Code));
        var told = view.Known.ClaimsOf(uri).Where(claim => view.Request.Disclosed.Contains($"{uri} {claim}"));
        return $"""
            <dd><strong><bdi>{name}</bdi></strong> <span class="url"><bdi>{uri}</bdi></span></dd>
            {told.Select(claim => Told(claim, name, say))}
            """;
    }

    private static Markup Told(string claim, string api, Language say) => $"<dd>{say.Put(claim switch
    {
        "email" => "{0} also sees your e-mail address",
        "name" => "{0} also sees your name",
        "preferred_username" => "{0} also sees your user name",
        "groups" => "{0} also sees which groups you belong to",
        _ => "{0} also sees your roles in this app",
    }, $"<bdi>{api}</bdi>")}</dd>";

    private static Markup Item(string scope, int index, ConsentView view, Language say)
    {
        var row = RowOf(scope, view.Known);
        var words = AppText.Scope(scope, view.Known, say);
        Markup isNew = view.Remembered is { } before && !before.Scope.Contains(scope) ? Mark(say["New since last time"]) : Markup.None;
        Markup writes = row is { Access: "write" } ? Mark(say["Makes changes"], "mark soon") : Markup.None;
        Markup sensitive = row is { Sensitive: true } ? Mark(say["Sensitive"]) : Markup.None;
        if (row is { Optional: false })
            return $"""
                <li><span class="fixed" aria-hidden="true">✓</span><span
                    class="words"><span><bdi>{words}</bdi></span>{isNew}{writes}{sensitive}{Mark(say["Always included"])}</span></li>
                """;

        Markup ticked = Checked(view.Answered is { } form ? form[FieldOf(scope)] is not null
            : row is not { Sensitive: true } && (!view.OnlyReading || IsReading(scope, view.Known)));
        return $"""
            <li><input type="checkbox" id="scope-{index}" name="{FieldOf(scope)}" value="yes"{ticked}><label
                class="words" for="scope-{index}"><span><bdi>{words}</bdi></span>{isNew}{writes}{sensitive}</label></li>
            """;
    }

    // An end matters where refresh tokens are: a token alone is over within the hour.
    private static Markup Until(ConsentView view, Language say)
    {
        if (!view.Request.Scope.Contains(Scope.OfflineAccess)) return Markup.None;
        var choices = GrantDuration.For(view.Request.Client);
        var chosen = view.Answered?["until"] ?? GrantDuration.Longest;
        return $"""
            <fieldset class="until">
            <legend>{say["For how long"]}</legend>
            {choices.Select(Choice)}
            </fieldset>
            """;

        Markup Choice(GrantDuration one) =>
            $"""
                <span><input
                    type="radio" id="until-{one.Key}" name="until" value="{one.Key}"{Checked(
                        one.Key == chosen)}><label for="until-{one.Key}">{say.Length(one.Length)}</label></span>
                """;
    }

    private static Markup Checked(bool itIs) => itIs ? $" checked" : Markup.None;

    private static Markup Mark(string text, string kind = "mark") => $"""<span class="{kind}">{text}</span>""";

    // A link: it ticks, and the person still has to press Allow.
    private static Markup Reading(ConsentView view, Settings settings, Language say)
    {
        if (!OffersReading(view)) return Markup.None;
        var (only, text) = view.OnlyReading ? ("", say["Back to everything the app asked for"]) : ("&only=read", say["Only allow reading"]);
        return $"""
            <p class="narrow"><a href="{settings.IssuerPath + Paths.Consent}?request={view.Request.PendingRequest!.Id}{only}">{text}</a></p>
            """;
    }

    // Only when it would leave something, and when what changes things can be left out at all.
    private static bool OffersReading(ConsentView view)
    {
        var scope = view.Request.Scope.Where(one => one != Scope.OfflineAccess).ToArray();
        var writing = scope.Where(one => !IsReading(one, view.Known)).ToArray();
        return writing.Length > 0 && writing.Length < scope.Length && !writing.Any(one => IsFixed(one, view.Known));
    }

    private static ScopeRow? RowOf(string scope, ResourceDirectory.Snapshot known) => known.Scopes.FirstOrDefault(row => row.Name == scope);
}
