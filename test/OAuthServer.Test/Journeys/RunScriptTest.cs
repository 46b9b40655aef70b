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

    private static async Task<(int Code, string Said)> RunAsync(string local)
    {
        using var script = Start("bash", [Path.Combine(TestDatabase.Root, "sql/run.sh")], local, $"{TestServer.FreePort()}");
        var (output, error) = (script.StandardOutput.ReadToEndAsync(), script.StandardError.ReadToEndAsync());
        await script.WaitForExitAsync();
        return (script.ExitCode, await output + await error);
    }

    // The environment as sql/run.sh gives it to the server it starts.
    private static Process Start(string program, string[] arguments, string local, string port = "8080")
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["PORT"] = port;
        start.Environment["LOCAL"] = local;
        start.Environment["OAuth__LocalFolder"] = local;
        return Process.Start(start)!;
    }
}
