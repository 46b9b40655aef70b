using OAuthServer.Clients;
using OAuthServer.Html;
using OAuthServer.Protocol;
using OAuthServer.Stores.Grants;

namespace OAuthServer.Admin.Delegation;

/// <summary>
/// /admin/delegation: the rules of token exchange, and who acts for whom right now; disabling and cutting say first what ends.
/// </summary>
public sealed class DelegationEndpoint(
    SignedInGate gate, ExchangeRuleStore rules, ExchangeRuleEdits edits, DelegationStore delegations, ResourceDirectory resources,
    TimeProvider time)
{
    private const int MostShown = 200;

    public Task ShowAsync(HttpContext http) => gate.ShowAdminAsync(http, async page =>
    {
        var cancel = http.RequestAborted;
        var rule = Guid.TryParse(page.Parameters["rule"], out var id) ? id : (Guid?)null;
        await http.DelegationAsync(page.NavigationOf(Paths.AdminDelegation), page.Antiforgery, new DelegationView
        {
            Rules = await rules.ListAsync(cancel),
            Rule = rule,
            Live = await delegations.LiveAsync(rule, MostShown, cancel),
            IsAll = MostShown,
            Known = await resources.ReadAsync(cancel),
            Done = page.Parameters[Notice.Field],
        });
    });

    public Task ConfirmStateAsync(HttpContext http) => gate.ShowAdminAsync(http, page => WithRuleAsync(page, async rule =>
    {
        var say = http.Language();
        var reach = await edits.ReachAsync(rule.Id, time.GetUtcNow(), http.RequestAborted)
            ?? new ExchangeRuleReach { Delegations = 0, People = 0, Grants = 0 };
        await http.ConfirmationAsync(page.Antiforgery, page.NavigationOf(Paths.AdminDelegation), new Confirmation
        {
            Title = say["Disable a rule"],
            Question = say.Put("Let {0} exchange no more tokens?", $"<bdi>{Words.Sanitize(rule.ActorName)}</bdi>"),
            Consequence = $"{say["Nothing is exchanged by this rule any more, and the tokens it gave are refused within a second. Enabled again, they stay so."]}",
            Impact =
            [
                say.Put("Delegations that end: {0}", $"<strong>{reach.Delegations}</strong>"),
                say.Put("Of people: {0}", $"<strong>{reach.People}</strong>"),
                say.Put("Live grants that allow it: {0}", $"<strong>{reach.Grants}</strong>"),
            ],
            Sql = ExchangeRuleEdits.DisableText(rule.Id),
            Path = Paths.AdminDelegationState,
            Form = [("id", $"{rule.Id}")],
            Button = say["Disable"],
            Back = Paths.AdminDelegation,
        });
    }));

    public Task StateAsync(HttpContext http) => gate.ChangeAdminAsync(http, page => WithRuleAsync(page, async rule =>
    {
        await edits.EnableAsync(rule.Id, page.Parameters["enabled"] is not null, page.Author, http.RequestAborted);
        await page.Done(PageUrl.Of(Paths.AdminDelegation, (Notice.Field, Notice.Saved)));
    }));

    public Task ConfirmCutAsync(HttpContext http) => gate.ShowAdminAsync(http, page => WithStepAsync(page, async step =>
    {
        var say = http.Language();
        var below = step.GrantId is { } grant ? Below(step, await delegations.OfGrantAsync(grant, http.RequestAborted)) : [];
        await http.ConfirmationAsync(page.Antiforgery, page.NavigationOf(Paths.AdminDelegation), new Confirmation
        {
            Title = say["Cut a delegation"],
            Question = say.Put("End what {0} does for {1}?", $"<bdi>{Words.Sanitize(step.ActorName)}</bdi>",
                $"<bdi>{Words.Sanitize(step.Username ?? step.ClientId)}</bdi>"),
            Consequence = $"{say["Its tokens, and those of the agents below it, are refused within a second. It does not begin again under this grant."]}",
            Impact = [.. below.Prepend(step).Select(one => (Markup)$"<bdi>{Words.Sanitize(one.ActorName)}</bdi>")],
            Sql = DelegationStore.CutText(step.Id),
            Path = Paths.AdminDelegationCut,
            Form = [("id", $"{step.Id}")],
            Button = say["Cut"],
            Back = Paths.AdminDelegation,
        });
    }));

    public Task CutAsync(HttpContext http) => gate.ChangeAdminAsync(http, page => WithStepAsync(page, async step =>
    {
        await delegations.CutAsync(step.Id, null, page.Author, page.Context.At);
        await page.Done(PageUrl.Of(Paths.AdminDelegation, (Notice.Field, Notice.Ended)));
    }));

    private static IEnumerable<DelegationRow> Below(DelegationRow step, IReadOnlyCollection<DelegationRow> all) =>
        all.Where(row => row.Parent == step.Id && row.EndedAt is null).SelectMany(row => Below(row, all).Prepend(row));

    private async Task WithRuleAsync(PageRequest page, Func<ExchangeRuleRow, Task> act)
    {
        if (Guid.TryParse(page.Parameters["id"], out var id) && await rules.FindAsync(id, page.Http.RequestAborted) is { } row)
            await act(row);
        else await SignedInGate.NotFoundAsync(page);
    }

    private async Task WithStepAsync(PageRequest page, Func<DelegationRow, Task> act)
    {
        if (Guid.TryParse(page.Parameters["id"], out var id) && await delegations.FindAsync(id, page.Http.RequestAborted) is { } row)
            await act(row);
        else await SignedInGate.NotFoundAsync(page);
    }
}
