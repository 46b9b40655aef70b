using System.Text.Json;
using System.Text.Json.Nodes;
using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec;

/// <summary>Client id documents that offer keys: ChatGPT's among them, with an assertion and without.</summary>
[Behaviour(44)]
public sealed class ClientKeyDocumentTest : ServerFixture
{
    private const string Redirect = "https://client.example/cb";
    private readonly FakeInternet outside = new();

    protected override void Register(IServiceCollection services) => services.AddSingleton(outside.Network);

    [OneTimeTearDown]
    public ValueTask CloseAsync() => outside.DisposeAsync();

    [Test, Case("PKJ-133")]
    public async Task The_document_of_ChatGPT_completes_with_an_assertion_for_the_token_endpoint()
    {
        var (client, _) = await PublishAsync();
        var person = await Server.UserAsync();

        var tokens = await client.Bare.RedeemAsync(await client.Bare.CodeAsync(person), ForTokenEndpoint(client));
        tokens.Should().HaveIssuedTokens();
        var refreshed = await client.Bare.RefreshAsync(tokens.RefreshToken!, ForTokenEndpoint(client));
        refreshed.Should().HaveIssuedTokens();
        (await client.Bare.RefreshAsync(refreshed.RefreshToken!, client.Proof())).Should().HaveIssuedTokens();

        foreach (var reply in new[] { tokens, refreshed })
            (await Server.AuditAsync(reply)).Should().ContainSingle().Which.Detail.Should().EndWith(" aud=token-endpoint");
    }

    [Test]
    public async Task It_completes_without_an_assertion_too_and_a_bad_one_is_no_absent_one()
    {
        var (client, _) = await PublishAsync();
        var code = await client.Bare.CodeAsync(await Server.UserAsync());

        (await client.Bare.RedeemAsync(code, client.With(SigningPair.Rsa()).Proof())).Should().BeRefusedWith("invalid_client");
        (await client.Bare.RedeemAsync(code, client.Proof((_, claims) => claims["aud"] = "https://elsewhere.example")))
            .Should().BeRefusedWith("invalid_client");
        var tokens = await client.Bare.RedeemAsync(code);

        tokens.Should().HaveIssuedTokens();
        var signed = await client.Bare.RefreshAsync(tokens.RefreshToken!, client.Proof());
        signed.Should().HaveIssuedTokens();
    }

    [Test, Case("PKJ-119")]
    public async Task A_grant_that_began_by_key_is_never_refreshed_without()
    {
        var (client, _) = await PublishAsync();
        var tokens = await client.Bare.RedeemAsync(await client.Bare.CodeAsync(await Server.UserAsync()), client.Proof());
        var before = await GrantAsync(tokens.RefreshToken!);
        before["proven_by"]!.ToString().Should().Be("private_key_jwt");

        (await client.Bare.RefreshAsync(tokens.RefreshToken!)).Should().BeRefusedWith("invalid_client");

        var after = await GrantAsync(tokens.RefreshToken!);
        after["ended_at"].Should().BeNull();
        after.ToJsonString().Should().Be(before.ToJsonString(), "it was not touched");
        (await client.Bare.RefreshAsync(tokens.RefreshToken!, client.Proof())).Should().HaveIssuedTokens();
        (await GrantAsync(tokens.RefreshToken!))["proven_by"]!.ToString().Should().Be("private_key_jwt");
    }

    [Test]
    public async Task Once_none_is_withdrawn_grants_go_on_with_an_assertion()
    {
        var (client, host) = await PublishAsync();
        var tokens = await client.Bare.RedeemAsync(await client.Bare.CodeAsync(await Server.UserAsync()));
        host.Answer = http => (http.Request.Path == "/jwks" ? Documents.Answer(SigningPair.Jwks(client.Key))
            : Documents.Answer(Document(client.Id, host, ["private_key_jwt"])))(http);
        await Server.ExecuteAsync("update client_documents set fresh_until = now() - interval '1 hour' where client_id = @id",
            new { id = client.Id });

        (await Server.ResolvedAsync(client.Id)).IsPublic.Should().BeFalse();

        (await client.Bare.RefreshAsync(tokens.RefreshToken!))
            .Should().BeRefusedWith("invalid_client", description: "Client authentication failed");
        (await client.Bare.RefreshAsync(tokens.RefreshToken!, client.Proof())).Should().HaveIssuedTokens();
    }

    [Test, Case("PKJ-134")]
    public async Task Elsewhere_and_otherwise_the_token_endpoint_is_no_audience()
    {
        var (client, _) = await PublishAsync();
        var machine = await Server.KeyClientAsync();
        var code = await client.Bare.CodeAsync(await Server.UserAsync());
        var endpoint = Server.Issuer + Paths.Token;
        var before = await GrantAsync(code.Value);
        await using var strict =
            await Server.StartSecondInstanceAsync(settings => settings with { AssertionAudience = "issuer" }, Register);

        (await machine.CredentialsAsync((_, claims) => claims["aud"] = endpoint)).ShouldBeElsewhere();
        (await client.Bare.PostAsync(Paths.Revoke, [("token", "x"), .. ForTokenEndpoint(client)])).ShouldBeElsewhere();
        (await client.Bare.RedeemAsync(code, client.Proof((_, claims) => claims["aud"] = endpoint + "/"))).ShouldBeElsewhere();
        (await client.Bare.RedeemAsync(code, client.Proof((_, claims) => claims["aud"] = new JsonArray(Server.Issuer, endpoint))))
            .ShouldBeElsewhere();
        (await client.At(strict).Bare.RedeemAsync(code, ForTokenEndpoint(client))).ShouldBeElsewhere();
        (await client.Bare.PushAsync(TestClient.NewVerifier(), ForTokenEndpoint(client))).ShouldBeElsewhere();
        (await GrantAsync(code.Value)).ToJsonString().Should().Be(before.ToJsonString(), "the code is not spent");
        var tokens = await client.Bare.RedeemAsync(code, ForTokenEndpoint(client));
        tokens.Should().HaveIssuedTokens();

        before = await GrantAsync(tokens.RefreshToken!);
        foreach (var aud in new JsonNode[] { endpoint + "/", new JsonArray(Server.Issuer, endpoint), Server.Issuer + Paths.Par })
            (await client.Bare.RefreshAsync(tokens.RefreshToken!, client.Proof((_, claims) => claims["aud"] = aud))).ShouldBeElsewhere();
        (await client.At(strict).Bare.RefreshAsync(tokens.RefreshToken!, ForTokenEndpoint(client))).ShouldBeElsewhere();
        (await GrantAsync(tokens.RefreshToken!)).ToJsonString().Should().Be(before.ToJsonString(), "the refresh token is not spent");
        (await client.Bare.RefreshAsync(tokens.RefreshToken!, client.Proof())).Should().HaveIssuedTokens();
    }

    [Test, Case("PKJ-126")]
    public async Task The_client_of_a_document_is_no_machine()
    {
        var (client, _) = await PublishAsync(grants: ["authorization_code", "refresh_token", "client_credentials"]);
        await Server.ResolvedAsync(client.Id);

        (await client.CredentialsAsync()).Should().BeRefusedWith("unauthorized_client");
    }

    [Test, Case("PKJ-120")]
    public async Task A_secret_method_and_an_offer_of_nothing_refuse_the_document()
    {
        foreach (var change in new Action<JsonObject>[]
        {
            document => document["token_endpoint_auth_methods_supported"] = new JsonArray("client_secret_basic", "none"),
            document => (document["token_endpoint_auth_methods_supported"], _)
                = (new JsonArray("private_key_jwt"), document.Remove("jwks_uri")),
        })
        {
            var (client, host) = await PublishAsync();
            var document = JsonNode.Parse(Document(client.Id, host, ["private_key_jwt"]))!.AsObject();
            change(document);
            host.Answer = Documents.Answer(document.ToJsonString());

            (await Server.RefusedAsync(client.Id)).Status.Should().Be(400);
        }
    }

    [Test]
    public async Task Other_keys_are_asked_about_again()
    {
        var (client, host) = await PublishAsync();
        var person = await Server.UserAsync();
        await client.Bare.TokensAsync(person);
        host.Answer = Documents.Answer(Document(client.Id, host, ["none", "private_key_jwt"]).Replace("/jwks", "/other-jwks"));
        await Server.ExecuteAsync("update client_documents set fresh_until = now() - interval '1 hour' where client_id = @id",
            new { id = client.Id });

        await Server.ResolvedAsync(client.Id);

        (await Server.QueryAsync<int>("select count(*)::int from consents where client_id = @id", new { id = client.Id }))
            .Should().Equal(0);
    }

    // The row as it stands, every column of it.
    private async Task<JsonObject> GrantAsync(string token) => JsonNode.Parse(await Server.ScalarAsync<string>(
        "select to_jsonb(g)::text from grants g where id = @id", new { id = Granted.GrantId(token) }))!.AsObject();

    private async Task<(KeyClient Client, DocumentHost Host)> PublishAsync(string[]? grants = null)
    {
        var key = SigningPair.Rsa();
        var host = await outside.HostAsync(Documents.Answer(""));
        var document = Document(host.Url(), host, ["none", "private_key_jwt"], grants);
        host.Answer = http => http.Request.Path == "/jwks"
            ? Documents.Answer(SigningPair.Jwks(key))(http) : Documents.Answer(document)(http);
        return (new KeyClient(Server, new TestClient(Server, host.Url(), null, "none", Redirect), key), host);
    }

    // Of the shape that ChatGPT publishes.
    private static string Document(string id, DocumentHost host, string[] methods, string[]? grants = null) => JsonSerializer.Serialize(
        new Dictionary<string, object>
        {
            ["client_id"] = id,
            ["client_name"] = "ChatGPT",
            ["redirect_uris"] = new[] { Redirect },
            ["grant_types"] = grants ?? ["authorization_code", "refresh_token"],
            ["response_types"] = new[] { "code" },
            ["token_endpoint_auth_method"] = "private_key_jwt",
            ["token_endpoint_auth_methods_supported"] = methods,
            ["token_endpoint_auth_signing_alg"] = "RS256",
            ["jwks_uri"] = host.Url("/jwks"),
        });

    private (string Name, string? Value)[] ForTokenEndpoint(KeyClient client) =>
        client.Proof((_, claims) => claims["aud"] = Server.Issuer + Paths.Token);
}

internal static class AudienceRefusals
{
    public static void ShouldBeElsewhere(this Reply reply) =>
        reply.Should().BeRefusedWith("invalid_client", description: "The client assertion is for another audience");
}
