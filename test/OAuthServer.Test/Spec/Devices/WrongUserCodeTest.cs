using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec.Devices;

/// <summary>Guessing user codes (RFC 8628 §5.1): counted by session, person and address, and by nothing that others share.</summary>
[Behaviour(56)]
public sealed class WrongUserCodeTest : DeviceFixture
{
    private static int lastAddress;

    [Test, Rfc(8628, "5.1"), Case("DEVICE-006")]
    public async Task A_session_may_be_wrong_five_times_in_ten_minutes_and_a_right_code_resets_nothing()
    {
        var (alice, tv, browser) = (await Server.UserAsync(), await TvAsync(), NewBrowser());
        for (var i = 0; i < 4; i++) (await TypeAsync(browser, alice, "AAAA-AAAA")).Reply.Status.Should().Be(400);
        (await TypeAsync(browser, alice, (await AskAsync(tv)).UserCode)).Is(Paths.Consent).Should().BeTrue();
        (await TypeAsync(browser, alice, "BBBB-BBBB")).Reply.Status.Should().Be(400);

        var sixth = await TypeAsync(browser, alice, (await AskAsync(tv)).UserCode);

        sixth.Reply.Should().BeAPage(429);
        sixth.Reply.Header("Retry-After").Should().MatchRegex("^[0-9]+$");
        Server.Clock.Travel(TimeSpan.FromSeconds(int.Parse(sixth.Reply.Header("Retry-After")!,
            System.Globalization.CultureInfo.InvariantCulture) + 1));
        (await TypeAsync(browser, alice, (await AskAsync(tv)).UserCode)).Is(Paths.Consent).Should().BeTrue();
    }

    [Test, Rfc(8628, "5.1"), Case("DEV-101", "DEV-113")]
    public async Task A_person_may_be_wrong_ten_times_an_hour_from_wherever_and_nobody_else_feels_it()
    {
        var (alice, mallory, tv) = (await Server.UserAsync(), await Server.UserAsync("mallory"), await TvAsync());
        var (asked, his) = (await AskAsync(tv), await AskAsync(tv));
        var wrong = 0;
        foreach (var _ in Enumerable.Range(0, 4))
        {
            // Another session and another address each time.
            var browser = NewBrowser();
            for (var i = 0; i < 3; i++)
                if ((await TypeAsync(browser, mallory, "BCDF-GHJK")).Reply.Status == 400)
                    wrong++;
        }

        wrong.Should().Be(10);
        (await TypeAsync(NewBrowser(), mallory, his.UserCode)).Reply.Should().BeAPage(429);
        (await TypeAsync(NewBrowser(), alice, asked.UserCode)).Is(Paths.Consent).Should().BeTrue();
        Server.Clock.Travel(TimeSpan.FromMinutes(59));
        (await TypeAsync(NewBrowser(), mallory, (await AskAsync(tv)).UserCode)).Reply.Status.Should().Be(429);
        Server.Clock.Travel(TimeSpan.FromMinutes(2));
        (await TypeAsync(NewBrowser(), mallory, (await AskAsync(tv)).UserCode)).Is(Paths.Consent).Should().BeTrue();
    }

    [Test, Rfc(8628, "5.1")]
    public async Task An_address_may_be_wrong_ten_times_a_minute_however_many_people_sit_there()
    {
        var address = NewAddress();
        var statuses = new List<int>();
        for (var person = 0; person < 3; person++)
        {
            var (mallory, browser) = (await Server.UserAsync("mallory"), Server.NewBrowserFrom(address));
            for (var i = 0; i < 4; i++) statuses.Add((await TypeAsync(browser, mallory, "BCDF-GHJK")).Reply.Status);
        }

        statuses.Should().Equal([.. Enumerable.Repeat(400, 10), 429, 429]);
    }

    [Test, Rfc(8628, "5.1")]
    public async Task Guesses_at_the_same_moment_are_counted_one_after_the_other()
    {
        var (mallory, browser) = (await Server.UserAsync("mallory"), NewBrowser());
        await browser.SignInAsync(mallory);
        var form = await browser.FollowAsync(Paths.Device);

        var replies = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ =>
            browser.SubmitToAsync(Paths.Device, form, ("user_code", "BCDF-GHJK"))));

        replies.Count(reply => reply.Status == 400).Should().Be(5);
        replies.Count(reply => reply.Status == 429).Should().Be(15);
    }

    [Test, Case("DEV-101")]
    public async Task Wrong_expired_and_used_codes_answer_alike()
    {
        var (alice, tv, browser) = (await Server.UserAsync(), await TvAsync(), NewBrowser());
        var (used, late) = (await AskAsync(tv), await AskAsync(tv));
        await AllowAsync(alice, used);
        await Server.ExecuteAsync("update device_requests set expires_at = now() where client_id = @Id", new { tv.Id });

        var answers = new List<string>();
        foreach (var code in new[] { "BCDF-GHJK", used.UserCode, late.UserCode })
            answers.Add((await TypeAsync(browser, alice, code)).Reply.Page.QuerySelector("#problem")!.TextContent);

        answers.Distinct().Should().ContainSingle().Which.Should().StartWith("This code does not work.");
    }

    [Test, Behaviour(39)]
    public async Task What_has_expired_is_swept()
    {
        var (alice, tv) = (await Server.UserAsync(), await TvAsync());
        await AskAsync(tv);
        await TypeAsync(NewBrowser(), alice, "BCDF-GHJK");
        Server.Clock.Travel(TimeSpan.FromMinutes(90));

        await Server.Get<Maintenance.Retention>().OnceAsync(CancellationToken.None);

        (await Server.ScalarAsync<long>("select count(*) from device_requests where client_id = @Id", new { tv.Id })).Should().Be(0);
        (await Server.ScalarAsync<long>("select count(*) from device_attempts")).Should().Be(0);
    }

    private static string NewAddress() => $"127.0.7.{Interlocked.Increment(ref lastAddress) % 250 + 2}";

    private Browser NewBrowser() => Server.NewBrowserFrom(NewAddress());
}
