using System.Reflection;
using System.Text.RegularExpressions;
using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Html;
using OAuthServer.Protocol;
using OAuthServer.Stores.Audit;
using OAuthServer.Stores.Clients;
using OAuthServer.Stores.Postgres;
using OAuthServer.Stores.Resources;
using OAuthServer.Stores.Users;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Stores;

/// <summary>What pages and sweeps read does not grow with the tables.</summary>
public sealed partial class AtSizeTest : ServerFixture
{
    private static readonly TestCaseData[] Narrow =
    [
        new(typeof(ResourceEdits), "HoldersSql", "clients_by_holding"),
        new(typeof(ResourceEdits), "HoldersSql", "clients_of_default_resource"),
        new(typeof(ScopeEdits), "HoldersSql", "clients_by_holding"),
        new(typeof(ResourceEdits), "FewHoldersSql", "clients_by_holding"),
        new(typeof(ClientQueries), "NewestSql", "clients_by_creation"),
        new(typeof(UserQueries), "SearchSql", "users_by_text"),
        new(typeof(UserQueries), "CountFoundSql", "users_by_text"),
        new(typeof(UserQueries), "NewestSql", "users_by_creation"),
        new(typeof(DashboardStore), "ExpiringSql", "client_secrets_by_expiry"),
        new(typeof(AuditStore), "CountEventRefusedSql", "event_at_idx1"),
    ];

    [TestCaseSource(nameof(Narrow))]
    public async Task A_statement_of_a_page_finds_its_rows_by_an_index(Type store, string name, string index)
    {
        var sql = (string)store.GetField(name, BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic)!.GetRawConstantValue()!;
        var literal = Parameter().Replace(sql, match => match.Groups[1].Value switch
        {
            "limit" or "most" or "near" => "10",
            "now" or "since" or "until" => "timestamptz '2026-01-01'",
            "text" => "'some'",
            "client" or "event" or "name" or "uri" or "kind" or "resource" => "'some'",
            "outcome" => "'refused'",
            _ => "null",
        });

        // An empty table is read whole unless that is forbidden; where no index fits, it is read whole even then.
        var plan = string.Join('\n', await Server.QueryAsync<string>(
            $"set enable_seqscan = off; set enable_indexonlyscan = on; explain {literal}"));

        plan.Should().Contain(index);
    }

    [Test]
    public async Task A_count_that_would_take_long_is_an_estimate()
    {
        await Server.UserAsync();
        var (exact, about) = (await PeopleAsync(""), await PeopleAsync(";Options=-c cpu_tuple_cost=1000000"));

        exact.Exactness.Should().Be(Exactness.Exact);
        exact.Rows.Should().BePositive();
        about.Exactness.Should().Be(Exactness.About);
        Language.English.Number(Figure.About(5_012_345)).ToString().Should().Be("about 5,000,000");
        Language.English.Number(Figure.About(1_276)).ToString().Should().Be("about 1,300");
        Language.English.Number(new Figure(2_000, Exactness.MoreThan)).ToString().Should().Be("more than 2,000");
        Language.English.Number(new Figure(12, Exactness.Exact)).ToString().Should().Be("12");

        async Task<Figure> PeopleAsync(string options)
        {
            await using var database = new Database(Server.Get<Database>().ConnectionString + options);
            var now = Server.Clock.GetUtcNow();
            var dashboard = new DashboardStore(database, new Replica(database, new Settings()), TimeProvider.System);
            return (await dashboard.FiguresAsync(now, now, CancellationToken.None)).People;
        }
    }

    [Test]
    public async Task Hours_that_are_over_are_added_up_once()
    {
        var (dashboard, now) = (Server.Get<DashboardStore>(), Server.Clock.GetUtcNow());
        var since = new DateTimeOffset(now.Year, now.Month, now.Day, 0, 0, 0, TimeSpan.Zero).AddDays(-2);
        (DateTimeOffset, string)[] made =
            [(since.AddHours(3), "ok"), (since.AddHours(3.9), "refused"), (since.AddHours(30), "ok"), (now, "ok")];
        foreach (var (at, outcome) in made)
            await Server.ExecuteAsync("insert into audit_events (at, request_id, event, outcome) values (@at, 'made', 'token', @outcome)",
                new { at = at.UtcDateTime, outcome });
        await Server.ExecuteAsync("delete from audit_hours");
        var read = Some(await dashboard.HoursAsync(since, CancellationToken.None));

        int rounds = 0, hours;
        while ((hours = await dashboard.CloseHoursAsync(since, now, CancellationToken.None)) > 0)
        {
            hours.Should().BeLessThanOrEqualTo(DashboardStore.HoursAtOnce);
            rounds++;
        }

        rounds.Should().BeInRange(8, 12);
        Some(await dashboard.HoursAsync(since, CancellationToken.None)).Should().BeEquivalentTo(read);
        await Server.ExecuteAsync("update audit_hours set issued = 777 where hour = @hour", new { hour = since.AddHours(3).UtcDateTime });
        // One that remembers nothing of what it read before.
        var another = new DashboardStore(Server.Get<Database>(), Server.Get<Replica>(), TimeProvider.System);
        (await another.HoursAsync(since, CancellationToken.None)).Single(hour => hour.Hour == since.AddHours(3)).Issued
            .Should().Be(777, "the log is not read for an hour that was added up");
        await Server.ExecuteAsync("insert into audit_hours values (@hour, 1, 1)", new { hour = since.AddDays(-40).UtcDateTime });
        await dashboard.CloseHoursAsync(since, now, CancellationToken.None);
        const string first = "select min(hour) from audit_hours";
        (await Server.ScalarAsync<DateTime>(first)).Should().Be(since.UtcDateTime, "older ones are forgotten");
        await dashboard.CloseHoursAsync(since.AddDays(10), now.AddDays(10), CancellationToken.None);
        (await Server.ScalarAsync<DateTime>(first)).Should().Be(since.UtcDateTime, "our clock may be ahead");
        (await Server.ScalarAsync<DateTime>("select max(hour) from audit_hours")).Should().BeBefore(now.UtcDateTime);

        static AuditHour[] Some(List<AuditHour> hours) => [.. hours.Where(hour => hour.Issued + hour.Refused > 0)];
    }

    [Test]
    public async Task A_sweep_of_registrations_looks_at_five_hundred_at_a_time_and_goes_on_there()
    {
        await Server.ExecuteAsync("""
            with made as (
                insert into clients (client_id, kind, name, origin, redirect_uris)
                select 'swept-' || lpad(i::text, 4, '0'), 'user-facing', 'One', 'self-registered', '{http://127.0.0.1/cb}'
                  from generate_series(1, 600) i
                returning client_id
            )
            insert into registrations (client_id, token_hash, scope, issued_at, seen_at)
            select client_id, sha256(client_id::bytea), '{}', now(),
                   case client_id when 'swept-0600' then now() - interval '9 days' else now() end
              from made
            """);
        var (store, now) = (Server.Get<RegistrationSweepStore>(), DateTimeOffset.UtcNow);

        var first = await store.SweepAsync("", now.AddDays(-3), now.AddDays(-30), now, CancellationToken.None);
        var second = await store.SweepAsync(first!, now.AddDays(-3), now.AddDays(-30), now, CancellationToken.None);

        first.Should().Be("swept-0500");
        second.Should().Be("swept-0600");
        (await store.SweepAsync(second!, now.AddDays(-3), now.AddDays(-30), now, CancellationToken.None)).Should().BeNull();
        (await Server.QueryAsync<string>("select client_id from clients where client_id in ('swept-0001', 'swept-0600')"))
            .Should().Equal("swept-0001");
    }

    [Test]
    public async Task A_text_that_many_names_have_is_found_among_the_next_clients()
    {
        await Server.ExecuteAsync("""
            insert into clients (client_id, kind, name, redirect_uris)
            select 'near-' || lpad(i::text, 4, '0'), 'user-facing', case when i = 150 then 'Rarely' else 'Commonly' end,
                   '{http://127.0.0.1/cb}'
              from generate_series(1, 150) i
            """);
        var queries = Server.Get<ClientQueries>();

        var common = await FindAsync("commonly", null);
        var later = await FindAsync("COMMON", "near-0120");
        var rare = await FindAsync("rarely", null);
        var two = await FindAsync("ly", "near-0145");

        common.Rows.Should().HaveCount(50);
        (common.Total, common.Most, common.HasNext).Should().Be((51, 50, true));
        later.Rows.Should().HaveCount(29);
        rare.Rows.Single().ClientId.Should().Be("near-0150");
        rare.Total.Should().Be(1);
        two.Rows.Should().HaveCount(5);

        Task<Slice<ListedClient>> FindAsync(string text, string? after) =>
            queries.ListAsync(new ClientSearch { Kind = "user-facing", Text = text }, new Cursor(after, null), 50, CancellationToken.None);
    }

    [GeneratedRegex("(?<!@)@([A-Za-z_]+)")]
    private static partial Regex Parameter();
}
