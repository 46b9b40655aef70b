using System.Diagnostics;

namespace OAuthServer.Test.Support;

/// <summary>A process with its children, such as PostgreSQL's.</summary>
public static class ProcessTree
{
    /// <summary>
    /// Sends a signal to all of them. The parent first: no new children come then. Each child is a process group of its own.
    /// </summary>
    public static async Task SignalAsync(string signal, string process)
    {
        using (var kill = Process.Start("bash", ["-c", $"kill -{signal} {process}"])) await kill.WaitForExitAsync();
        if (ChildrenOf(process) is not { Length: > 0 } children) return;
        using (var kill = Process.Start("bash", ["-c", $"kill -{signal} {string.Join(' ', children)} 2>/dev/null"])) await kill
            .WaitForExitAsync();
    }

    private static string[] ChildrenOf(string process) =>
        [.. Directory.GetDirectories("/proc").Select(Path.GetFileName).OfType<string>()
            .Where(name => name.All(char.IsAsciiDigit) && ParentOf(name) == process)];

    // proc(5): the name in parentheses may hold anything; state and parent follow.
    private static string? ParentOf(string process)
    {
        try { return File.ReadAllText($"/proc/{process}/stat").Split(") ")[^1].Split(' ')[1]; }
        catch (IOException) { return null; }
    }

    /// <summary>The processes whose working directory is in a folder.</summary>
    public static IEnumerable<Process> In(string folder) => Process.GetProcesses().Where(one =>
    {
        try
        {
            return File.ResolveLinkTarget($"/proc/{one.Id}/cwd", returnFinalTarget: false) is { } at
                && at.FullName.StartsWith(folder + "/", StringComparison.Ordinal);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException) { return false; }
    });
}
