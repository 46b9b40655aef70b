using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec;

/// <summary>Whoever has not said who they are can make us write so many rows a minute, and no more.</summary>
[Behaviour(24)]
public sealed class AnonymousWritesTest : ServerFixture
{
    private const int Most = 5;

    protected override Settings Change(Settings settings) => settings with { AuthorizationsPerMinute = Most, RefusalsPerMinute = Most };

    [Test, Rfc(9700, "4.15")]
    public async Task Authorization_requests_of_one_address_are_limited_and_those_of_others_are_not()
    {
        var client = await Server.PublicClientAsync();
        using var flood = Server.NewHttpFrom("127.0.5.1");
        using var other = Server.NewHttpFrom("127.0.5.2");

        var replies = new List<Reply>();
        for (var i = 0; i < 3 * Most; i++) replies.Add(await AuthorizeAsync(flood));

        replies.Take(Most).Should().OnlyContain(reply => reply.Status == 302 || reply.Status == 303);
        replies[^1].Should().BeRefusedWith("slow_down");
        replies.Count(reply => reply.Status == 429).Should().BeGreaterThan(Most);
        (await Server.ScalarAsync<long>("select count(*) from authorization_requests where client_id = @Id", new { client.Id }))
            .Should().Be(replies.Count(reply => reply.Status != 429));
        (await AuthorizeAsync(other)).Status.Should().BeOneOf(302, 303);

        Task<Reply> AuthorizeAsync(HttpClient http) =>
            http.ReplyAsync(HttpMethod.Get, $"{Paths.Authorize}?{client.AuthorizeQuery(TestClient.NewVerifier())}", null,
                ("Accept", "application/json"));
    }

    [TestCase("GET", "/authorize?client_id=nobody", 1)]
    [TestCase("GET", "/login?request=made-up", 2)]
    [TestCase("POST", "/login", 3)]
    [TestCase("POST", "/token", 4)]
    [TestCase("POST", "/revoke", 5)]
    [TestCase("POST", "/introspect", 6)]
    [TestCase("POST", "/register", 7)]
    [TestCase("GET", "/why/made-up", 8)]
    [TestCase("GET", "/authorize/made-up", 9)]
    [TestCase("POST", "/logout", 10)]
    [TestCase("POST", "/consent", 11)]
    [TestCase("GET", "/revocations", 12)]
    public async Task Refusals_of_one_address_fill_the_audit_log_so_far_and_no_further(string method, string path, int address)
    {
        var from = $"127.0.6.{address}";
        using var http = Server.NewHttpFrom(from);

        var replies = new List<Reply>();
        for (var i = 0; i < 3 * Most; i++)
            replies.Add(await http.ReplyAsync(new HttpMethod(method), path, method == "POST"
                ? Requests.Form("client_id=nobody&grant_type=none") : null, ("Accept", "application/json")));

        var kept = await Server.ScalarAsync<long>("select count(*) from audit_events where address = @from", new { from });
        kept.Should().BeLessThanOrEqualTo(Most + 1, "one may be regained in the meantime");
        var ofFloods = Math.Min(Most, replies.Count(reply => reply.Status == 415));
        (replies.Count(reply => reply.Status is >= 400 and not (429 or 404 or 405 or 415)) + ofFloods)
            .Should().Be((int)kept, "a refusal in full is kept");
        replies.Should().NotContain(reply => reply.Status >= 500);
    }

    [Test]
    public async Task Behind_the_address_of_a_flood_of_refusals_good_requests_are_answered()
    {
        var machine = await Server.MachineAsync();
        using var shared = Server.NewHttpFrom("127.0.5.3");
        for (var i = 0; i < 2 * Most; i++) await shared.ReplyAsync(HttpMethod.Get, "/authorize?client_id=nobody");

        var reply = await shared.ReplyAsync(HttpMethod.Post, Paths.Token, Requests.Form("grant_type=client_credentials"),
            ("Authorization", Requests.BasicOf($"{machine.Id}:{Cast.Secret}")));

        reply.Should().HaveIssuedTokens();
    }
}
