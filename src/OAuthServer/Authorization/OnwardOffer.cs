using OAuthServer.Clients;
using OAuthServer.Html;
using OAuthServer.Protocol;
using OAuthServer.Stores.Grants;
using OAuthServer.Stores.Resources;

namespace OAuthServer.Authorization;

/// <summary>
/// An agent that an operator lets act elsewhere with what is about to be allowed (RFC 8693), as the consent page shows it: the person may
/// leave it out.
/// </summary>
/// <param name="Rule">What becomes part of the grant.</param>
/// <param name="ActorName">What people call the agent.</param>
public sealed record OnwardOffer(OnwardRule Rule, string ActorName)
{
    private const string Prefix = "onward ";

    /// <summary>Name of its checkbox.</summary>
    public string Field => $"{Prefix}{Rule.Rule}";

    /// <summary>
    /// The enabled rules that begin at one of these resources and end at another one, for tokens of this client. What begins where
    /// another one ends is not among them: that is no second consent.
    /// </summary>
    public static IReadOnlyList<OnwardOffer> For(
        AuthorizationRequest request, IReadOnlyList<ExchangeRuleRow> rules, ResourceDirectory.Snapshot catalog) =>
    [
        .. rules.Where(rule => rule is { Enabled: true, ActorEnabled: true } && request.Resources.Contains(rule.FromResource)
                && !request.Resources.Contains(rule.Resource) && rule.Takes(request.Client.Id)
                && catalog.Find(rule.Resource) is { Enabled: true } && catalog.ScopesOf(rule).Length > 0)
            .Select(rule => new OnwardOffer(new OnwardRule
            {
                Rule = rule.Id,
                Actor = rule.Actor,
                Resource = rule.Resource,
                Scopes = catalog.ScopesOf(rule),
            }, rule.ActorName)),
    ];

    /// <summary>Those that were left ticked; null: one was that the request does not have.</summary>
    public static IReadOnlyList<OnwardRule>? Ticked(IReadOnlyList<OnwardOffer> offers, Parameters form)
    {
        var ticked = form.All.Select(field => field.Key).Where(name => name.StartsWith(Prefix, StringComparison.Ordinal)).ToHashSet();
        return ticked.IsSubsetOf(offers.Select(offer => offer.Field))
            ? [.. offers.Where(offer => ticked.Contains(offer.Field)).Select(offer => offer.Rule)] : null;
    }

    /// <summary>The part of the page about them; nothing where there are none.</summary>
    /// <param name="answered">The form as it was answered, when it is shown again.</param>
    /// <param name="onlyReading">Only what changes nothing is ticked to begin with.</param>
    public static Markup Section(
        IReadOnlyList<OnwardOffer> offers, ResourceDirectory.Snapshot known, Parameters? answered, bool onlyReading, Language say)
    {
        return offers.Count == 0 ? Markup.None : $"""
            <fieldset class="onward">
            <legend>{say["This app may pass this on to"]}</legend>
            <p class="note">{say["These agents would act for you elsewhere. The app works without them."]}</p>
            <ul>
            {offers.Select(Item)}
            </ul>
            </fieldset>
            """;

        Markup Item(OnwardOffer offer, int index)
        {
            ScopeRow[] rows = [.. known.Scopes.Where(row => offer.Rule.Scopes.Contains(row.Name))];
            var ticked = answered is not null ? answered[offer.Field] is not null
                : !rows.Any(row => row.Sensitive) && !(onlyReading && rows.Any(row => row.Access == "write"));
            Markup check = ticked ? (Markup)$" checked" : Markup.None;
            Markup writes = rows.Any(row => row.Access == "write")
                ? (Markup)$"""<span class="mark soon">{say["Makes changes"]}</span>""" : Markup.None;
            Markup sensitive = rows.Any(row => row.Sensitive) ? (Markup)$"""<span class="mark">{say["Sensitive"]}</span>""" : Markup.None;
            return $"""
                <li><input type="checkbox" id="onward-{index}" name="{offer.Field}" value="yes"{check}><label
                    class="words" for="onward-{index}"><span>{say.Put("{0} acts for you at {1}",
                        $"<bdi>{Words.Sanitize(offer.ActorName)}</bdi>",
                        $"<bdi>{Words.Sanitize(known.NameOf(offer.Rule.Resource, say.Code))}</bdi>")}</span>{writes}{sensitive}
                    <span class="url"><bdi>{offer.Rule.Resource}</bdi></span>
                    {offer.Rule.Scopes.Select(scope =>
                        (Markup)$"""<span class="detail"><bdi>{AppText.Scope(scope, known, say)}</bdi></span>""")}
                    </label></li>
                """;
        }
    }
}
