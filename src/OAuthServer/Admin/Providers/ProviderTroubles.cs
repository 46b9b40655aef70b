using OAuthServer.Federation;
using OAuthServer.Html;
using OAuthServer.Protocol;
using OAuthServer.Stores.Federation;

namespace OAuthServer.Admin.Providers;

/// <summary>The dashboard's part about companies that nobody can sign in at.</summary>
public sealed class ProviderTroubles(ProviderStates states, ProviderFaultStore faults, Settings settings, TimeProvider time)
{
    private static readonly TimeSpan Since = TimeSpan.FromDays(1);

    /// <summary>The part; nothing where all is well.</summary>
    public async Task<Markup> SectionAsync(Language say, CancellationToken cancel)
    {
        var all = await states.ReadAsync(cancel);
        var hidden = all.Where(one => one is { Provider.Row.Enabled: true, Problem: not null }).ToList();
        var refused = all.Count == 0 ? [] : await faults.ListAsync(FederationErrors.WrongSetUpRule, time.GetUtcNow() - Since, cancel);
        if (hidden.Count + refused.Count == 0) return Markup.None;
        return $"""
            <section aria-labelledby="companies">
            <h2 id="companies">{say["Companies nobody can sign in at"]}</h2>
            <ul>
            {hidden.Select(one => Line(one.Provider.Id, one.Provider.Label, $"{one.Problem}", null))}
            {refused.Select(one => Line(one.Provider, all.FirstOrDefault(each => each.Provider.Id == one.Provider)?.Provider.Label
                ?? one.Provider, one.Reason, one.LastAt))}
            </ul>
            </section>
            """;

        Markup Line(string id, string label, string why, DateTimeOffset? at)
        {
            Markup when = at is { } last ? (Markup)$" {say.Time(last)}" : Markup.None;
            return $"""
                <li><a href="{settings.IssuerPath + ProvidersPage.Place(id)}"><bdi>{Words.Sanitize(label)}</bdi></a>:
                    <span lang="en" dir="ltr">{Words.Sanitize(why, "–", 300)}</span>{when}</li>
                """;
        }
    }
}
