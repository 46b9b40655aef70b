using System.Diagnostics;
using System.Text.Json;
using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Diagnosis;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Diagnosis;

/// <summary>The command doctor against this very server, as an operator runs it.</summary>
public sealed class DoctorTest : ServerFixture
{
    [Test]
    public async Task This_server_passes_with_a_sign_in_and_nothing_is_left_behind()
    {
        var alice = await Server.UserAsync();

        var run = await Server.RunBinaryAsync(alice.Password + "\n", "doctor", Server.Issuer, "--username", alice.Username,
            "--password-stdin", "--json");

        run.Code.Should().Be(0, run.Out + run.Error);
        var report = JsonDocument.Parse(run.Out).RootElement;
        (report.GetProperty("failed").GetInt32(), report.GetProperty("warnings").GetInt32()).Should().Be((0, 0), run.Out);
        Verdicts(report)["flow.clean-up"].Should().Be("pass");
        Verdicts(report).Where(check => check.Value == "skipped").Should().BeEmpty(run.Out);
        (await Server.ScalarAsync<long>("select count(*) from clients where name like '%doctor%' and enabled")).Should().Be(0);
        run.Out.Should().NotContain(alice.Password);
    }

    [Test]
    public async Task Without_a_sign_in_nothing_is_written_and_each_line_says_what_was_seen()
    {
        var before = await Server.ScalarAsync<long>("select count(*) from clients");

        var run = await Server.RunBinaryAsync(null, "doctor", Server.Issuer);

        run.Code.Should().Be(0, run.Out + run.Error);
        run.Out.Should().Contain("pass     discovery.issuer: issuer is " + Server.Issuer).And.Contain("skipped  flow.sign-in:")
            .And.Contain("→ Run it again with --username NAME").And.MatchRegex(@"\n\d+ passed, 0 warned, 0 failed, \d skipped\.\n");
        (await Server.ScalarAsync<long>("select count(*) from clients")).Should().Be(before);
    }

    [Test]
    public async Task A_server_with_a_path_is_examined_at_each_of_its_places_and_a_wrong_issuer_is_named()
    {
        await using var tenant = await TestServer.StartAsync(settings => settings with { Issuer = settings.Issuer + "/tenant1" });

        var right = await ExamineAsync(tenant.Issuer);
        var wrong = await ExamineAsync(tenant.Issuer.Replace("localhost", "127.0.0.1"));

        right.Where(finding => finding.Verdict == Verdict.Fail).Should().BeEmpty();
        right.Select(finding => finding.Check).Should().Contain(["discovery.oauth", "discovery.openid", "discovery.openid-inserted"]);
        wrong.Should().Contain(finding => finding.Check == "discovery.oauth" && finding.Verdict == Verdict.Fail);
    }

    [Test]
    public async Task A_wrong_password_is_a_failure_and_is_tried_once()
    {
        var alice = await Server.UserAsync();

        var run = await Server.RunBinaryAsync("wrong password\n", "doctor", Server.Issuer, "--username", alice.Username,
            "--password-stdin", "--json");

        run.Code.Should().Be(1);
        Verdicts(JsonDocument.Parse(run.Out).RootElement)["flow.sign-in"].Should().Be("fail");
        run.Out.Should().NotContain("wrong password\"");
        (await Server.ScalarAsync<long>("select count(*) from audit_events where event = 'sign-in' and outcome = 'refused' and subject = @s",
            new { s = alice.Subject.ToString() })).Should().Be(1);
    }

    [TestCase("auth.example.com"), TestCase("https://user@auth.example.com"), TestCase("https://auth.example.com?x=1")]
    [TestCase("https://auth.example.com/.well-known/openid-configuration"), TestCase("ftp://auth.example.com")]
    public async Task What_is_no_issuer_is_wrong_usage(string url) =>
        (await Server.RunBinaryAsync(null, "doctor", url)).Code.Should().Be(2);

    [Test]
    public async Task A_password_is_never_an_argument_and_a_client_is_named_with_its_redirect_URI()
    {
        (await Server.RunBinaryAsync(null, "doctor", Server.Issuer, "--password", "x")).Code.Should().Be(2);
        var run = await Server.RunBinaryAsync(null, "doctor", Server.Issuer, "--client-id", "claude-desktop");
        (run.Code, run.Error.Contains("--redirect-uri")).Should().Be((2, true));
    }

    [Test]
    public async Task When_time_runs_out_the_throwaway_client_is_deleted_all_the_same()
    {
        await using var server = await FaultyServer.StartAsync("the token endpoint hangs");
        var options = server.Options with { PerRequest = TimeSpan.FromSeconds(60), InAll = TimeSpan.FromSeconds(8) };

        var findings = await Doctor.ExamineAsync(options, TimeProvider.System, CancellationToken.None).ToListAsync();

        findings.Should().Contain(finding => finding.Check == "flow.register" && finding.Verdict == Verdict.Pass);
        findings[^1].Check.Should().Be("doctor.time");
        server.Deleted.Should().Be(1);
    }

    [Test]
    public async Task A_server_that_says_nothing_is_given_up()
    {
        using var silent = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, TestServer.FreePort());
        silent.Start();
        var started = Stopwatch.StartNew();

        var findings = await Doctor.ExamineAsync(new DoctorOptions
        {
            Issuer = new Uri($"http://{silent.LocalEndpoint}"),
            PerRequest = TimeSpan.FromSeconds(30),
            InAll = TimeSpan.FromSeconds(1),
        }, TimeProvider.System, CancellationToken.None).ToListAsync();

        findings[^1].Check.Should().Be("doctor.time");
        started.Elapsed.Should().BeLessThan(TimeSpan.FromSeconds(20));
    }

    [Test]
    public async Task A_public_client_of_an_operator_is_used_where_nobody_can_register()
    {
        await using var closed = await TestServer.StartAsync(settings => settings with { Registration = "off" });
        var (alice, client) = (await closed.UserAsync(), await closed.PublicClientAsync());

        var findings = await Doctor.ExamineAsync(new DoctorOptions
        {
            Issuer = new Uri(closed.Issuer),
            Username = alice.Username,
            Password = alice.Password,
            ClientId = client.Id,
            RedirectUri = client.Redirect,
            Resource = Cast.Notes,
        }, TimeProvider.System, CancellationToken.None).ToListAsync();

        findings.Where(finding => finding.Verdict == Verdict.Fail).Select(finding => finding.Check).Should()
            .Equal("discovery.resource");
        findings.Should().Contain(finding => finding.Check == "negative.refresh-replay" && finding.Verdict == Verdict.Pass);
    }

    private static Task<List<Finding>> ExamineAsync(string issuer) =>
        Doctor.ExamineAsync(new DoctorOptions { Issuer = new Uri(issuer) }, TimeProvider.System,
            CancellationToken.None).ToListAsync().AsTask();

    private static Dictionary<string, string> Verdicts(JsonElement report) =>
        report.GetProperty("checks").EnumerateArray()
            .ToDictionary(check => check.GetProperty("check").GetString()!, check => check.GetProperty("verdict").GetString()!);
}
