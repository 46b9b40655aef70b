using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec;

[Behaviour(38)]
public sealed class BearerTest : ServerFixture
{
    private TestClient auditor = null!;
    private string challenge = "", bare = "";

    [OneTimeSetUp]
    public async Task BringAnAuditorAsync()
    {
        await Server.ExecuteAsync("insert into resources (uri, name) values (@Issuer, 'This server')", new { Server.Issuer });
        await Server.ExecuteAsync("insert into scopes (name, resource) values ('audit:read', @Issuer), ('audit:other', @Issuer)",
            new { Server.Issuer });
        auditor = await Server.AddClientAsync("auditor", "machine", "client_secret_basic", [], "audit:read audit:other notes:read",
            "operator", Server.Issuer, Cast.Secret, "audit:read");
        challenge = $"Bearer resource_metadata=\"{Server.Issuer}/.well-known/oauth-protected-resource\"";
        bare = $"{challenge}, DPoP algs=\"ES256 PS256 RS256\"";
    }

    private Task<Reply> WhyAsync(string id, string? authorization) =>
        Server.GetAsync($"{Paths.Why}/{id}", authorization is null ? [] : [("Authorization", authorization)]);

    private async Task<string> TokenAsync(string scope = "audit:read") => (await auditor.CredentialsAsync(("scope", scope))).AccessToken;

    [Test, Rfc(6750, "3.1"), Rfc(9728, "5.1")]
    public async Task Without_a_token_the_challenge_names_the_metadata_and_no_error()
    {
        foreach (var authorization in new[] { null, Requests.BasicOf($"{auditor.Id}:{Cast.Secret}") })
        {
            var reply = await WhyAsync("x", authorization);

            reply.Status.Should().Be(401);
            reply.Header("WWW-Authenticate").Should().Be(bare);
        }
    }

    [Test, Rfc(6750, "3.1")]
    public async Task A_bad_token_is_invalid_token()
    {
        var forAnother = (await (await Server.MachineAsync()).CredentialsAsync()).AccessToken;
        var revoked = await TokenAsync();
        await auditor.RevokeAsync(revoked);

        foreach (var token in new[] { "nonsense", "", forAnother, revoked, (await TokenAsync())[..^3] + "abc" })
        {
            var reply = await WhyAsync("x", $"Bearer {token}");

            reply.Status.Should().Be(401, token);
            if (token.Length > 0) reply.Header("WWW-Authenticate").Should().StartWith(challenge + ", error=\"invalid_token\"");
            reply.Body.Should().NotContain("decisions");
        }
    }

    [Test, Rfc(6750, "3.1")]
    public async Task A_token_with_too_little_scope_is_told_which_is_missing()
    {
        var reply = await WhyAsync("x", $"Bearer {await TokenAsync("audit:other")}");

        reply.Status.Should().Be(403);
        reply.Error.Should().Be("insufficient_scope");
        reply.Header("WWW-Authenticate")
            .Should().StartWith(challenge + ", error=\"insufficient_scope\"").And.EndWith("scope=\"audit:read\"");
    }

    [Test, Rfc(6750, "2.1"), Behaviour(25)]
    public async Task A_good_token_opens_the_private_reason_of_a_refusal()
    {
        var refusal = await auditor.CredentialsAsync(("scope", "no:such"));

        foreach (var scheme in new[] { "Bearer", "bearer", "BEARER" })
        {
            var why = await WhyAsync(refusal.RequestId, $"{scheme} {await TokenAsync()}");

            why.Status.Should().Be(200);
            why.Header("Cache-Control").Should().Be("no-store");
            var decision = why.Json.GetProperty("decisions").EnumerateArray().Should().ContainSingle().Subject;
            decision.GetProperty("error").GetString().Should().Be("invalid_scope");
            decision.GetProperty("rule").GetString().Should().Be("RFC 6749 §3.3");
            decision.GetProperty("expected").GetString().Should().Contain("audit:read");
            decision.GetProperty("got").GetString().Should().Be("no:such");
            decision.GetProperty("client_id").GetString().Should().Be(auditor.Id);
            why.Body.Should().NotContain("null");
        }
    }

    [Test, Behaviour(25)]
    public async Task Of_what_is_not_audited_it_says_so()
    {
        var notFound = await Server.GetAsync("/nothing");

        var why = await WhyAsync(notFound.RequestId, $"Bearer {await TokenAsync()}");

        why.Status.Should().Be(404);
        why.Description.Should().Contain("access log");
    }

    [Test, Rfc(6750, "2.3"), Rfc(9700, "4.3.2")]
    public async Task A_token_is_never_accepted_from_the_url_or_a_body()
    {
        var token = await TokenAsync();

        (await Server.GetAsync($"/why/x?access_token={token}")).Header("WWW-Authenticate").Should().Be(bare);
        (await Server.SendAsync(HttpMethod.Get, "/why/x", Requests.Form($"access_token={token}"))).Header("WWW-Authenticate")
            .Should().Be(bare);
    }
}
