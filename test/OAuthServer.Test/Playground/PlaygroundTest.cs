using System.Net;
using System.Text.RegularExpressions;
using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Playground;
using OAuthServer.Test.Html;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Playground;

/// <summary>The first page a newcomer sees: it works, it shows what really happened, and it is nowhere but in Development.</summary>
public sealed class PlaygroundTest : ServerFixture
{
    [OneTimeSetUp]
    public Task SeedAsync() => PageTourFixture.SeedAsync(Server);

    [Test]
    public async Task Five_steps_lead_from_a_first_token_to_a_revoked_one()
    {
        var walker = new PageTourFixture(Server);

        var begin = await walker.ReadAsync("/playground");
        begin.Should().Contain("nightly-etl").And.Contain("href=\"/playground?step=machine\"");

        (await walker.ReadAsync("/playground?step=machine")).Should().Contain("Send").And.NotContain("access_token");
        var machine = await walker.DoAsync("machine");
        machine.Should().Contain("200 OK").And.Contain("\"access_token\": \"eyJ").And.Contain("Authorization: Basic ").And
            .Contain("curl -i -u 'nightly-etl:nightly-etl-secret'")
            .And.Contain("at+jwt").And.Contain("RFC 9068 §2.1").And.Contain("RFC 7519 §4.1.3").And
                .Contain("client_credentials scope=notes:read");

        var person = await walker.SignInAndAllowAsync();
        person.Should().Contain("grant_type=authorization_code").And.Contain("code_verifier=").And.Contain("\"refresh_token\": ").And
            .Contain("<code>code</code> <span class=\"mark yes\">").And.Contain("consent given").And.Contain("<code>grant</code>");

        (await walker.DoAsync("refresh")).Should().Contain("Both tokens are new").And.Contain("grant_type=refresh_token");

        var replay = await walker.DoAsync("replay");
        Regex.Matches(replay, "<span class=\"mark (?:yes|no)\"><bdi>(\\d+)").Select(match => match.Groups[1].Value)
            .Should().Equal("200", "400", "400", "200");
        replay.Should().Contain("\"error\": \"invalid_grant\"").And.Contain("\"active\": false")
            .And.Contain("a superseded refresh token was used; the grant and its tokens are revoked").And.Contain("RFC 9700 §4.14.2")
            .And.Contain("The code or refresh token is not valid").And.Contain("the grant has ended: refresh_reused");

        var revoke = await walker.DoAsync("revoke");
        Regex.Matches(revoke, "\"active\": (true|false)").Select(match => match.Groups[1].Value).Should().Equal("true", "false");
        revoke.Should().Contain("<code>revocation</code>").And.Contain("All steps completed");
        Regex.Count(revoke, "<span class=\"unseen\">done</span>").Should().Be(5);

        walker.Urls.Should().HaveCountGreaterThan(10);
        foreach (var token in Regex.Matches(string.Join('\n', machine, person, replay), "_?token\": \"([^\"]+)\"|code_verifier=([\\w-]+)")
            .Select(match => match.Groups[1].Value + match.Groups[2].Value))
            walker.Urls.Should().NotContain(url => url.Contains(token), "a token or verifier stands in no URL");
    }

    [Test]
    public async Task The_rows_it_shows_are_those_of_its_own_requests()
    {
        var walker = new PageTourFixture(Server);

        var page = await walker.DoAsync("machine");

        var id = Regex.Match(page, "Request-Id: ([\\w-]+)").Groups[1].Value;
        var row = (await Server.QueryAsync<AuditLine>("select event, outcome, client_id, detail from audit_events where request_id = @id",
            new { id })).Should().ContainSingle().Subject;
        (row.Event, row.Outcome, row.ClientId).Should().Be(("token", "ok", "nightly-etl"));
        page.Should().Contain(row.Detail);
    }

    [Test]
    public async Task A_step_without_its_forerunner_says_which_one_that_is()
    {
        var walker = new PageTourFixture(Server);
        await walker.ReadAsync("/playground");

        foreach (var (stage, first) in new[] { ("refresh", 2), ("replay", 3), ("revoke", 1) })
            (await walker.ReadAsync($"/playground?step={stage}"))
                .Should().Contain($"Complete step {first} first").And.NotContain($"value=\"{stage}\"");
        // A form kept from before.
        var posted = await walker.PostAsync("refresh");
        posted.Should().Contain("Complete step 2 first");
    }

    [Test]
    public async Task A_form_sent_twice_does_nothing_twice()
    {
        var walker = new PageTourFixture(Server);
        await walker.SignInAndAllowAsync();
        var first = await walker.DoAsync("refresh");

        var second = await walker.PostAsync("refresh");

        Request(second).Should().Be(Request(first));

        static string Request(string page) => Regex.Match(page, "Request-Id: ([\\w-]+)").Groups[1].Value;
    }

    [Test]
    public async Task The_consent_page_says_what_the_app_learns_of_a_denial()
    {
        var walker = new PageTourFixture(Server);

        var page = await walker.SignInAndAllowAsync("deny");

        page.Should().Contain("error=access_denied").And.Contain("No code was returned").And.Contain("Repeat").And.NotContain("Next:");
        (await walker.ReadAsync("/playground?step=refresh")).Should().Contain("Complete step 2 first");
    }

    [Test]
    public async Task Without_staying_connected_there_is_no_refresh_token_and_the_page_says_why()
    {
        var walker = new PageTourFixture(Server);

        var page = await walker.SignInAndAllowAsync("allow", ("scope offline_access", null));

        page.Should().Contain("\"access_token\": \"eyJ").And.Contain("No refresh token was issued").And.NotContain("Next:");
    }

    [Test, Rfc(6749, "10.12"), Rfc(9207, "2.4")]
    public async Task An_answer_to_no_question_of_this_browser_is_refused_and_not_repeated()
    {
        const string hostile = "%3Cscript%3Ealert(1)%3C/script%3E";
        var walker = new PageTourFixture(Server);
        await walker.ReadAsync("/playground");
        var issuer = Uri.EscapeDataString(Server.Issuer);

        foreach (var query in new[] { $"error={hostile}", $"error={hostile}&state={hostile}&iss={issuer}",
            $"code={hostile}&state=a&iss={issuer}", "" })
            await RefusedAsync(query);
        var state = await walker.LeaveAsync();
        foreach (var query in new[] { $"code=a&state=b&iss={issuer}", $"code=a&state={state}",
            $"code=a&state={state}&iss=https%3A%2F%2Fevil.example" })
            await RefusedAsync(query);

        async Task RefusedAsync(string query)
        {
            var page = await walker.Browser.GetAsync($"/callback?{query}");
            page.Should().BeAnErrorPage("invalid_request", words: "This response does not match a request from this browser");
            page.Body.Should().NotContain("alert(1)");
        }
    }

    [Test]
    public async Task A_hostile_answer_to_its_own_question_is_shown_as_text()
    {
        var walker = new PageTourFixture(Server);
        await walker.ReadAsync("/playground");
        var state = await walker.LeaveAsync();

        var back =
            await walker.Browser.FollowAsync(
                $"/callback?error=<script>alert(1)</script>\"'&error_description=%22%3E%3Cimg src=x "
                    + $"onerror=alert(1)%3E&state={state}&iss={Uri.EscapeDataString(Server.Issuer)}");

        back.Url.Should().EndWith("/playground?step=person");
        back.Reply.Should().BeAPage(200);
        back.Reply.Body.Should().NotContain("<script").And.NotContain("<img").And.Contain("No code was returned");
        WebUtility.HtmlDecode(back.Reply.Body).Should().Contain("error=");
    }

    [Test]
    public async Task Two_browsers_do_not_see_each_other()
    {
        var (one, other) = (new PageTourFixture(Server), new PageTourFixture(Server));
        var page = await one.DoAsync("machine");
        var token = Regex.Match(page, "\"access_token\": \"([^\"]+)\"").Groups[1].Value;
        await other.ReadAsync("/playground");

        (await other.ReadAsync("/playground?step=machine")).Should().NotContain(token).And.NotContain("access_token");
        (await one.ReadAsync("/playground?step=machine")).Should().Contain(token);
        var state = await one.LeaveAsync();
        (await other.Browser.GetAsync($"/callback?code=a&state={state}&iss={Uri.EscapeDataString(Server.Issuer)}")).Status
            .Should().Be(400, "the state is the other's");
    }

    [Test]
    public async Task A_refusal_at_the_redirect_URI_is_a_page_unless_JSON_is_preferred()
    {
        (await Server.GetAsync("/callback?code=a")).Should().BeAnErrorPage("invalid_request");
        (await Server.GetAsync("/callback?code=a", ("Accept", "application/json"))).Should().BeRefusedWith("invalid_request");
    }

    [Test]
    public async Task A_form_from_elsewhere_does_nothing()
    {
        var (walker, other) = (new PageTourFixture(Server), new PageTourFixture(Server));
        await walker.ReadAsync("/playground?step=machine");
        var foreign = Browser.Form.On(await other.ReadAsync("/playground?step=machine"), null, null)!;

        (await walker.Browser.PostAsync("/playground", [new("step", "machine")])).Should().BeAnErrorPage("invalid_request");
        (await walker.Browser.PostAsync("/playground", foreign.Fields)).Should().BeAnErrorPage("invalid_request");
        (await Server.NewBrowser().PostAsync("/playground", foreign.Fields)).Should().BeAnErrorPage("invalid_request");
        (await walker.ReadAsync("/playground?step=machine")).Should().NotContain("access_token");
    }

    [Test]
    public async Task Starting_over_forgets_everything()
    {
        var walker = new PageTourFixture(Server);
        await walker.DoAsync("machine");

        (await walker.PostAsync("over")).Should().NotContain("Start over").And.NotContain("class=\"unseen\">done");
        (await walker.ReadAsync("/playground?step=machine")).Should().NotContain("access_token");
    }

    [Test]
    public async Task An_unknown_step_is_not_there()
    {
        (await Server.NewBrowser().GetAsync("/playground?step=nonsense")).Should().BeAnErrorPage("invalid_request", 404);
        var walker = new PageTourFixture(Server);
        await walker.ReadAsync("/playground");
        (await walker.SubmitAsync("nonsense")).Status.Should().Be(400);
    }

    [Test]
    public void Walks_are_few_and_end()
    {
        var clock = new Clock();
        var walks = new Walkthroughs(clock);
        byte[] Browser(int number) => [(byte)(number >> 8), (byte)number];

        for (var number = 0; number <= Walkthroughs.Most; number++)
        {
            walks.Keep(Browser(number), walks.Find(null) with { First = $"{number}" });
            clock.Travel(TimeSpan.FromMilliseconds(1));
        }

        walks.Find(Browser(0)).First.Should().BeNull("the oldest makes room");
        walks.Find(Browser(1)).First.Should().Be("1");
        clock.Travel(Walkthroughs.GrantDuration);
        walks.Find(Browser(Walkthroughs.Most)).First.Should().BeNull("it is over after half an hour");
    }
}
