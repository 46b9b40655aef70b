using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec;

/// <summary>The access log under logrotate, whichever way it rotates.</summary>
[Behaviour(25)]
public sealed class AccessLogTest : ServerFixture
{
    private readonly string file = Path.Combine(Path.GetTempPath(), $"oauth-access-{Guid.NewGuid():N}.log");

    protected override Settings Change(Settings settings) => settings with { AccessLogFile = file };

    [OneTimeTearDown]
    public void Remove()
    {
        foreach (var one in new[] { file, file + ".1" }) File.Delete(one);
    }

    [Test]
    public async Task After_a_rename_lines_go_to_a_new_file()
    {
        await AskAsync("before-rename");
        File.Move(file, file + ".1", overwrite: true);

        await AskAsync("after-rename");

        File.ReadAllText(file).Should().Contain("after-rename").And.NotContain("before-rename");
        File.ReadAllText(file + ".1").Should().Contain("before-rename").And.NotContain("after-rename");
    }

    [Test]
    public async Task After_a_truncation_lines_begin_at_the_start()
    {
        await AskAsync("before-truncation");
        using (var cut = new FileStream(file, FileMode.Open, FileAccess.Write, FileShare.ReadWrite)) cut.SetLength(0);

        await AskAsync("after-truncation");

        File.ReadAllText(file).Should().Contain("after-truncation").And.NotContain("\0").And.NotContain("before-truncation");
    }

    [Test]
    public async Task Two_servers_may_share_it()
    {
        await using var other = await Server.StartSecondInstanceAsync();
        var asked = Enumerable.Range(0, 40).Select(i => $"shared-{i}-x").ToList();

        await Task.WhenAll(asked.Select((path, i) => (i % 2 == 0 ? Server : other).GetAsync($"/{path}")));

        await Eventually.BecomesTrueAsync(() => Task.FromResult(asked.TrueForAll(path => File.ReadAllText(file).Contains(path))));
        File.ReadAllLines(file).Should().OnlyContain(line => line.Split(' ').Length == 7, "no line is torn");
    }

    [Test]
    public async Task A_HEAD_request_is_logged_as_HEAD()
    {
        await Server.SendAsync(HttpMethod.Head, "/errors");
        await AskAsync("after-head");

        File.ReadAllText(file).Should().Contain(" HEAD /errors 200 ");
    }

    private async Task AskAsync(string path)
    {
        await Server.GetAsync($"/{path}");
        await Eventually.BecomesTrueAsync(() => Task.FromResult(File.Exists(file) && File.ReadAllText(file).Contains(path)));
    }
}
