using OAuthServer.Admin.Audit;
using OAuthServer.Admin.Grants;
using OAuthServer.Html;
using OAuthServer.Protocol;
using OAuthServer.Stores.Grants;
using OAuthServer.Stores.Postgres;

namespace OAuthServer.Admin.Clients;

/// <summary>Who uses a client, what was refused to it lately, and who changed it.</summary>
public sealed record ClientAccessView
{
    /// <summary>The newest of its live grants.</summary>
    public required IReadOnlyList<ListedGrant> Grants { get; init; }
    public required Figure GrantsTotal { get; init; }

    /// <summary>Whose they are.</summary>
    public required Figure People { get; init; }
    public required AuditView Refusals { get; init; }
    public required AuditView Edits { get; init; }
}

/// <summary>Sections of a client's page.</summary>
internal static class ClientAccess
{
    public static Markup Sections(string client, ClientAccessView view, bool forPeople, Settings settings, Language say)
    {
        var audit = $"{settings.IssuerPath}{Paths.AdminAudit}?client={Uri.EscapeDataString(client)}";
        return $"""
            {(forPeople ? Grants(client, view, settings, say) : Markup.None)}
            <h2 id="refusals">{say["Last refusals"]}</h2>
            {Rows(view.Refusals, say["Nothing was refused."], audit + "&outcome=refused", settings, say)}
            <h2 id="audit">{say["Changes"]}</h2>
            {Rows(view.Edits, say["No changes recorded."], audit, settings, say)}
            """;
    }

    private static Markup Grants(string client, ClientAccessView view, Settings settings, Language say)
    {
        Markup list = view.Grants.Count == 0 ? (Markup)$"""<p class="empty">{say["Nobody has allowed it anything."]}</p>""" : $"""
            <p class="note">{say.Put("Live grants: {0}", say.Number(view.GrantsTotal))} ·
                {say.Put("Users with these grants: {0}", say.Number(view.People))}</p>
            {GrantRows.Table(view.Grants, say["Live grants, newest first"], picks: false, settings, say)}
            <p class="actions"><a class="button small" href="{settings.IssuerPath}{Paths.AdminGrants}?client={Uri.EscapeDataString(
                client)}">{say["Show and revoke grants"]}</a></p>
            """;
        return $"""
            <h2 id="grants">{say["Users and grants"]}</h2>
            {list}
            """;
    }

    private static Markup Rows(AuditView rows, string none, string all, Settings settings, Language say) => rows.Rows.Count == 0
        ? (Markup)$"""<p class="empty">{none}</p>"""
        : $"""
            {AuditRows.Table(rows, say["Newest first, times in UTC"], settings, say)}
            <p class="actions"><a class="button small" href="{all}">{say["Show in the audit log"]}</a></p>
            """;
}
