using System.Diagnostics;
using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec.Accounts;

/// <summary>People without a password sign in another way; here they get the answer of a wrong one, and may set a first one.</summary>
[Behaviour(94)]
public sealed class NoPasswordTest : AccountFixture
{
    [Test, Case("ACC-118")]
    public async Task Somebody_without_a_password_gets_the_answer_of_a_wrong_one_in_its_time()
    {
        var (alice, ada) = (await Server.UserAsync(), await WithoutAsync());
        var (wrong, none) = (new List<double>(), new List<double>());
        await TryAsync(alice);

        for (var round = 0; round < 16; round++)
        {
            var (hers, adas) = (await TimedAsync(alice), await TimedAsync(ada));
            adas.Reply.Should().BeAPage(401);
            Plain(adas.Reply.Body, ada).Should().Be(Plain(hers.Reply.Body, alice));
            wrong.Add(hers.Milliseconds);
            none.Add(adas.Milliseconds);
        }

        (await Server.ScalarAsync<long>("select count(*) from sessions where subject = @Subject", ada)).Should().Be(0);
        // How likely one takes longer than the other; a hash more or less would be nearly certain to tell.
        (wrong.Sum(one => none.Count(other => one > other)) / (double)(wrong.Count * none.Count)).Should()
            .BeInRange(0.15, 0.85, $"both cost one slow hash: {string.Join(' ', wrong)}; {string.Join(' ', none)}");

        async Task<(Reply Reply, double Milliseconds)> TimedAsync(Person person)
        {
            var began = Stopwatch.GetTimestamp();
            var reply = await TryAsync(person);
            return (reply, Stopwatch.GetElapsedTime(began).TotalMilliseconds);
        }
    }

    [Test]
    public async Task A_first_password_is_set_after_a_recent_sign_in_only()
    {
        var (ada, browser) = (await WithoutAsync(), NewBrowser());
        await SessionAsync(ada, browser);
        var page = await browser.FollowAsync(Paths.Password);

        page.Reply.Body.Should().Contain("Set a password").And.NotContain("Current password");
        Server.Clock.Travel(TimeSpan.FromMinutes(6));
        var late = await browser.SubmitToAsync(Paths.Password, page, ("password", Better), ("again", Better));
        late.Should().BeAPage(401);
        late.Body.Should().Contain("Sign in again");
        (await HashAsync(ada)).Should().BeNull();

        await SessionAsync(ada, browser);
        page = await browser.FollowAsync(Paths.Password);
        (await browser.SubmitToAsync(Paths.Password, page, ("password", "short"), ("again", "short"))).Status.Should().Be(400);
        (await browser.SubmitToAsync(Paths.Password, page, ("password", Better), ("again", Better))).Status.Should().Be(303);
        (await browser.IsSignedInAsync()).Should().BeTrue("this browser goes on");
        (await NewBrowser().SignInAsync(await NewBrowser().FollowAsync("/login"), ada, Better)).Reply.Status.Should().BeOneOf(200, 400);
        (await HashAsync(ada)).Should().StartWith("$2a$");
    }

    private async Task<Person> WithoutAsync()
    {
        var ada = await Server.UserAsync("ada");
        await Server.ExecuteAsync("update users set password_hash = null where subject = @Subject", ada);
        return ada;
    }

    // As a sign-in at a provider would begin one.
    private async Task SessionAsync(Person person, Browser browser)
    {
        var id = OAuthServer.Grants.OpaqueToken.Mint();
        await Server.ExecuteAsync("""
            insert into sessions (id_hash, subject, authenticated_at, last_seen_at, expires_at, address, user_agent)
            values (@id, @Subject, @now, @now, @now + interval '1 day', '127.0.0.1', 'x')
            """, new { id = OAuthServer.Grants.OpaqueToken.Hash(id), person.Subject, now = Server.Clock.GetUtcNow().UtcDateTime });
        browser.Cookies[OAuthServer.Html.Cookies.Name("s", Server.Settings)] = id;
    }

    private async Task<Reply> TryAsync(Person person)
    {
        var browser = Server.NewBrowser();
        return (await browser.SignInAsync(await browser.FollowAsync("/login"), person, "anything at all, but wrong")).Reply;
    }

    private static string Plain(string body, Person person) =>
        System.Text.RegularExpressions.Regex.Replace(body.Replace(person.Username, "NAME"),
            "<code>[^<]*</code>|name=\"antiforgery\" value=\"[^\"]*\"", "");
}
