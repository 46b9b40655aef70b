using System.Text.RegularExpressions;
using FluentAssertions;
using NUnit.Framework;

namespace OAuthServer.Test.Architecture;

/// <summary>The house, read from its source text.</summary>
[Parallelizable(ParallelScope.All)]
public sealed partial class StaircaseTest
{
    [Test]
    public void No_room_uses_a_room_above_it()
    {
        var upward = from file in SourceText.All
                     from used in file.Uses
                     where Array.IndexOf(SourceText.Staircase, used) < Array.IndexOf(SourceText.Staircase, file.Room)
                     select $"{file.Path} uses {used}";

        upward.Should().BeEmpty();
    }

    [Test]
    public void Every_folder_is_a_room_of_the_staircase() =>
        SourceText.All.Select(file => file.Room).Distinct().Should().BeSubsetOf(SourceText.Staircase).And.HaveCountGreaterThan(8);

    [Test]
    public void Only_Stores_speaks_SQL()
    {
        // Faults names what PostgreSQL throws, loops wait for it, readiness and discovery survive it: exceptions are no SQL.
        string[] mayCatch = ["NpgsqlException", "PostgresException", "PostgresErrorCodes"];
        var speakers = from file in SourceText.All
                       where file.Room != "Stores"
                       from match in Sql().Matches(file.Code)
                       where !mayCatch.Contains(match.Value)
                       select $"{file.Path}: {match.Value}";

        speakers.Should().BeEmpty();
        SourceText.All.Where(file => file.Room != "Stores" && Statement().IsMatch(file.Text)).Select(file => file.Path).Should().BeEmpty();
    }

    [Test]
    public void The_domain_and_what_is_below_it_know_no_HTTP()
    {
        var speakers = from file in SourceText.All
                       where Array.IndexOf(SourceText.Staircase, file.Room) > Array.IndexOf(SourceText.Staircase, "Http")
                       from match in Http().Matches(file.Code)
                       select $"{file.Path}: {match.Value}";

        speakers.Should().BeEmpty();
    }

    [Test]
    public void Nothing_reads_the_wall_clock()
    {
        var readers = from file in SourceText.All
                      from match in WallClock().Matches(file.Code)
                      select $"{file.Path}: {match.Value}";

        readers.Should().BeEmpty();
    }

    [Test]
    public void Protocol_knows_neither_the_outside_nor_the_time()
    {
        var knows = from file in SourceText.All
                    where file.Room == "Protocol"
                    from match in FakeInternet().Matches(file.Code)
                    select $"{file.Path}: {match.Value}";

        knows.Should().BeEmpty();
    }

    [Test]
    public void Only_grant_types_have_an_interface() =>
        SourceText.All.Where(file => Interface().IsMatch(file.Code)).Select(file => file.Path).Should().BeSubsetOf(["Token/IGrant.cs"]);

    [Test]
    public void Randomness_that_guards_something_is_cryptographic() =>
        SourceText.All.Where(file => WeakRandom().IsMatch(file.Code)).Select(file => file.Path).Should().BeEmpty();

    [GeneratedRegex(@"\bDapper\b|\bNpgsql\w+|\bPostgres\w+|\bCommandDefinition\b")]
    private static partial Regex Sql();

    [GeneratedRegex(@"\b(select\s.+\sfrom|insert\s+into|update\s+\w+\s+set|delete\s+from)\s", RegexOptions.IgnoreCase)]
    private static partial Regex Statement();

    [GeneratedRegex(@"\bMicrosoft\.AspNetCore\.(?!DataProtection)\w+|\b(HttpContext|HttpRequest|HttpResponse|IResult|IHeaderDictionary|WebApplication|IApplicationBuilder|IEndpointRouteBuilder)\b")]
    private static partial Regex Http();

    [GeneratedRegex(@"\b(DateTime|DateTimeOffset)\.(UtcNow|Now|Today)\b|\bStopwatch\b|\bEnvironment\.TickCount(64)?\b")]
    private static partial Regex WallClock();

    [GeneratedRegex(@"\bTimeProvider\b|\bILogger\b|\bFile\.|\bHttpClient\b|\bSystem\.IO\b")]
    private static partial Regex FakeInternet();

    [GeneratedRegex(@"\binterface\s+I[A-Z]")]
    private static partial Regex Interface();

    [GeneratedRegex(@"\bnew Random\b|\bRandom\.Shared\b")]
    private static partial Regex WeakRandom();
}
