using System.Diagnostics;
using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec.Accounts;

/// <summary>Nobody learns by a clock who has an account: the mail is queued, and its server may be slow.</summary>
[Behaviour(93)]
public sealed class ForgottenPasswordTimeTest : MailFixture
{
    private const int Samples = 400;

    protected override int SecondsPerMail => 2;

    [Test, Case("ACC-111")]
    public async Task Whether_there_is_an_account_takes_the_same_time()
    {
        var mark = NewName("timed");
        await Server.ExecuteAsync("""
            insert into users (username, password_hash, email, email_verified_at)
            select @mark || number, @hash, @mark || number || '@example.test', now() from generate_series(1, @samples) as number
            """, new { mark, hash = Cast.PasswordHash, samples = Samples });
        var (known, unknown) = (new List<double>(), new List<double>());
        await TimedAsync([], "warm-up");

        for (var number = 1; number <= Samples; number++)
        {
            var (hers, nobodys) = ($"{mark}{number}@example.test", $"nobody{number}@example.test");
            await TimedAsync(number % 2 == 0 ? known : unknown, number % 2 == 0 ? hers : nobodys);
            await TimedAsync(number % 2 == 0 ? unknown : known, number % 2 == 0 ? nobodys : hers);
        }

        Auc(known, unknown).Should().BeInRange(0.4, 0.6);
        known.Order().ElementAt(Samples / 2).Should().BeLessThan(1000, "nobody waits for the mail server");
    }

    // Each from an address of its own: the limit of an address would have most of them not queued.
    private async Task TimedAsync(List<double> times, string account)
    {
        var browser = NewBrowser();
        var page = await browser.FollowAsync(Paths.ForgottenPassword);
        var began = Stopwatch.GetTimestamp();
        (await browser.SubmitToAsync(Paths.ForgottenPassword, page, ("account", account))).Status.Should().Be(200);
        times.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
    }

    // How likely one of the first takes longer than one of the second: 0.5 tells nothing.
    private static double Auc(List<double> one, List<double> other) =>
        one.Sum(time => other.Sum(with => time > with ? 1.0 : time < with ? 0 : 0.5)) / (one.Count * (double)other.Count);
}
