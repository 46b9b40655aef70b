using System.Diagnostics;

namespace OAuthServer.Test.Support;

/// <summary>A program of the machine, run to its end.</summary>
public static class Command
{
    /// <summary>Its exit code and all it said, on both outputs.</summary>
    /// <param name="folder">Where it runs.</param>
    public static async Task<(int Exit, string Said)> RunAsync(string folder, string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = folder,
        })!;
        var error = process.StandardError.ReadToEndAsync();
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, output + await error);
    }

    /// <summary>What it said; fails with that when its exit code is not 0.</summary>
    public static async Task<string> MustAsync(string folder, string program, params string[] arguments)
    {
        var (exit, said) = await RunAsync(folder, program, arguments);
        return exit == 0 ? said : throw new InvalidOperationException($"{program} {string.Join(' ', arguments)}: exit code {exit}\n{said}");
    }
}
