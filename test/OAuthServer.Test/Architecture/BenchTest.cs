using System.Diagnostics;
using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Architecture;

/// <summary>make bench takes minutes and no test runs it: what it needs of the server is looked at here.</summary>
[Parallelizable(ParallelScope.All)]
public sealed class BenchTest
{
    [Test]
    public async Task The_bench_knows_the_statements_of_rotation_and_redemption_with_every_parameter_of_theirs() =>
        (await CheckAsync("--server", AppContext.BaseDirectory)).Should().Be((0, ""));

    [TestCase("--round", "3")]
    [TestCase("--rounds", "0")]
    [TestCase("--rounds")]
    [TestCase("--only", "refresh,tokens")]
    [TestCase("--peers", "--only", "metadata")]
    public async Task An_argument_the_bench_does_not_know_is_refused_before_anything_starts(params string[] args)
    {
        var (code, error) = await CheckAsync(args);

        code.Should().Be(2);
        error.Should().StartWith("bench: ").And.Contain(args[0]);
    }

    private static async Task<(int Code, string Error)> CheckAsync(params string[] args)
    {
        var built = AppContext.BaseDirectory.Contains($"{Path.DirectorySeparatorChar}Release{Path.DirectorySeparatorChar}") ? "Release"
            : "Debug";
        using var bench = Process.Start(new ProcessStartInfo("dotnet",
            [Path.Combine(TestDatabase.Root, $"test/Bench/bin/{built}/net10.0/OAuthServer.Bench.dll"), "check", .. args])
        {
            RedirectStandardError = true,
        })!;
        var error = await bench.StandardError.ReadToEndAsync();
        await bench.WaitForExitAsync();
        return (bench.ExitCode, error);
    }
}
