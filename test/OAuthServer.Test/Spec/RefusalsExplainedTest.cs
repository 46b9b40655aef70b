using FluentAssertions;
using FluentAssertions.Execution;
using Microsoft.AspNetCore.Routing;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec;

/// <summary>Whatever an endpoint refuses, `why` has the reason: every route is walked over.</summary>
[Behaviour(25)]
public sealed class RefusalsExplainedTest : ServerFixture
{
    // Where a request with a repeated parameter, or a form that is none of ours, is not refused: what everybody may read, what only
    // redirects, and what shows a page with the mistake marked in it.
    private static readonly string[] RefuseNothing =
    [
        "GET /", "GET /errors", "GET /icon.svg", "GET /logo", "GET /style.css", "GET /post.js",
        "GET /passkey.js", "GET /healthz", "GET /readyz", "GET /jwks",
        "GET /logout", "GET /password/forgot", "GET /signed-out", "GET /device/done",
        "GET /.well-known/change-password", "GET /.well-known/oauth-authorization-server", "GET /.well-known/oauth-protected-resource",
        "GET /.well-known/openid-configuration", "GET /.well-known/security.txt", "POST /authorize",
        "GET /admin/{**rest}", "POST /admin/{**rest}",
    ];

    protected override Settings Change(Settings settings) => settings with { RegistrationsPerMinute = 40, LoginsPerMinute = 3 };

    [Test]
    public async Task Every_route_explains_what_it_refuses()
    {
        var (olivia, browser) = (await Server.UserAsync("olivia", "admin"), Server.NewBrowser());
        await browser.SignInAsync(olivia);
        var (refusing, unexplained) = (new HashSet<string>(), new List<string>());

        foreach (var (verb, pattern) in Routes())
        {
            var path = pattern.Replace("{**rest}", "made-up").Replace("{id}", "made-up").Replace("{request}", "made-up")
                .Replace("{client}", "made-up");
            foreach (var reply in await RequestsAsync(browser, verb, path))
            {
                if (reply.Status is < 400 or 404 or 405 or 503) continue;
                refusing.Add($"{verb} {pattern}");
                if ((await Server.AuditAsync(reply)).All(row => string.IsNullOrEmpty(row.Reason) || string.IsNullOrEmpty(row.Rule)))
                    unexplained.Add($"{verb} {path}: {reply.Status} {reply.RequestId}");
            }
        }

        using var scope = new AssertionScope();
        unexplained.Should().BeEmpty();
        Routes().Select(route => $"{route.Verb} {route.Pattern}").Where(route => !refusing.Contains(route))
            .Should().BeSubsetOf(RefuseNothing, "a route that refuses is looked at, and one that does not is named here");
    }

    [TestCase("POST", "/token", "grant_type=made-up", null, "token")]
    [TestCase("POST", "/token", "{}", "application/json", "token")]
    [TestCase("POST", "/token", "grant_type=client_credentials&client_id=nobody&client_secret=x", null, "token")]
    [TestCase("POST", "/token", "grant_type=refresh_token&client_id=nobody", null, "token")]
    [TestCase("POST", "/revoke", "token=x", null, "revocation")]
    [TestCase("POST", "/introspect", "token=x", null, "introspection")]
    [TestCase("POST", "/register", "{", "application/json", "registration")]
    [TestCase("POST", "/register", "[]", "application/json", "registration")]
    [TestCase("POST", "/register", "a=b", null, "registration")]
    [TestCase("POST", "/register", """{"redirect_uris":["javascript:alert(1)"]}""", "application/json", "registration")]
    [TestCase("DELETE", "/register/nobody", null, null, "registration")]
    [TestCase("GET", "/authorize?client_id=nobody", null, null, "authorize")]
    [TestCase("GET", "/authorize/made-up", null, null, "authorize")]
    [TestCase("GET", "/login?request=made-up", null, null, "sign-in")]
    [TestCase("GET", "/why/made-up", null, null, "api")]
    public async Task The_reason_is_of_the_endpoint_that_refused(string method, string path, string? body, string? type, string @event)
    {
        var reply = await Server.SendAsync(new HttpMethod(method), path,
            body is null ? null : Requests.Form(body, type ?? "application/x-www-form-urlencoded"), ("Accept", "application/json"));

        reply.Status.Should().BeInRange(400, 429);
        var row = (await Server.AuditAsync(reply)).Should().ContainSingle().Subject;
        (row.Event, row.Outcome, row.Error).Should().Be((@event, "refused", reply.Error));
    }

    [Test]
    public async Task What_is_refused_before_an_endpoint_is_explained_too()
    {
        var tooLarge = await Server.PostTokenAsync(new string('x', 70_000));
        var otherHost = await Server.GetAsync(Paths.Jwks, ("Host", "other.example"));
        var nul = await Server.SendRawAsync($"GET /jwks HTTP/1.1\r\nHost: {Server.Settings.IssuerAuthority}\r\nX: a\0b\r\nConnection: close\r\n\r\n");

        (await OnlyAsync(tooLarge.RequestId)).Should().Be(("request", "body past the limit"));
        (await OnlyAsync(otherHost.RequestId)).Should().Be(("host", "another Host"));
        (await OnlyAsync(nul.Header("Request-Id")!)).Should().Be(("request", "NUL in the header X"));
    }

    [Test]
    public async Task A_limit_is_explained_ten_times_a_minute_and_a_flood_writes_no_more_than_that()
    {
        using var flood = Server.NewHttpFrom("127.0.7.1");
        var replies = new List<Reply>();
        for (var i = 0; i < 80; i++)
            replies.Add(await flood.ReplyAsync(HttpMethod.Post, Paths.Register, Requests.Form("{}", "application/json")));

        var tooMany = replies.Where(reply => reply.Status == 429).ToList();
        tooMany.Should().HaveCountGreaterThan(20);
        (await OnlyAsync(tooMany[0].RequestId)).Reason.Should().Contain("registrations a minute");
        (await Server.ScalarAsync<long>("select count(*) from audit_events where address = '127.0.7.1' and error = 'slow_down'"))
            .Should().BeInRange(10, 12);
    }

    [Test]
    public async Task Too_many_sign_ins_are_explained()
    {
        var (alice, browser) = (await Server.UserAsync(), Server.NewBrowserFrom("127.0.7.2"));
        Landing landed;
        var attempts = 0;
        do landed = await browser.SignInAsync(await browser.FollowAsync(Paths.Login), alice, "wrong password");
        while (landed.Reply.Status != 429 && ++attempts < 10);

        (await OnlyAsync(landed.Reply.RequestId)).Should().Be(("sign-in", "too many failed sign-ins from this address"));
    }

    private async Task<(string Event, string? Reason)> OnlyAsync(string request)
    {
        var row = (await Server.QueryAsync<AuditLine>("select event, reason from audit_events where request_id = @request",
            new { request }))
            .Should().ContainSingle().Subject;
        return (row.Event, row.Reason);
    }

    // As an administrator who has the wrong form, and as nobody.
    private async Task<Reply[]> RequestsAsync(Browser browser, string verb, string path)
    {
        if (verb == "GET")
            return [await browser.GetAsync(path + "?client_id=a&client_id=b&id=a&id=b"),
                await Server.GetAsync(path + "?client_id=a&client_id=b")];
        KeyValuePair<string, string>[] form = [KeyValuePair.Create("a", "1"), KeyValuePair.Create("a", "2")];
        return
        [
            .. verb == "POST" ? new[] { await browser.PostAsync(path, form) } : [],
            await Server.SendAsync(new HttpMethod(verb), path, new FormUrlEncodedContent(form)),
        ];
    }

    private List<(string Verb, string Pattern)> Routes() =>
    [
        .. from endpoint in Server.Get<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
           let verbs = endpoint.Metadata.GetMetadata<IHttpMethodMetadata>()?.HttpMethods ?? ["GET", "POST"]
           from verb in verbs
           where verb != "HEAD"
           select (verb, endpoint.RoutePattern.RawText!),
    ];
}
