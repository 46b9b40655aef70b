using System.Diagnostics;
using System.Reflection;
using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using NUnit.Framework;

namespace OAuthServer.Test.Architecture;

/// <summary>The rules of the house, read from compiled references; what leaves none, from source text.</summary>
[Parallelizable(ParallelScope.All)]
public sealed class HouseTest
{
    private static readonly CompiledReference[] BetweenRooms =
        [.. CompiledReferences.All.Where(one => one is { FromRoom: not "", ToRoom: not "" } && one.FromRoom != one.ToRoom)];

    [Test]
    public void Every_room_stands_on_a_floor()
    {
        var rooms = typeof(Server).Assembly.GetTypes().Select(Rooms.Of).Where(room => room is not (null or "")).Distinct().ToArray();

        rooms.Should().BeEquivalentTo(Rooms.All);
        CompiledReferences.All.Should().HaveCountGreaterThan(5000, "else the reader is broken");
    }

    [Test]
    public void No_floor_uses_a_floor_above_it()
    {
        BetweenRooms.Where(one => !Rooms.MayUse(one.FromRoom, one.ToRoom)).Should().BeEmpty();
        CompiledReferences.All.Where(one => one.FromRoom != "" && one.To.Assembly == typeof(Server).Assembly && one.ToRoom == ""
            && IsOurs(one.To))
            .Should().BeEmpty("nothing uses Program, Server or Routes");
    }

    [Test]
    public void No_floor_uses_a_constant_or_a_name_of_a_floor_above_it() =>
        (from file in SourceText.All
         from used in file.Uses
         where !Rooms.MayUse(file.Room, used) || (Rooms.Features.Contains(file.Room) && Rooms.Features.Contains(used))
         select $"{file.Path} names {used}").Should().BeEmpty();

    [Test]
    public void No_circle_is_inside_a_floor()
    {
        foreach (var floor in Rooms.Floors)
        {
            var uses = BetweenRooms.Where(one => floor.Contains(one.FromRoom) && floor.Contains(one.ToRoom)).ToArray();
            // Whoever uses nobody that is left leaves; what never leaves is a circle.
            var left = floor.ToList();
            while (left.RemoveAll(room => !uses.Any(one => one.FromRoom == room && left.Contains(one.ToRoom))) > 0)
            {
            }

            uses.Where(one => left.Contains(one.FromRoom) && left.Contains(one.ToRoom)).Should().BeEmpty();
        }
    }

    [Test]
    public void No_feature_uses_another() =>
        BetweenRooms.Where(one => Rooms.Features.Contains(one.FromRoom) && Rooms.Features.Contains(one.ToRoom)).Should().BeEmpty();

    [Test]
    public void Only_Stores_speaks_SQL()
    {
        // Faults names what PostgreSQL throws, loops wait for it, readiness and discovery survive it: exceptions are no SQL.
        string[] mayCatch = ["NpgsqlException", "PostgresException", "PostgresErrorCodes"];

        CompiledReferences.All
            .Where(one => one.FromRoom != Rooms.Stores && one.To.Assembly.GetName().Name is "Npgsql" or "Dapper")
            .Where(one => !mayCatch.Contains(one.To.Name))
            .Should().BeEmpty();
        SourceText.All.Where(file => file.Room != Rooms.Stores && file.HoldsSql).Select(file => file.Path).Should().BeEmpty();
    }

    [Test]
    public void Only_lists_read_the_replica()
    {
        string[] lists =
        [
            "AuditStore", "ClientQueries", "DashboardStore", "IdentityQueries", "OperatorGrantStore", "OwnSessionStore", "UserQueries",
        ];

        CompiledReferences.All.Where(one => one.To.Name == "Replica" && one.Member?.Name is "ReadAsync" or "StreamAsync"
                && one.From != one.To && one.From.DeclaringType != one.To)
            .Select(one => (one.From.DeclaringType ?? one.From).Name).Distinct().Should().BeEquivalentTo(lists);
    }

    [Test]
    public void Domain_and_ground_know_no_HTTP() =>
        CompiledReferences.All
            .Where(one => Rooms.Domain.Contains(one.FromRoom) || Rooms.Ground.Contains(one.FromRoom)
                || Rooms.Cli.Contains(one.FromRoom) || Rooms.Outside.Contains(one.FromRoom))
            .Where(one => one.To.Namespace is { } used && used.StartsWith("Microsoft.AspNetCore.", StringComparison.Ordinal)
                && !used.StartsWith("Microsoft.AspNetCore.DataProtection", StringComparison.Ordinal)
                // Its hasher of passwords, for hashes that were imported.
                && used != "Microsoft.AspNetCore.Identity")
            .Should().BeEmpty();

    [Test]
    public void Nothing_reads_the_wall_clock() =>
        CompiledReferences.All.Where(one => one.To == typeof(Stopwatch)
                || (one.To == typeof(DateTime) || one.To == typeof(DateTimeOffset))
                    && one.Member?.Name is "get_UtcNow" or "get_Now" or "get_Today"
                || one.To == typeof(Environment) && one.Member?.Name is "get_TickCount" or "get_TickCount64")
            .Should().BeEmpty();

    [Test]
    public void Protocol_knows_neither_files_nor_the_network_nor_the_time() =>
        CompiledReferences.All.Where(one => one.FromRoom == Rooms.Protocol)
            .Where(one => one.To == typeof(TimeProvider) || one.To == typeof(File) || one.To == typeof(HttpClient)
                || one.To.Namespace is "Microsoft.Extensions.Logging" or "System.Net.Http" or "System.Net.Sockets")
            .Should().BeEmpty();

    [Test]
    public void Only_grant_types_have_an_interface() =>
        typeof(Server).Assembly.GetTypes().Where(type => type.IsInterface).Select(type => type.FullName)
            .Should().Equal("OAuthServer.Token.IGrant");

    [Test]
    public void The_server_has_one_heap_and_not_one_for_each_core() =>
        File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "oauth-server.runtimeconfig.json"))
            .Should().Contain("\"System.GC.Server\": false");

    [Test]
    public void Randomness_that_guards_something_is_cryptographic() =>
        CompiledReferences.All.Where(one => one.To == typeof(Random)).Should().BeEmpty();

    [Test]
    public void Every_room_adds_what_it_owns()
    {
        // Commands are no part of the running server, nor is what only they use; what is shared with the kit has nothing to add.
        string[] nothingToAdd = [.. Rooms.Cli, .. Rooms.Outside, "Import", "Shared"];
        var adding = typeof(Server).Assembly.GetTypes()
            .Where(type => type.IsAbstract && type.IsSealed)
            .SelectMany(type => type.GetMethods(BindingFlags.Public | BindingFlags.Static), (type, method) =>
                (Room: Rooms.Of(type), Method: method))
            .Where(one => one.Method.Name == "Add" + one.Room && one.Method.GetParameters() is [{ } first, ..]
                && first.ParameterType == typeof(IServiceCollection))
            .Select(one => one.Room).Distinct();

        adding.Should().BeEquivalentTo(Rooms.All.Except(nothingToAdd));
    }

    private static bool IsOurs(Type type) => type.FullName is "Server" or "Program" or "OAuthServer.Routes";
}
