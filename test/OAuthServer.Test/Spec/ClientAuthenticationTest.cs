using System.Diagnostics;
using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec;

[Behaviour(6)]
public sealed class ClientAuthenticationTest : ServerFixture
{
    private static readonly string NextHash = TestServer.Hash("the-next-secret");
    private readonly string accessLog = Path.GetTempFileName();

    protected override Settings Change(Settings settings) => settings with { AccessLogFile = accessLog };

    [OneTimeTearDown]
    public void RemoveAccessLog() => File.Delete(accessLog);

    [Test, Rfc(6749, "5.2"), Case("CAUTH-003", "CAUTH-005")]
    public async Task Unknown_client_wrong_secret_and_no_credentials_get_byte_identical_answers()
    {
        var machine = await Server.MachineAsync();

        Reply[] answers =
        [
            await machine.With("wrong").CredentialsAsync(),
            await Server.PostTokenAsync("grant_type=client_credentials", ("Authorization", Requests.BasicOf("nobody:wrong"))),
            await Server.PostTokenAsync("grant_type=client_credentials"),
            await Server.PostTokenAsync($"grant_type=client_credentials&client_id={machine.Id}"),
            await Server.PostTokenAsync("grant_type=client_credentials&client_id=nobody&client_secret=x"),
        ];

        foreach (var answer in answers)
        {
            answer.Should().BeRefusedWith("invalid_client", description: "Client authentication failed");
            answer.Body.Should().Be(answers[0].Body);
            Comparable(answer).Should().Equal(Comparable(answers[0]));
        }

        static IEnumerable<string> Comparable(Reply reply) => reply.Headers.Concat(reply.ContentHeaders)
            .Where(header => header.Key is not ("Date" or "Request-Id"))
                .Select(header => $"{header.Key}: {string.Join(", ", header.Value)}").Order();
    }

    [Test, Behaviour(6), Case("CAUTH-011")]
    public async Task Whichever_method_was_registered_the_secret_may_come_either_way()
    {
        (await (await Server.MachineAsync("client_secret_basic")).With(Cast.Secret, "client_secret_post").CredentialsAsync())
            .Should().HaveIssuedTokens();
        (await (await Server.MachineAsync("client_secret_post")).With(Cast.Secret, "client_secret_basic").CredentialsAsync())
            .Should().HaveIssuedTokens();
    }

    [TestCase("client_assertion"), TestCase("client_assertion_type")]
    [Rfc(6749, "2.3"), Rfc(7521, "4.2")]
    public async Task An_assertion_beside_a_secret_is_a_second_method(string parameter)
    {
        var (machine, web, api) = (await Server.MachineAsync(), await Server.ConfidentialClientAsync(), await Server.ResourceServerAsync());
        var assertion = (parameter, (string?)"urn:ietf:params:oauth:client-assertion-type:jwt-bearer");

        foreach (var method in new[] { "client_secret_basic", "client_secret_post" })
        {
            (await machine.With(Cast.Secret, method).CredentialsAsync(assertion))
                .Should().BeRefusedWith("invalid_request", description: "Use one way to authenticate");
            (await web.With(Cast.Secret, method).PostAsync(Paths.Revoke, ("token", "x"), assertion))
                .Should().BeRefusedWith("invalid_request");
            (await api.With(Cast.Secret, method).PostAsync(Paths.Introspect, ("token", "x"), assertion))
                .Should().BeRefusedWith("invalid_request");
        }

        (await machine.With(null).CredentialsAsync(assertion)).Should().BeRefusedWith("invalid_request");
        (await (await Server.PublicClientAsync()).RefreshAsync("x", assertion)).Should().BeRefusedWith("invalid_request");
        (await machine.CredentialsAsync((parameter, ""))).Should().HaveIssuedTokens();
    }

    [TestCase(""), TestCase("   ")]
    [Rfc(9110, "11.6.2"), Rfc(6749, "2.3"), Case("CAUTH-015")]
    public async Task An_Authorization_header_without_a_value_is_none(string value)
    {
        var (client, api) = (await Server.PublicClientAsync(), await Server.ResourceServerAsync());
        (string, string) empty = ("Authorization", value);

        (await Server.PostTokenAsync($"grant_type=refresh_token&refresh_token=x&client_id={client.Id}", empty))
            .Should().BeRefusedWith("invalid_grant");
        (await Server.SendAsync(HttpMethod.Post, Paths.Revoke, Requests.Form($"token=x&client_id={client.Id}"), empty)).Status
            .Should().Be(200);
        (await Server.SendAsync(HttpMethod.Post, Paths.Introspect, Requests.Form($"token=x&client_id={api.Id}&client_secret={Cast.Secret}"),
            empty)).Body.Should().Be("""{"active":false}""");
        (await Server.GetAsync(Paths.Revocations, empty)).Should().BeRefusedWith("invalid_client");
        (await Server.SendAsync(HttpMethod.Post, Paths.Register,
            Requests.Form("""{"redirect_uris":["https://client.example/cb"]}""", "application/json"), empty)).ShouldBeRegistered();
        (await Server.GetAsync($"{Paths.Register}/{client.Id}", empty)).ShouldBeChallenged(withToken: false);
        (await Server.GetAsync($"{Paths.Why}/x", empty)).ShouldBeChallenged(withToken: false);
    }

    [Test, Rfc(6749, "2.3.1"), Case("CAUTH-011")]
    public async Task A_public_client_never_takes_a_secret_but_an_empty_one_is_none()
    {
        var client = await Server.PublicClientAsync();

        (await client.With("anything", "client_secret_post").RefreshAsync("x")).Should().BeRefusedWith("invalid_client");
        (await client.With("anything", "client_secret_basic").RefreshAsync("x")).Should().BeRefusedWith("invalid_client");
        (await client.With("", "client_secret_post").RefreshAsync("x")).Should().BeRefusedWith("invalid_grant");
        (await client.With("", "client_secret_basic").RefreshAsync("x")).Should().BeRefusedWith("invalid_grant");
    }

    [Test, Rfc(6749, "2.3"), Case("CAUTH-008")]
    public async Task Two_methods_or_two_different_ids_are_refused()
    {
        var machine = await Server.MachineAsync();
        var basic = ("Authorization", Requests.BasicOf($"{machine.Id}:{Cast.Secret}"));

        (await Server.PostTokenAsync($"grant_type=client_credentials&client_secret={Cast.Secret}", basic))
            .Should().BeRefusedWith("invalid_request");
        (await Server.PostTokenAsync("grant_type=client_credentials&client_id=somebody-else", basic))
            .Should().BeRefusedWith("invalid_request");
        (await Server.PostTokenAsync($"grant_type=client_credentials&client_id={machine.Id}", basic)).Should().HaveIssuedTokens();
    }

    [Test, Rfc(6749, "2.3.1"), Case("CAUTH-012")]
    public async Task Credentials_in_the_query_are_neither_read_nor_logged()
    {
        var machine = await Server.MachineAsync("client_secret_post");
        var query = $"client_id={machine.Id}&client_secret={Cast.Secret}";

        (await Server.SendAsync(HttpMethod.Post, $"/token?{query}", Requests.Form("grant_type=client_credentials")))
            .Should().BeRefusedWith("invalid_client");
        (await Server.SendAsync(HttpMethod.Post, $"/token?grant_type=client_credentials&{query}", Requests.Form("x=y")))
            .Should().BeRefusedWith("invalid_request");

        await Eventually.BecomesTrueAsync(async () => (await ReadLogAsync()).Contains("POST /token 400"));
        (await ReadLogAsync()).Should().NotContain(Cast.Secret).And.NotContain("client_secret");
    }

    private async Task<string> ReadLogAsync()
    {
        await using var file = new FileStream(accessLog, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using var reader = new StreamReader(file);
        return await reader.ReadToEndAsync();
    }

    [TestCase("Basic bm9jb2xvbg==", Description = "no colon"), Case("CAUTH-013")]
    [TestCase("Basic %%%", Description = "not base64"), Case("CAUTH-014")]
    [TestCase("Basic ", Description = "empty"), Case("CAUTH-015")]
    [TestCase("Basic Og==", Description = "a colon alone")]
    [TestCase("Basic /////w==", Description = "not UTF-8")]
    [TestCase("Basic x, Basic y", Description = "two in one"), Case("CAUTH-021")]
    [TestCase("Bearer abc", Description = "another scheme")]
    [TestCase("Negotiate", Description = "no value")]
    [Rfc(7617, "2")]
    public async Task A_malformed_Authorization_header_is_an_ordinary_failure(string header) =>
        (await Server.PostTokenAsync("grant_type=client_credentials", ("Authorization", header))).Should().BeRefusedWith("invalid_client");

    [Test, Rfc(9110, "11.6.2"), Case("CAUTH-021")]
    public async Task Two_Authorization_headers_are_refused()
    {
        var machine = await Server.MachineAsync();
        var basic = Requests.BasicOf($"{machine.Id}:{Cast.Secret}");

        var reply = await Server.SendRawAsync(Server.Post("/token", "grant_type=client_credentials",
            headers: $"Host: {Server.Settings.IssuerAuthority}\r\nAuthorization: {basic}\r\nAuthorization: {basic}\r\n"));

        reply.Status.Should().BeOneOf(400, 401);
        reply.Body.Should().NotContain("access_token");
    }

    [Test, Rfc(9110, "11.1"), Case("CAUTH-018")]
    public async Task The_scheme_is_read_in_any_case()
    {
        var machine = await Server.MachineAsync();

        foreach (var scheme in new[] { "basic", "BASIC", "bAsIc" })
            (await Server.PostTokenAsync("grant_type=client_credentials",
                ("Authorization", Requests.BasicOf($"{machine.Id}:{Cast.Secret}", scheme)))).Should().HaveIssuedTokens();
    }

    [Test, Rfc(6749, "2.3.1"), Case("CAUTH-022")]
    public async Task Basic_parts_are_form_urlencoded()
    {
        var machine = await Server.MachineAsync();
        await Server.ExecuteAsync("update client_secrets set hash = @hash where client_id = @Id",
            new { machine.Id, hash = TestServer.Hash("s%+/:& ü") });

        (await Server.PostTokenAsync("grant_type=client_credentials",
            ("Authorization", Requests.BasicOf($"{machine.Id.Replace("-", "%2D")}:s%25%2B%2F%3A%26+%C3%BC")))).Should().HaveIssuedTokens();
        (await machine.With("s%+/:& ü", "client_secret_post").CredentialsAsync()).Should().HaveIssuedTokens();
        (await Server.PostTokenAsync("grant_type=client_credentials",
            ("Authorization", Requests.BasicOf($"{machine.Id}:s%25+%2F%3A%26+%C3%BC")))).Should().BeRefusedWith("invalid_client");
    }

    [Test, Behaviour(9), Case("CAUTH-024")]
    public async Task NUL_in_a_secret_never_matches_the_part_before_it()
    {
        var machine = await Server.MachineAsync("client_secret_post");

        (await Server.PostTokenAsync($"grant_type=client_credentials&client_id={machine.Id}&client_secret={Cast.Secret}%00different"))
            .Should().BeRefusedWith("invalid_request");
        (await Server.PostTokenAsync("grant_type=client_credentials",
            ("Authorization", Requests.BasicOf($"{machine.Id}:{Cast.Secret}\0different")))).Should().BeRefusedWith("invalid_client");
        (await Server.PostTokenAsync("grant_type=client_credentials",
            ("Authorization", Requests.BasicOf($"{machine.Id}:{Cast.Secret}%00different")))).Should().BeRefusedWith("invalid_client");
    }

    [Test, Behaviour(36)]
    public async Task A_secret_of_more_than_72_octets_never_matches_its_beginning()
    {
        var machine = await Server.MachineAsync("client_secret_post");
        var longest = new string('s', 72);
        await Server.ExecuteAsync("update client_secrets set hash = @hash where client_id = @Id",
            new { machine.Id, hash = TestServer.Hash(longest) });

        (await machine.With(longest).CredentialsAsync()).Should().HaveIssuedTokens();
        (await machine.With(longest + "x").CredentialsAsync()).Should().BeRefusedWith("invalid_client");
    }

    [Test, Behaviour(9), Case("CAUTH-025")]
    public async Task A_secret_of_a_megabyte_is_refused_before_any_hash()
    {
        await using var server = await TestServer.StartAsync(settings => settings with { BcryptCost = 14 });
        var machine = await server.MachineAsync("client_secret_post");
        using var http = server.NewHttp();
        var form = Requests.Form($"grant_type=client_credentials&client_id={machine.Id}&client_secret={new string('A', 1 << 20)}");
        await http.GetAsync(Paths.Health);

        var began = Stopwatch.GetTimestamp();
        var reply = await http.ReplyAsync(HttpMethod.Post, "/token", form);

        reply.Should().BeRefusedWith("invalid_request", 413);
        Stopwatch.GetElapsedTime(began)
            .Should().BeLessThan(HashTiming.SlowHash(), "a wrong secret costs two of them, and this reads 64 KiB");
    }

    [Test, Rfc(7591, "3.2.1"), Behaviour(7), Case("CAUTH-026")]
    public async Task An_expired_secret_is_told_so_but_only_to_who_knows_it()
    {
        var machine = await Server.MachineAsync();
        await Server.ExecuteAsync("update client_secrets set expires_at = now() - interval '1 minute' where client_id = @Id",
            new { machine.Id });

        (await machine.CredentialsAsync()).Should().BeRefusedWith("invalid_client", description: "The client secret has expired");
        (await machine.With("wrong").CredentialsAsync())
            .Should().BeRefusedWith("invalid_client", description: "Client authentication failed");
    }

    [Test, Behaviour(6), Case("CC-006")]
    public async Task A_disabled_client_is_told_so_but_only_after_its_secret_was_proven()
    {
        var machine = await Server.MachineAsync();
        await Server.ExecuteAsync("update clients set enabled = false where client_id = @Id", new { machine.Id });

        (await machine.CredentialsAsync()).Should().BeRefusedWith("invalid_client", description: "The client has been revoked");
        (await machine.With("wrong").CredentialsAsync())
            .Should().BeRefusedWith("invalid_client", description: "Client authentication failed");
    }

    [Test, Behaviour(7)]
    public async Task A_revoked_secret_is_as_good_as_none()
    {
        var machine = await Server.MachineAsync();
        (await machine.CredentialsAsync()).Should().HaveIssuedTokens();

        await Server.ExecuteAsync("update client_secrets set revoked_at = now() where client_id = @Id", new { machine.Id });

        await Eventually.BecomesTrueAsync(async () => (await machine.CredentialsAsync()).Status == 401);
        (await machine.CredentialsAsync()).Should().BeRefusedWith("invalid_client", description: "Client authentication failed");
    }

    [Test, Behaviour(7)]
    public async Task A_secret_is_refused_before_its_time()
    {
        var machine = await Server.MachineAsync();
        await Server.ExecuteAsync("update client_secrets set not_before = now() + interval '1 day' where client_id = @Id",
            new { machine.Id });

        (await machine.CredentialsAsync()).Should().BeRefusedWith("invalid_client", description: "Client authentication failed");
    }

    [Test, Behaviour(7, 26)]
    public async Task A_secret_works_from_the_moment_it_is_there()
    {
        for (var round = 0; round < 30; round++)
        {
            var machine = await Server.MachineAsync();
            (await machine.CredentialsAsync()).Should().HaveIssuedTokens(); // and the server remembers the client from here on

            await Server.ExecuteAsync("insert into client_secrets (client_id, hash) values (@Id, @hash)",
                new { machine.Id, hash = NextHash });

            (await new TestClient(Server, machine.Id, "the-next-secret", "client_secret_basic", "").CredentialsAsync())
                .Should().HaveIssuedTokens();
        }
    }

    [Test, Behaviour(7), Case("CAUTH-027")]
    public async Task While_a_secret_is_rotated_both_work_and_then_only_the_new_one()
    {
        var machine = await Server.MachineAsync();
        var next = machine.With("the-next-secret");
        (await machine.CredentialsAsync()).Should().HaveIssuedTokens();

        await Server.ExecuteAsync("insert into client_secrets (client_id, hash) values (@Id, @hash)",
            new { machine.Id, hash = TestServer.Hash("the-next-secret") });
        await Server.ExecuteAsync("update client_secrets set expires_at = now() + interval '1 hour' where client_id = @Id and hash = @hash",
            new { machine.Id, hash = Cast.SecretHashed });

        await Eventually.BecomesTrueAsync(async () => (await next.CredentialsAsync()).Status == 200);
        for (var i = 0; i < 20; i++)
        {
            (await machine.CredentialsAsync()).Should().HaveIssuedTokens();
            (await next.CredentialsAsync()).Should().HaveIssuedTokens();
        }

        Server.Clock.Travel(TimeSpan.FromHours(1));
        (await machine.CredentialsAsync()).Should().BeRefusedWith("invalid_client", description: "The client secret has expired");
        (await next.CredentialsAsync()).Should().HaveIssuedTokens();
    }

    [Test, Behaviour(7), Case("CAUTH-006")]
    public async Task Unknown_client_and_wrong_secret_take_the_same_time()
    {
        const int rounds = 25;
        var machine = await Server.MachineAsync();
        using var http = Server.NewHttp();
        var (unknown, wrong) = (new List<double>(), new List<double>());
        await TimeAsync("nobody:wrong");
        await TimeAsync($"{machine.Id}:wrong");

        for (var i = 0; i < rounds; i++)
        {
            unknown.Add(await TimeAsync($"nobody-{i}:wrong"));
            wrong.Add(await TimeAsync($"{machine.Id}:wrong-{i}"));
        }

        // One hash instead of two would be a ratio of two. Other tests share the cores: the quicker samples are the ones they left alone.
        var ratio = Quick(unknown) / Quick(wrong);
        ratio.Should().BeInRange(0.67, 1.5, "unknown {0:0} ms, wrong {1:0} ms", Quick(unknown), Quick(wrong));

        async Task<double> TimeAsync(string pair)
        {
            var began = Stopwatch.GetTimestamp();
            (await http.ReplyAsync(HttpMethod.Post, "/token", Requests.Form("grant_type=client_credentials"),
                ("Authorization", Requests.BasicOf(pair)))).Status.Should().Be(401);
            return Stopwatch.GetElapsedTime(began).TotalMilliseconds;
        }

        static double Quick(List<double> samples) => samples.Order().ElementAt(samples.Count / 5);
    }

    [Test, Rfc(6749, "5.2")]
    public async Task Every_endpoint_that_knows_clients_answers_alike()
    {
        foreach (var path in new[] { Paths.Token, Paths.Revoke, Paths.Introspect })
            (await Server.SendAsync(HttpMethod.Post, path,
                Requests.Form("grant_type=client_credentials&token=x&client_id=nobody&client_secret=x")))
                .Should().BeRefusedWith("invalid_client", description: "Client authentication failed");
    }
}
