using System.Diagnostics;
using NUnit.Framework;

namespace OAuthServer.Test.Support;

/// <summary>
/// Programs that some tests start and a bare machine lacks; test/tools.sh lists them, and <c>make test</c> installs them where it
/// may. Where it may not, their tests are skipped and say what is missing.
/// </summary>
public static class Tools
{
    /// <summary>How the reason of such a skip begins; test/run.sh counts by it.</summary>
    public const string Missing = "missing program: ";

    private static readonly Lazy<IReadOnlyDictionary<string, string[]>> Listed = new(List);

    /// <summary>The path of a program; skips the test, or the fixture, that asks when it is missing.</summary>
    public static string Need(string program)
    {
        if (Listed.Value[program] is [_, _, var path]) return path;
        Assert.Ignore($"{Missing}{program}; apt-get install {Listed.Value[program][1]}");
        throw new UnreachableException();
    }

    /// <summary>Sends a signal by bash's own kill: the program of this name is not on every machine.</summary>
    /// <param name="process">Negative: the whole process group.</param>
    public static async Task SignalAsync(string signal, int process)
    {
        using var bash = Process.Start("bash", ["-c", "kill \"$@\"", "kill", "-s", signal, "--", $"{process}"]);
        await bash.WaitForExitAsync();
    }

    private static Dictionary<string, string[]> List()
    {
        using var process =
            Process.Start(new ProcessStartInfo("bash",
                [Path.Combine(TestDatabase.Root, "test/tools.sh"), "list"])
            { RedirectStandardOutput = true })!;
        var lines = process.StandardOutput.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        process.WaitForExit();
        return lines.Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)).ToDictionary(words => words[0]);
    }
}
