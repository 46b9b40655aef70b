using System.Reflection;
using System.Text.RegularExpressions;
using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec;

[Behaviour(9)]
public sealed class ErrorsTest : ServerFixture
{
    protected override Settings Change(Settings settings) => settings with { HashQueueLength = 1, HashQueueMilliseconds = 20 };

    [TestCase("GET", "/nothing/here", 404)]
    [TestCase("POST", "/elsewhere", 404)]
    [TestCase("GET", "/.well-known/openid-federation", 404)]
    [TestCase("GET", "/.well-known/anything-else", 404)]
    [TestCase("GET", "/token", 405)]
    [TestCase("GET", "/revoke", 405)]
    [TestCase("GET", "/introspect", 405)]
    [TestCase("POST", "/jwks", 405)]
    [TestCase("DELETE", "/.well-known/oauth-authorization-server", 405)]
    [Rfc(6749, "5.2")]
    public async Task A_bare_status_has_the_standard_form_too(string method, string path, int status)
    {
        var reply = await Server.SendAsync(new HttpMethod(method), path);

        reply.Should().BeRefusedWith("invalid_request", status);
        reply.Json.GetProperty("error_uri").GetString().Should().Be($"{Server.Issuer}/errors#invalid_request");
        if (status == 405) reply.Header("Allow").Should().NotBeNullOrEmpty();
    }

    [Test, Rfc(6749, "5.2")]
    public async Task Every_public_sentence_is_printable_ASCII_and_fixed()
    {
        foreach (var make in typeof(OAuthError).GetMethods(BindingFlags.Public | BindingFlags.Static)
            .Where(method => method.ReturnType == typeof(OAuthError)))
        {
            var arguments = make.GetParameters().Select(object? (parameter) => parameter.Name is "description" or "code" ? "given"
                : parameter.ParameterType == typeof(int) ? 1 : parameter.HasDefaultValue ? parameter.DefaultValue : "PRIVATE").ToArray();
            var error = (OAuthError)make.Invoke(null, arguments)!;

            error.Description.Should().MatchRegex(@"^[\x20-\x21\x23-\x5B\x5D-\x7E]+$").And.NotContain("PRIVATE", make.Name);
            error.Code.Should().MatchRegex("^[a-z_]+$");
            error.Rule.Should().NotBeNullOrWhiteSpace();
        }

        await Task.CompletedTask;
    }

    [Test, Rfc(6749, "5.2"), Behaviour(25)]
    public async Task A_refusal_has_two_faces_and_the_private_one_is_found_by_its_request_id_only()
    {
        var (client, mallory, alice) = (await Server.PublicClientAsync(), await Server.PublicClientAsync(), await Server.UserAsync());
        var machine = await Server.MachineAsync();
        var code = await Server.GrantAsync(client, alice);
        var tokens = await Server.TokensAsync(client, alice);
        Reply[] refusals =
        [
            await machine.With("wrong").CredentialsAsync(),
            await machine.CredentialsAsync(("scope", "notes:delete")),
            await machine.CredentialsAsync(("resource", "https://nobody.example/")),
            await machine.RefreshAsync("x"),
            await Server.PostTokenAsync("grant_type=client_credentials&client_id=nobody&client_secret=x"),
            await Server.PostTokenAsync("grant_type=nope"),
            await Server.PostTokenAsync("grant_type=a&grant_type=b"),
            await mallory.RedeemAsync(code),
            await client.RedeemAsync(code with { Verifier = TestClient.NewVerifier() }),
            await client.RedeemAsync(code with { Verifier = "short" }),
            await client.RedeemAsync(code with { RedirectUri = "https://evil.example/" }),
            await client.RedeemAsync(code with { Value = "nonsense" }),
            await mallory.RefreshAsync(tokens.RefreshToken!),
            await client.RefreshAsync(tokens.RefreshToken!, ("scope", "notes:delete")),
            await client.RefreshAsync("nonsense"),
            await machine.IntrospectAsync("x"),
        ];

        foreach (var refusal in refusals)
        {
            var row = (await Server.AuditAsync(refusal)).Should().ContainSingle(refusal.ToString()).Subject;
            row.Outcome.Should().Be("refused");
            row.Error.Should().Be(refusal.Error);
            row.Rule.Should().MatchRegex("^RFC ");
            row.Reason.Should().NotBeNullOrWhiteSpace();
            refusal.Body.Should().NotContain(row.Reason!);
            foreach (var secret in new[] { row.Expected, row.Got }.OfType<string>().Where(text => text.Length > 12))
                refusal.Body.Should().NotContain(secret);
        }

        refusals.Select(refusal => refusal.RequestId).Should().OnlyHaveUniqueItems();
    }

    [Test, Rfc(9110, "15.6.4")]
    public async Task A_flood_of_slow_hashes_is_refused_with_503_and_others_are_served()
    {
        var (authenticated, victim) = (await Server.MachineAsync(), await Server.MachineAsync());
        (await authenticated.CredentialsAsync()).Should().HaveIssuedTokens();

        var flood = Enumerable.Range(0, 40).Select(i => victim.With($"guess-{i}").CredentialsAsync()).ToList();
        var served = await authenticated.CredentialsAsync();
        var answers = await Task.WhenAll(flood);

        served.Should().HaveIssuedTokens();
        answers.Select(answer => answer.Status).Distinct().Should().BeSubsetOf([401, 503]).And.Contain(503);
        answers.First(answer => answer.Status == 503).Should().BeRefusedWith("temporarily_unavailable");
    }

    [Test, Behaviour(9)]
    public async Task No_hostile_value_makes_a_500()
    {
        var client = await Server.PublicClientAsync();
        string[] hostile =
            ["'; drop table clients; --", "\\", "\"", "<script>", "%", "%%%",
                "%zz", "\u202e", "😀", "\u0001\u007f", new string('a', 30_000),
                "{}", "null", "-1", "../../etc/passwd", "${jndi:ldap://x}"];

        foreach (var value in hostile)
            foreach (var name in new[] { "grant_type", "code", "client_id", "refresh_token", "scope", "resource", "redirect_uri",
                "code_verifier", "client_secret" })
            {
                var form =
                    new List<(string, string?)> { ("grant_type", "authorization_code"), ("code", "x"),
                        ("code_verifier", TestClient.NewVerifier()) };
                form.RemoveAll(pair => pair.Item1 == name);
                var reply = await client.TokenAsync([.. form, (name, value)]);
                reply.Status.Should().BeOneOf([400, 401], "{0}={1}", name, value);
                reply.IsJson.Should().BeTrue();
                Regex.IsMatch(reply.Body, @"\bat [A-Z]\w+\.|Npgsql|relation|syntax").Should().BeFalse(reply.Body);
            }
    }
}

/// <summary>A fault of ours: the schema is broken under a running server.</summary>
[Behaviour(9)]
public sealed class FaultTest : ServerFixture
{
    [Test, Rfc(9110, "15.6.1")]
    public async Task A_fault_is_a_500_that_tells_nothing()
    {
        var machine = await Server.MachineAsync();
        await machine.CredentialsAsync();
        await Server.ExecuteAsync(
            "create function broken() returns trigger language plpgsql as $$ begin raise exception 'the inner secret'; "
                + "end $$; create trigger broken before insert on audit_events_default for each row execute function broken()");
        await Server.ExecuteAsync(
            "do $$ declare part regclass; begin for part in select inhrelid::regclass from pg_inherits "
                + "where inhparent = 'audit_events'::regclass and inhrelid::regclass::text <> 'audit_events_default' loop execute "
                + "format('create trigger broken before insert on %s for each row execute function broken()', part); end loop; end $$");

        var reply = await machine.CredentialsAsync();

        reply.Should().BeRefusedWith("server_error", 500, "The server met an unexpected condition");
        reply.Body.Should().NotContain("inner secret").And.NotContain("Npgsql");
    }
}
