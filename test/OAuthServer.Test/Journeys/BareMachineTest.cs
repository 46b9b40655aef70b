using System.Diagnostics;
using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Journeys;

/// <summary>
/// The README's two commands on a machine that has nothing but Debian's smallest installation and the SDK (test/bare.sh).
/// </summary>
[NonParallelizable]
public sealed class BareMachineTest
{
    [Test, Category("Long"), CancelAfter(3 * 3600 * 1000)]
    public async Task A_bare_Debian_serves_and_passes_the_tests()
    {
        if (!Environment.IsPrivilegedProcess) Assert.Ignore($"{Tools.Missing}root, which test/bare.sh needs");
        foreach (var program in new[] { "debootstrap", "unshare", "git" }) Tools.Need(program);
        using var script =
            Process.Start(new ProcessStartInfo("bash",
                [Path.Combine(TestDatabase.Root, "test/bare.sh")])
            { RedirectStandardOutput = true })!;
        while (await script.StandardOutput.ReadLineAsync() is { } line) await TestContext.Progress.WriteLineAsync(line);
        await script.WaitForExitAsync();

        script.ExitCode.Should().Be(0);
    }
}
