using System.Text;
using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using NUnit.Framework;
using OAuthServer.Clients;
using OAuthServer.Protocol;
using OAuthServer.Stores.Postgres;
using OAuthServer.Test.Support;
using OAuthServer.Token;

namespace OAuthServer.Test.Spec;

/// <summary>A grant type that nobody has heard of, registered once with its class, is known everywhere.</summary>
public sealed class NewGrantTypeTest
{
    private const string Urn = "urn:example:grant-type:made-up";

    private TestServer server = null!;

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        server = await TestServer.StartAsync(services: services =>
            services.AddSingleton(MadeUpGrant.Itself).AddSingleton<IGrant, MadeUpGrant>());
        await server.Get<Migrations>().ApplyAsync(CancellationToken.None);
    }

    [OneTimeTearDown]
    public async Task StopAsync() => await server.DisposeAsync();

    [Test, Rfc(8414, "2")]
    public async Task Metadata_lists_a_new_grant_type() =>
        (await server.GetAsync(Paths.ServerMetadata)).Strings("grant_types_supported")
            .Should().Equal("authorization_code", "refresh_token", "client_credentials", GrantType.TokenExchange.Name,
                GrantType.DeviceCode.Name, Urn);

    [Test]
    public void Every_grant_type_has_its_class() =>
        server.Get<IEnumerable<IGrant>>().Select(grant => grant.Type).Should().Equal(server.Get<Capabilities>().GrantTypes)
            .And.StartWith(Capabilities.BuiltIn.GrantTypes);

    [Test, Rfc(7591, "2")]
    public async Task A_client_registers_for_a_new_grant_type_without_redirect_uris_and_uses_it()
    {
        var registered =
            await server.RegisterAsync(new { client_name = "New", grant_types = new[] { Urn }, token_endpoint_auth_method = "none" });
        registered.ShouldBeRegistered();
        registered.Strings("grant_types").Should().Equal(Urn);

        var reply = await server.PostTokenAsync($"grant_type={Uri.EscapeDataString(Urn)}&client_id={registered.Text("client_id")}");

        (reply.Status, reply.AccessToken).Should().Be((200, "made up"));
    }

    [Test, Rfc(7591, "3.2.2")]
    public async Task The_refusal_of_unknown_grant_types_names_the_new_one() =>
        (await server.RegisterAsync(new { client_name = "Odd", grant_types = new[] { "urn:example:none" } })).Description
            .Should().Be($"grant_types must hold authorization_code, client_credentials, {GrantType.JwtBearerName}, "
                + $"{GrantType.DeviceCode.Name} or {Urn}");

    [Test]
    public void A_client_id_document_may_name_a_new_grant_type()
    {
        var body = $$"""
            {"client_id":"https://app.example/c","client_name":"A","redirect_uris":["https://app.example/cb"],
             "grant_types":["{{Urn}}"]}
            """;

        ClientDocument.Read("https://app.example/c", Encoding.UTF8.GetBytes(body), server.Get<Capabilities>(), server.Settings)
            .Refused(out _, out var document).Should().BeFalse();

        document!.GrantTypes.Should().Equal(Urn);
    }

    [Test]
    public async Task An_operator_may_write_a_new_grant_type_and_reads_of_it_in_hints()
    {
        await server.ExecuteAsync(
            "insert into clients (client_id, name, kind, grant_types) values ('new-one', 'New', 'user-facing', array[@Urn])", new { Urn });

        var unknown = () => server.ExecuteAsync("update clients set grant_types = '{magic}' where client_id = 'new-one'");
        (await unknown.Should().ThrowAsync<PostgresException>()).Which.Hint
            .Should().Be($"Write authorization_code, refresh_token, client_credentials, {GrantType.JwtBearerName}, "
                + $"{GrantType.TokenExchange.Name}, {GrantType.DeviceCode.Name} or {Urn}.");

        var machine = () => server.ExecuteAsync(
            "insert into clients (client_id, name, kind, grant_types) values ('not-one', 'Not', 'machine', array[@Urn])", new { Urn });
        (await machine.Should().ThrowAsync<PostgresException>()).Which.MessageText
            .Should().StartWith("A machine client uses client_credentials");
    }

    private sealed class MadeUpGrant : IGrant
    {
        public static readonly GrantType Itself = new() { Name = Urn, Kinds = ["user-facing"] };

        public GrantType Type => Itself;

        public Task<Result<TokenResponse>> RedeemAsync(TokenRequest request, CancellationToken cancel) =>
            Task.FromResult(Result.Of(new TokenResponse { AccessToken = "made up"u8.ToArray(), ExpiresIn = 1, Scope = "" }));
    }
}
