using System.Diagnostics;
using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Journeys;

/// <summary>sql/run.sh, which is <c>make run</c>, where it refuses before it builds anything.</summary>
[Parallelizable]
public sealed class RunScriptTest
{
    [Test]
    public async Task A_second_server_from_the_same_folder_on_another_port_is_refused_in_words()
    {
        var local = Directory.CreateTempSubdirectory("oauth-run-").FullName;
        using var first = Start("sleep", ["60"], local);
        await File.WriteAllTextAsync(Path.Combine(local, "serving"), $"{first.Id} 8080\n");
        try
        {
            var (code, said) = await RunAsync(local);

            code.Should().Be(1);
            said.Should().Contain($"a server on port 8080 already serves from {local}").And.Contain("LOCAL=").And.NotContain("building");
        }
        finally
        {
            first.Kill();
            Directory.Delete(local, recursive: true);
        }
    }

    [Test]
    public async Task Of_two_that_start_at_the_same_moment_the_later_is_refused_in_words()
    {
        var local = Directory.CreateTempSubdirectory("oauth-run-").FullName;
        using var first = Start("sleep", ["60"], local);
        // While this one builds, the other has begun to serve.
        var dotnet = Path.Combine(Directory.CreateDirectory(Path.Combine(local, "programs")).FullName, "dotnet");
        await File.WriteAllTextAsync(dotnet, $"#!/bin/sh\nif [ \"$1\" = build ]; then echo '{first.Id} 8080' >'{local}/serving'; fi\n");
        using (var chmod = Process.Start("chmod", ["+x", dotnet])) await chmod.WaitForExitAsync();
        try
        {
            var (code, said) = await RunAsync(local, Path.GetDirectoryName(dotnet));

            code.Should().Be(1);
            said.Should().Contain("building").And.Contain($"a server on port 8080 already serves from {local}").And.NotContain("starting");
            (await File.ReadAllTextAsync(Path.Combine(local, "serving"))).Should().Be($"{first.Id} 8080\n");
        }
        finally
        {
            first.Kill();
            Directory.Delete(local, recursive: true);
        }
    }

    // With programs of the test's own before all others, and a database of somebody's, so that none is looked for.
    private static async Task<(int Code, string Said)> RunAsync(string local, string? programs = null)
    {
        using var script = Start("bash", [Path.Combine(TestDatabase.Root, "sql/run.sh")], local, $"{TestServer.FreePort()}", programs);
        var (output, error) = (script.StandardOutput.ReadToEndAsync(), script.StandardError.ReadToEndAsync());
        await script.WaitForExitAsync();
        return (script.ExitCode, await output + await error);
    }

    // The environment as sql/run.sh gives it to the server it starts.
    private static Process Start(string program, string[] arguments, string local, string port = "8080", string? programs = null)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["PORT"] = port;
        start.Environment["LOCAL"] = local;
        start.Environment["OAuth__LocalFolder"] = local;
        if (programs is not null)
        {
            start.Environment["PATH"] = $"{programs}:{start.Environment["PATH"]}";
            start.Environment["ConnectionStrings__OAuth"] = "Host=/nowhere";
        }

        return Process.Start(start)!;
    }
}
