using OAuthServer.Stores.Audit;

namespace OAuthServer.Audit;

/// <summary>
/// What an audit row says, fact by fact, in the order they are read: what, who, and for a refusal the rule, what it expected and
/// what it received.
/// </summary>
public static class AuditFormatter
{
    /// <summary>Named facts without the moment and the request; those without a value are left out.</summary>
    /// <param name="person">The name of the subject, when it is a person's and known.</param>
    public static IReadOnlyList<(string Name, string Value)> Of(AuditRow row, string? person) =>
    [
        .. from fact in new (string Name, string? Value)[]
           {
               ("client", row.ClientId),
               ("person", person is not null ? $"{person} ({row.Subject})" : row.Subject == row.ClientId ? null : row.Subject),
               ("address", row.Address),
               ("actor", row.Actor),
               ("rule", row.Rule),
               ("expected", row.Expected),
               ("received", row.Got),
               ("reason", row.Reason),
               ("grant", row.GrantId?.ToString()),
               ("token", row.Jti),
               ("detail", row.Detail),
           }
           where !string.IsNullOrEmpty(fact.Value)
           select (fact.Name, fact.Value),
    ];

    /// <summary>What was decided: token refused: invalid_scope.</summary>
    public static string Title(AuditRow row) => $"{row.Event} {row.Outcome}{(row.Error is null ? "" : $": {row.Error}")}";
}
