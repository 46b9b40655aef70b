using System.Reflection;
using System.Text.RegularExpressions;
using FluentAssertions;
using Npgsql;
using NUnit.Framework;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Stores;

[Parallelizable(ParallelScope.Fixtures)]
public sealed partial class SqlTest
{
    private string database = "";

    // LISTEN and the ledger's DDL cannot be prepared; the role is taken by two statements at once.
    private static readonly string[] Exempt = ["Migrations.LedgerSql", "Database.TakeRoleSql"];

    private static IEnumerable<TestCaseData> Statements() =>
        from type in typeof(OAuthServer.Stores.Postgres.Database).Assembly.GetTypes()
        from field in type.GetFields(BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Static | BindingFlags.DeclaredOnly)
        where field is { IsLiteral: true } && field.FieldType == typeof(string) && field.Name.EndsWith("Sql", StringComparison.Ordinal)
        where !Exempt.Contains($"{type.Name}.{field.Name}")
        select new TestCaseData((string)field.GetRawConstantValue()!).SetName($"PostgreSQL_understands_{type.Name}_{field.Name}");

    // What only commands send, as the owner of the tables.
    private static readonly string[] OfCommands = ["Migrations", "CapabilityRows", "ImportStore", "InvitationStore_AddSql"];

    private static IEnumerable<TestCaseData> Served() =>
        from statement in Statements()
        let name = statement.TestName!["PostgreSQL_understands_".Length..]
        where !OfCommands.Any(type => name == type || name.StartsWith(type + "_", StringComparison.Ordinal))
        select new TestCaseData(statement.Arguments).SetName($"The_role_of_the_server_may_{name}");

    [OneTimeSetUp]
    public async Task CloneAsync() => database = await TestDatabase.CloneAsync();

    [TestCaseSource(nameof(Statements)), Behaviour(26)]
    public async Task PostgreSQL_understands(string sql)
    {
        var names = Parameter().Matches(sql).Select(match => match.Groups[1].Value).Distinct().ToList();
        var numbered = Parameter().Replace(sql, match => $"${names.IndexOf(match.Groups[1].Value) + 1}");

        var types = names.Count == 0 ? "" : $"({string.Join(", ", names.Select(_ => "unknown"))})";

        var prepare = $"prepare statement{types} as {numbered}; deallocate statement";
        await FluentActions.Awaiting(() => TestDatabase.ExecuteAsync(database, prepare))
            .Should().NotThrowAsync<PostgresException>(numbered);
    }

    [TestCaseSource(nameof(Served)), Behaviour(26)]
    public async Task The_role_of_the_server_may(string sql)
    {
        var names = Parameter().Matches(sql).Select(match => match.Groups[1].Value).Distinct().ToList();
        var numbered = Parameter().Replace(sql, match => $"${names.IndexOf(match.Groups[1].Value) + 1}");
        var (types, values) = names.Count == 0 ? ("", "")
            : ($"({string.Join(", ", names.Select(_ => "unknown"))})", $"({string.Join(", ", names.Select(_ => "null"))})");

        // Planning asks for what the statement reads, writes and locks, and does none of it.
        var explain = $"""
            begin; set local role oauth_server; set local plan_cache_mode = force_generic_plan;
            prepare statement{types} as {numbered}; explain execute statement{values}; deallocate statement; rollback
            """;
        await FluentActions.Awaiting(() => TestDatabase.ExecuteAsync(database, explain))
            .Should().NotThrowAsync<PostgresException>(numbered);
    }

    [Test]
    public void No_statement_is_forgotten() => Statements().Should().HaveCountGreaterThan(30);

    [GeneratedRegex("(?<!@)@([A-Za-z_]+)")]
    private static partial Regex Parameter();
}
