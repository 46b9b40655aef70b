using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec.OpenId;

/// <summary>/userinfo (OpenID Connect Core §5.3): whom it answers, and what.</summary>
[Behaviour(65, 66)]
public sealed class UserInfoTest : OpenIdFixture
{
    [Test]
    public async Task Oidcc_scope_all_each_scope_brings_its_claims_and_no_more()
    {
        var (client, person) = (await Server.PublicClientAsync(), await KnownPersonAsync());

        (await MembersAsync("openid")).Should().Equal("sub");
        (await MembersAsync("openid profile")).Should()
            .Equal("sub", "name", "given_name", "family_name", "preferred_username", "locale", "updated_at");
        (await MembersAsync("openid email")).Should().Equal("sub", "email", "email_verified");
        (await MembersAsync("openid groups")).Should().Equal("sub", "groups");

        async Task<IEnumerable<string>> MembersAsync(string scope) =>
            (await UserInfoAsync((await client.TokensAsync(person, null, Asks(scope))).AccessToken)).Json.EnumerateObject()
                .Select(member => member.Name);
    }

    [Test, Case("OIDC-114")]
    public async Task Email_verified_is_true_only_for_an_address_that_was_verified()
    {
        var (client, person) = (await Server.PublicClientAsync(), await KnownPersonAsync());
        var token = (await client.TokensAsync(person, null, Asks("openid email"))).AccessToken;

        (await UserInfoAsync(token)).Body.Should().Contain("\"email_verified\":false");
        await Server.ExecuteAsync("update users set email_verified_at = now() where subject = @Subject", new { person.Subject });
        (await UserInfoAsync(token)).Body.Should().Contain("\"email_verified\":true");
    }

    [Test, Case("OIDC-147")]
    public async Task Groups_roles_and_claims_of_ones_own_are_rows()
    {
        var (client, other, person) = (await Server.PublicClientAsync(), await Server.PublicClientAsync(), await KnownPersonAsync());
        await Server.ExecuteAsync(
            """
            update users set claims = '{"dept": "x7"}' where subject = @Subject;
            insert into client_roles (client_id, subject, role) values (@Id, @Subject, 'editor');
            insert into claim_rules (scope, claim, "from") values ('profile', 'department', 'dept') on conflict do nothing
            """,
            new { client.Id, person.Subject });
        await Eventually.BecomesTrueAsync(async () => Jwt.Read((await client.TokensAsync(person, null, Asks("openid profile"))).IdToken!)
            .Payload.ContainsKey("department"));
        var tokens = await client.TokensAsync(person, null, Asks("openid profile groups"));

        foreach (var json in new[] { (await UserInfoAsync(tokens.AccessToken)).Body, Jwt.Read(tokens.IdToken!).Payload.ToJsonString() })
            json.Should().Contain("\"groups\":[\"staff\",\"ops\"]").And.Contain("\"roles\":[\"editor\"]")
                .And.Contain("\"department\":\"x7\"").And.NotContain("null");
        Jwt.Read(tokens.AccessToken).Payload.ContainsKey("groups").Should().BeFalse();
        var elsewhere = await client.TokensAsync(person, null, Asks("openid"));
        (await UserInfoAsync(elsewhere.AccessToken)).Body.Should().NotContain("groups").And.NotContain("department");
        (await UserInfoAsync((await other.TokensAsync(person, null, Asks("openid groups"))).AccessToken)).Body.Should().NotContain("roles");

        await Server.ExecuteAsync("update users set groups = '{new}' where subject = @Subject", new { person.Subject });
        (await UserInfoAsync(tokens.AccessToken)).Body.Should().Contain("\"groups\":[\"new\"]");
    }

    [Test, Case("OIDC-113")]
    public async Task A_token_outside_the_header_is_none()
    {
        var (client, person) = (await Server.PublicClientAsync(), await Server.UserAsync());
        var token = (await client.TokensAsync(person, null, Asks("openid"))).AccessToken;
        using var http = Server.NewHttp();
        using var form = new FormUrlEncodedContent([KeyValuePair.Create("access_token", token)]);

        foreach (var reply in new[]
        {
            await Reply.ReadAsync(await http.PostAsync(Paths.UserInfo, form)),
            await Server.GetAsync($"{Paths.UserInfo}?access_token={token}"),
        })
        {
            reply.Status.Should().Be(401);
            reply.Header("WWW-Authenticate").Should().StartWith("Bearer").And.NotContain("error=");
            reply.Body.Should().NotContain(person.Subject.ToString());
        }
    }

    [Test, Case("OIDC-108")]
    public async Task A_token_that_somebody_forged_is_none()
    {
        var (client, person) = (await Server.PublicClientAsync(), await Server.UserAsync());
        var good = (await client.TokensAsync(person, null, Asks("openid"))).AccessToken;
        using var foreign = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var key = Encoding.UTF8.GetBytes((await KeyAsync(good)).GetRawText());
        var none = Jwt.Read(good);
        none.Header["alg"] = "none";
        var symmetric = Jwt.Read(good);
        symmetric.Header["alg"] = "HS256";

        foreach (var forged in new[]
        {
            none.SignedBy(_ => []),
            symmetric.SignedBy(input => HMACSHA256.HashData(key, input)),
            Jwt.Read(good).SignedBy(input => foreign.SignData(input, HashAlgorithmName.SHA256)),
        })
        {
            var reply = await UserInfoAsync(forged);
            reply.Status.Should().Be(401);
            reply.Error.Should().Be("invalid_token");
        }
    }

    [Test]
    public async Task Whoever_is_disabled_or_has_taken_it_back_is_not_told_of()
    {
        var (client, person) = (await Server.PublicClientAsync(), await Server.UserAsync());
        var revoked = (await client.TokensAsync(person, null, Asks("openid"))).AccessToken;
        var token = (await client.TokensAsync(person, null, Asks("openid"))).AccessToken;
        await client.RevokeAsync(revoked);

        (await UserInfoAsync(revoked)).Error.Should().Be("invalid_token");
        (await UserInfoAsync(token)).Status.Should().Be(200);
        await Server.ExecuteAsync("update users set enabled = false where subject = @Subject", new { person.Subject });
        var reply = await UserInfoAsync(token);
        reply.Status.Should().Be(401);
        reply.Error.Should().Be("invalid_token");
        (await Server.AuditAsync(reply)).Should().ContainSingle(line => line.Event == "userinfo" && line.Outcome == "refused");
    }

    [Test, Case("OIDC-143")]
    public async Task A_page_of_another_origin_may_ask()
    {
        using var http = Server.NewHttp();
        using var preflight = new HttpRequestMessage(HttpMethod.Options, Paths.UserInfo);
        preflight.Headers.Add("Origin", "https://app.example");
        preflight.Headers.Add("Access-Control-Request-Method", "GET");
        preflight.Headers.Add("Access-Control-Request-Headers", "authorization,dpop");
        var allowed = await Reply.ReadAsync(await http.SendAsync(preflight));
        allowed.Header("Access-Control-Allow-Origin").Should().Be("*");
        allowed.Header("Access-Control-Allow-Headers").Should().Contain("authorization").And.Contain("dpop");

        using var bare = new HttpRequestMessage(HttpMethod.Get, Paths.UserInfo);
        bare.Headers.Add("Origin", "https://app.example");
        var refused = await Reply.ReadAsync(await http.SendAsync(bare));
        refused.Status.Should().Be(401);
        refused.Header("Access-Control-Allow-Origin").Should().Be("*");
        refused.Header("Access-Control-Allow-Credentials").Should().BeNull();
    }

    [Test]
    public async Task Oidcc_userinfo_post_header_and_not_audited()
    {
        var (client, person) = (await Server.PublicClientAsync(), await Server.UserAsync());
        using var http = Server.NewHttp();
        using var post = new HttpRequestMessage(HttpMethod.Post, Paths.UserInfo);
        post.Headers.Authorization =
            new AuthenticationHeaderValue("Bearer", (await client.TokensAsync(person, null, Asks("openid"))).AccessToken);

        var reply = await Reply.ReadAsync(await http.SendAsync(post));

        reply.Json.GetProperty("sub").GetString().Should().Be(person.Subject.ToString());
        (await Server.AuditAsync(reply)).Should().BeEmpty();
    }
}
