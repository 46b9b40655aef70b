using OAuthServer.Stores.Postgres;

namespace OAuthServer.Stores.Federation;

/// <summary>A provider that refuses this server's credentials.</summary>
public sealed record ProviderFault
{
    public required string Provider { get; init; }
    public required DateTimeOffset LastAt { get; init; }
    public required string Reason { get; init; }
}

/// <summary>audit_events, as to providers whose connection is set up wrongly.</summary>
public sealed class ProviderFaultStore(Database database)
{
    // A sign-in since then shows that it was set right.
    public const string ListSql = """
        with faults as (
            select substring(detail from '^provider=([a-z0-9-]+)') as provider, max(at) as last_at,
                   (array_agg(reason order by at desc))[1] as reason
              from audit_events where event = 'federation' and outcome = 'refused' and rule = @rule and at > @since group by 1
        )
        select f.provider, f.last_at, f.reason from faults f join identity_providers p on p.id = f.provider and p.enabled
         where not exists (select from sessions s where s.idp = f.provider and s.began_at > f.last_at)
         order by f.last_at desc limit 20
        """;

    /// <summary>Those since then, the last first.</summary>
    /// <param name="rule">The rule of such refusals.</param>
    public Task<List<ProviderFault>> ListAsync(string rule, DateTimeOffset since, CancellationToken cancel) =>
        database.ListAsync<ProviderFault>(ListSql, new { rule, since = since.UtcDateTime }, cancel);
}
