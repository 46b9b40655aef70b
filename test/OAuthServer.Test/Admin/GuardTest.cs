using FluentAssertions;
using Microsoft.AspNetCore.Routing;
using NUnit.Framework;
using OAuthServer.Html;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Admin;

/// <summary>Who gets into the administration, and with what proof.</summary>
public sealed class GuardTest : AdminFixture
{
    // Whatever is mapped, so that a page that joins is guarded by these tests from its first day.
    private (string Method, string Path)[] Mapped =>
    [
        .. from endpoint in Server.Get<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
           let path = endpoint.RoutePattern.RawText!
           where path.StartsWith(Paths.Admin, StringComparison.Ordinal) && !path.Contains('{')
           from method in endpoint.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods ?? ["GET", "POST"]
           select (method, path),
    ];

    [Test]
    public async Task For_everybody_else_nothing_is_here()
    {
        var (alice, browser) = (await Server.UserAsync(), Server.NewBrowser());
        await browser.SignInAsync(await browser.FollowAsync(Paths.Admin), alice);
        var logout = await browser.GetAsync(Paths.Logout);
        var antiforgery = Browser.Form.On(logout.Body, null, null)!.Fields.Single(field => field.Key == "antiforgery");

        Mapped.Should().HaveCountGreaterThan(25);
        foreach (var (method, path) in Mapped)
        {
            var reply = method == "GET" ? await browser.GetAsync(path)
                : await browser.PostAsync(path,
                    [antiforgery, KeyValuePair.Create("subject", $"{alice.Subject}"), KeyValuePair.Create("role", "admin")]);

            reply.Status.Should().Be(404, $"{method} {path}");
            reply.Body.Should().Contain("Page not found").And.NotContain("class=\"tabs\"", $"{method} {path}");
        }

        (await Server.ScalarAsync<string>("select role from users where subject = @Subject", alice)).Should().Be("user");
    }

    [Test]
    public async Task An_anonymous_visitor_is_sent_to_sign_in()
    {
        foreach (var (method, path) in Mapped)
        {
            var reply = method == "GET" ? await Server.NewBrowser().GetAsync(path) : await Server.NewBrowser().PostAsync(path, []);

            reply.Status.Should().Be(303, $"{method} {path}");
            reply.Location.Should().EndWith("/login?page=admin");
        }
    }

    [Test]
    public async Task A_form_that_is_not_of_this_session_is_refused()
    {
        var (olivia, browser) = await OliviaAsync();
        var (_, other) = await OliviaAsync();
        var foreign =
            Browser.Form.On((await other.GetAsync(Paths.Logout)).Body, null, null)!.Fields.Single(field => field.Key == "antiforgery");

        foreach (var (_, path) in Mapped.Where(one => one.Method == "POST"))
            foreach (KeyValuePair<string, string>[] form in new KeyValuePair<string, string>[][] { [], [foreign] })
            {
                var reply = await browser.PostAsync(path, [.. form, KeyValuePair.Create("subject", $"{olivia.Subject}")]);

                reply.Should().BeAnErrorPage("invalid_request", words: "This page has expired");
                (await Server.AuditAsync(reply)).Should().ContainSingle().Which.Rule.Should().Be("CWE-352", path);
            }
    }

    [Test]
    public async Task A_form_from_another_site_is_refused()
    {
        var (_, browser) = await OliviaAsync();
        var page = await browser.GetAsync(Paths.AdminUsersAdd);
        browser.Headers["Sec-Fetch-Site"] = "cross-site";

        (await SendAsync(browser, page, Paths.AdminUsersAdd, ("username", "intruder"), ("role", "admin"))).Status.Should().Be(403);

        (await Server.ScalarAsync<int>("select count(*)::int from users where username = 'intruder'")).Should().Be(0);
    }

    [Test]
    public async Task Cancelling_the_password_question_leads_back_to_the_form()
    {
        var (olivia, browser) = await OliviaAsync();
        var (machine, alice) = (await Server.MachineAsync(), await Server.UserAsync());
        (string Page, string Path, string Back)[] forms =
        [
            (ClientPages.Of(machine.Id), Paths.AdminClient, ClientPages.Of(machine.Id)),
                (Paths.AdminClientNew + "?kind=machine", Paths.AdminClientNew, Paths.AdminMachines),
                (Paths.AdminScope, Paths.AdminScope, Paths.AdminResources),
            ($"{Paths.AdminUserState}?subject={alice.Subject}", Paths.AdminUserState, $"{Paths.AdminUser}?subject={alice.Subject}"),
                (Paths.AdminUsersAdd, Paths.AdminUsersAdd, Paths.AdminUsers), (Paths.AdminKeys, Paths.AdminKeysRotate, Paths.AdminKeys),
        ];
        Server.Clock.Travel(TimeSpan.FromMinutes(16));

        foreach (var (page, path, back) in forms)
        {
            var asked = await ChangeAsync(browser, page, path);
            asked.Status.Should().Be(401, path);
            asked.Body.Should().Contain($"<a class=\"button\" href=\"{back}\">Cancel</a>");
        }
    }

    [Test]
    public async Task A_stale_sign_in_asks_for_the_password_and_loses_nothing_that_was_typed()
    {
        var (olivia, browser) = await OliviaAsync();
        var name = $"notes:{Guid.NewGuid():N}";
        var page = await browser.GetAsync(Paths.AdminScope);
        Server.Clock.Travel(TimeSpan.FromMinutes(16));

        var asked =
            await SendAsync(browser, page, Paths.AdminScope, ("name", name), ("belongs_to", Cast.Notes), ("access", "write"),
                ("sensitive", "yes"), ("words-en", "Paint & \"frame\""), ("words-ar", "رسم"));
        asked.Should().BeAPage(401);
        asked.Body.Should().Contain("Confirm that it is you");
        (await Server.ScalarAsync<int>("select count(*)::int from scopes where name = @name", new { name })).Should().Be(0);

        var wrong = await SendAsync(browser, asked, Paths.AdminScope, (ConfirmPage.Password, "not hers"));
        wrong.Status.Should().Be(401);
        (await Server.ScalarAsync<int>("select count(*)::int from scopes where name = @name", new { name })).Should().Be(0);

        var done = await SendAsync(browser, wrong, Paths.AdminScope, (ConfirmPage.Password, olivia.Password));
        done.Status.Should().Be(303, done.Body);
        (await Server.ScalarAsync<string>("select access || resource || open || sensitive || optional from scopes where name = @name",
            new { name })).Should().Be($"write{Cast.Notes}falsetruetrue");
        (await Server.ScalarAsync<string>("select string_agg(locale || text, ' ' order by locale) from scope_texts where scope = @name",
            new { name })).Should().Be("arرسم enPaint & \"frame\"");
    }
}
