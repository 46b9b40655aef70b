using System.Text.Json.Nodes;
using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec.OpenId;

/// <summary>What clients register of OpenID Connect, and what this server does not promise.</summary>
[Behaviour(72)]
public sealed class OpenIdRegistrationTest : BackchannelFixture
{
    private static JsonObject Body(Action<JsonObject>? change = null)
    {
        var body = new JsonObject { ["client_name"] = "x", ["redirect_uris"] = new JsonArray("https://rp.example/cb") };
        change?.Invoke(body);
        return body;
    }

    [Test]
    public async Task What_is_registered_of_OpenID_Connect_is_echoed_and_kept()
    {
        var body = Body(it =>
        {
            it["post_logout_redirect_uris"] = new JsonArray("https://rp.example/out", "http://127.0.0.1/out", "https://rp.example/out");
            it["backchannel_logout_uri"] = "https://rp.example/backchannel";
            it["id_token_signed_response_alg"] = "ES256";
            it["default_max_age"] = 3600;
            it["subject_type"] = "public";
        });

        var made = await Server.RegisterAsync(body);
        var (id, token) = (made.Text("client_id")!, made.Text("registration_access_token")!);

        made.Status.Should().Be(201);
        foreach (var reply in new[] { made, await Server.ManageAsync(HttpMethod.Get, id, token) })
        {
            reply.Strings("post_logout_redirect_uris").Should().Equal("https://rp.example/out", "http://127.0.0.1/out");
            reply.Text("backchannel_logout_uri").Should().Be("https://rp.example/backchannel");
            reply.Text("id_token_signed_response_alg").Should().Be("ES256");
            reply.Json.GetProperty("default_max_age").GetInt32().Should().Be(3600);
        }

        const string Kept = "select id_token_alg || default_max_age || backchannel_logout_uri from clients where client_id = @id";
        (await Server.ScalarAsync<string>(Kept, new { id })).Should().Be("ES2563600https://rp.example/backchannel");
        var replaced = await Server.ManageAsync(HttpMethod.Put, id, token, Body(it =>
        {
            it["client_id"] = id;
            it["scope"] = "openid notes:read";
        }));
        replaced.Status.Should().Be(200);
        replaced.Text("id_token_signed_response_alg").Should().Be("RS256", "that is what a client gets that says nothing");
        foreach (var member in new[] { "post_logout_redirect_uris", "backchannel_logout_uri", "default_max_age" })
            replaced.Has(member).Should().BeFalse();
    }

    [Test]
    public async Task The_algorithm_every_client_has_is_echoed_to_who_names_it() =>
        (await Server.RegisterAsync(Body(it => it["id_token_signed_response_alg"] = "RS256"))).Text("id_token_signed_response_alg")
            .Should().Be("RS256");

    [Test]
    public async Task A_client_that_says_nothing_of_it_reads_nothing_of_it()
    {
        var made = await Server.RegisterAsync(Body(it => it["scope"] = "notes:read"));

        made.Json.EnumerateObject().Select(member => member.Name).Should()
            .NotContain(name => name.Contains("id_token") || name.Contains("logout") || name.Contains("max_age"));
    }

    [TestCase("id_token_signed_response_alg", "none"), TestCase("id_token_signed_response_alg", "HS256")]
    [TestCase("id_token_signed_response_alg", "PS256"), TestCase("id_token_signed_response_alg", 5)]
    [TestCase("subject_type", "pairwise"), TestCase("id_token_encrypted_response_alg", "RSA-OAEP")]
    [TestCase("id_token_encrypted_response_enc", "A128GCM"), TestCase("userinfo_signed_response_alg", "RS256")]
    [TestCase("userinfo_encrypted_response_alg", "RSA-OAEP"), TestCase("userinfo_encrypted_response_enc", "A128GCM")]
    [TestCase("default_max_age", -1), TestCase("default_max_age", "3600"), TestCase("default_max_age", 1.5)]
    [TestCase("default_max_age", 31_536_001), TestCase("post_logout_redirect_uris", "https://rp.example/out")]
    [TestCase("backchannel_logout_uri", "http://rp.example/out"), TestCase("backchannel_logout_uri", "https://10.0.0.5/out")]
    [TestCase("backchannel_logout_uri", "https://localhost/out"), TestCase("backchannel_logout_uri", "http://127.0.0.1/out")]
    [TestCase("backchannel_logout_uri", "https://rp.example/out#part"), TestCase("backchannel_logout_uri", 5)]
    [Test, Case("OIDC-125"), Rfc(8725, "3.1")]
    public async Task What_this_server_does_not_do_is_not_registered(string member, object value)
    {
        var reply = await Server.RegisterAsync(Body(it => it[member] = JsonValue.Create(value)));

        reply.Should().BeRefusedWith("invalid_client_metadata");
        (await Server.AuditAsync(reply)).Should().ContainSingle().Which.Outcome.Should().Be("refused");
    }

    [TestCase("http://rp.example/out"), TestCase("https://10.0.0.5/out"), TestCase("javascript:alert(1)"), TestCase("notes:/out")]
    [TestCase("https://rp.example/out#part"), TestCase("https://*.example/out"), TestCase("")]
    public async Task Where_people_go_after_signing_out_is_judged_as_redirect_URIs_are(string uri) =>
        (await Server.RegisterAsync(Body(it => it["post_logout_redirect_uris"] = new JsonArray(uri)))).Should()
            .BeRefusedWith("invalid_redirect_uri");

    [Test]
    public async Task Nor_may_it_be_this_server_itself_or_more_than_ten()
    {
        (await Server.RegisterAsync(Body(it => it["post_logout_redirect_uris"] = new JsonArray(Server.Issuer + Paths.Logout)))).Should()
            .BeRefusedWith("invalid_redirect_uri");
        var many = new JsonArray([.. Enumerable.Range(0, 11).Select(i => (JsonNode)$"https://rp.example/{i}")]);
        (await Server.RegisterAsync(Body(it => it["post_logout_redirect_uris"] = many))).Should().BeRefusedWith("invalid_redirect_uri");
    }

    [Test]
    public async Task A_client_id_document_says_the_same_and_is_judged_as_a_registration()
    {
        var host = await Outside.GoodHostAsync();
        var good = JsonNode.Parse(Documents.Of(host.Url()))!.AsObject();
        good["post_logout_redirect_uris"] = new JsonArray("https://rp.example/out");
        good["backchannel_logout_uri"] = "https://rp.example/backchannel";
        good["id_token_signed_response_alg"] = "ES256";
        good["default_max_age"] = 60;
        host.Answer = Documents.Answer(good.ToJsonString());

        var row = (await Server.ResolvedAsync(host.Url())).Row;

        (row.IdTokenAlg, row.DefaultMaxAge, row.BackchannelLogoutUri).Should().Be(("ES256", 60, "https://rp.example/backchannel"));
        row.PostLogoutRedirectUris.Should().Equal("https://rp.example/out");
        var other = await Outside.GoodHostAsync();
        var bad = JsonNode.Parse(Documents.Of(other.Url()))!.AsObject();
        bad["id_token_signed_response_alg"] = "none";
        other.Answer = Documents.Answer(bad.ToJsonString());
        (await Server.RefusedAsync(other.Url())).Got.Should().Be("none");
    }
}
