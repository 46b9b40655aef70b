using System.Diagnostics;
using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Ship;

/// <summary>The image, published and started by podman (test/Ship/container.sh).</summary>
[NonParallelizable]
public sealed class ContainerTest
{
    [Test, Category("Long"), CancelAfter(30 * 60 * 1000)]
    public async Task The_image_migrates_serves_and_is_healthy_without_a_shell_or_a_root_to_write_to()
    {
        foreach (var program in new[] { "podman", "runc", "node", "jq", "curl" }) Tools.Need(program);
        using var script = Process.Start(new ProcessStartInfo("bash", [Path.Combine(TestDatabase.Root, "test/Ship/container.sh")])
        { RedirectStandardOutput = true })!;
        while (await script.StandardOutput.ReadLineAsync() is { } line) await TestContext.Progress.WriteLineAsync(line);
        await script.WaitForExitAsync();

        script.ExitCode.Should().Be(0);
    }
}
