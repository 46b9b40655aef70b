using System.Globalization;
using OAuthServer.Authorize;
using OAuthServer.Clients;
using OAuthServer.Protocol;
using OAuthServer.Stores;

namespace OAuthServer.Pages;

/// <summary>What a consent page shows; all of it from the stored request, nothing from the URL.</summary>
public sealed record ConsentView
{
    public required AuthorizationRequest Request { get; init; }
    public required SessionRow Session { get; init; }
    public required ResourceDirectory.Snapshot Known { get; init; }

    /// <summary>The scope allowed last time; null: never asked before.</summary>
    public required string[]? Remembered { get; init; }
    public required DateTimeOffset Now { get; init; }

    /// <summary>Shown again because nothing was ticked.</summary>
    public bool NothingChosen { get; init; }
}

/// <summary>May this app do that? In the order a person decides: as whom, who asks, where it goes, to what, which rights.</summary>
public static class ConsentPage
{
    /// <summary>Name of a scope's checkbox.</summary>
    public static string FieldOf(string scope) => "scope " + scope;

    /// <summary>What a person cannot untick.</summary>
    public static bool IsFixed(string scope, ResourceDirectory.Snapshot known) => RowOf(scope, known) is { Optional: false };

    /// <summary>Whether it lets the client change nothing.</summary>
    public static bool IsReading(string scope, ResourceDirectory.Snapshot known) => RowOf(scope, known) is { Access: "read" } || scope == Scope.OfflineAccess;

    public static Task ConsentAsync(this HttpContext http, Html antiforgery, ConsentView view)
    {
        var settings = http.RequestServices.GetRequiredService<Settings>();
        var request = view.Request;
        var name = Words.Tame(request.Client.Row.Name);
        var ticket = request.Ticket!.Id;
        Html problem = view.NothingChosen ? $"""<p class="error" id="problem" role="alert">Choose at least one, or press Deny.</p>""" : Html.None;
        Html described = view.NothingChosen ? $""" aria-describedby="problem" """ : Html.None;
        Html reading = OffersReading(view) ? $"""<button type="submit" name="decision" value="read">Allow reading only</button>""" : Html.None;

        return http.PageAsync(view.NothingChosen ? 400 : 200, (view.NothingChosen ? "Error: " : "") + "Allow access", $"""
            <p class="who">Signed in as <strong><bdi>{view.Session.Username}</bdi></strong>. <a href="{settings.IssuerPath + Paths.Login}?request={ticket}&amp;switch=1">Not you? Switch account</a></p>
            <h1><bdi>{name}</bdi> asks for access</h1>
            <p class="identity">{Identity(request, view.Now)}</p>
            <dl>
            <dt>Access goes to</dt>
            <dd>{Destination(request)}</dd>
            <dt>What is accessed</dt>
            {request.Resources.Select(resource => ResourceOf(resource, view.Known))}
            </dl>
            {problem}
            <form method="post" action="{settings.IssuerPath + Paths.Consent}">
            {antiforgery}<input type="hidden" name="request" value="{ticket}">
            <fieldset{described}>
            <legend>This app will be able to</legend>
            <ul>
            {request.Scope.Select((scope, index) => Item(scope, index, view))}
            </ul>
            </fieldset>
            <div class="choices">
            <button type="submit" name="decision" value="allow">Allow</button>
            {reading}
            <button type="submit" name="decision" value="deny">Deny</button>
            </div>
            </form>
            """);
    }

    /// <summary>Who vouches for the name, if anybody.</summary>
    private static Html Identity(AuthorizationRequest request, DateTimeOffset now)
    {
        var client = request.Client.Row;
        switch (client.Origin)
        {
            case "operator":
                return $"Registered by the operator";
            // MCP, Localhost Redirect URI Risks: the document is its publisher's, the program that listens may be anybody's.
            case "document":
                Html anybody = request.LandsOnThisComputer ? $"""; <span class="caution">any program on this computer could say it is this app</span>""" : Html.None;
                return $"Published by <strong>{RedirectUri.Host(client.ClientId)}</strong>{anybody}";
            default:
                var day = client.CreatedAt.ToString(client.CreatedAt.Year == now.Year ? "d MMM" : "d MMM yyyy", CultureInfo.InvariantCulture);
                return $"""<span class="caution">This app registered itself on {day}; its name is not verified</span>""";
        }
    }

    private static Html Destination(AuthorizationRequest request)
    {
        var host = RedirectUri.Host(request.RedirectUri);
        if (!request.LandsOnThisComputer) return $"<strong>{host}</strong>";
        Html opening = $"that opens <strong>{host}</strong> links";
        Html named = $"(<strong>{host}</strong>)";
        return $"""<span class="caution">an app on this computer {(host.EndsWith(':') ? opening : named)}. Continue only if you started this just now</span>""";
    }

    private static Html ResourceOf(string uri, ResourceDirectory.Snapshot known) =>
        $"<dd><strong><bdi>{Words.Tame(known.Find(uri)?.Name ?? uri)}</bdi></strong> <span class=\"url\">{uri}</span></dd>";

    private static Html Item(string scope, int index, ConsentView view)
    {
        var row = RowOf(scope, view.Known);
        var words = scope == Scope.OfflineAccess ? row?.Text ?? "Stay connected while you are away" : row?.Text ?? scope;
        Html isNew = view.Remembered is { } before && !before.Contains(scope) ? $"""<span class="mark">New since last time</span>""" : Html.None;
        Html writes = row is { Access: "write" } ? $"""<span class="mark">Makes changes</span>""" : Html.None;
        Html sensitive = row is { Sensitive: true } ? $"""<span class="mark">Sensitive</span>""" : Html.None;
        if (row is { Optional: false })
            return $"""<li><span class="fixed" aria-hidden="true">✓</span><span class="words"><span>{words}</span>{isNew}{writes}{sensitive}<span class="mark">Always included</span></span></li>""";

        Html ticked = row is { Sensitive: true } || view.NothingChosen ? Html.None : $" checked";
        return $"""<li><input type="checkbox" id="scope-{index}" name="{FieldOf(scope)}" value="yes"{ticked}><label class="words" for="scope-{index}"><span>{words}</span>{isNew}{writes}{sensitive}</label></li>""";
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
