using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Test.Admin;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec.Pushed;

/// <summary>Clients that are known by a document, and what operators say of theirs.</summary>
[Behaviour(58)]
public sealed class PushedDocumentTest : ServerFixture
{
    private const string Member = "require_pushed_authorization_requests";

    private readonly FakeInternet outside = new();

    protected override void Register(IServiceCollection services) => services.AddSingleton(outside.Network);

    [OneTimeTearDown]
    public ValueTask CloseAsync() => outside.DisposeAsync();

    private async Task<TestClient> ClientAsync(string value)
    {
        var host = await outside.HostAsync(Documents.Answer(""));
        host.Answer = Documents.Answer(Documents.Of(host.Url(), "Notes app", Cast.Redirect).Replace("{", $"{{\"{Member}\":{value},"));
        return new TestClient(Server, host.Url(), null, "none", Cast.Redirect);
    }

    [Test, Rfc(9126, "6"), Behaviour(18)]
    public async Task The_first_thing_a_client_does_here_may_be_a_push()
    {
        var client = await ClientAsync("true");

        var pushed = await client.PushAsync(TestClient.NewVerifier());

        pushed.Status.Should().Be(201, pushed.ToString());
        (await Server.ScalarAsync<bool>("select par_required from clients where client_id = @Id", new { client.Id })).Should().BeTrue();
        (await Server.NewBrowser().AllowAsync(client.PushedQuery(pushed), await Server.UserAsync())).Parameters["code"]
            .Should().NotBeNull();
    }

    [TestCase("false"), TestCase("null")]
    public async Task A_client_that_does_not_say_so_may_do_either(string value)
    {
        var client = await ClientAsync(value);

        (await client.PushAsync(TestClient.NewVerifier())).Status.Should().Be(201);
        (await Server.NewBrowser().AllowAsync(client.AuthorizeQuery(TestClient.NewVerifier()), await Server.UserAsync()))
            .Parameters["code"].Should().NotBeNull();
    }

    [TestCase("\"true\""), TestCase("1"), TestCase("[true]")]
    public async Task A_document_that_says_something_else_is_none(string value)
    {
        var reply = await (await ClientAsync(value)).PushAsync(TestClient.NewVerifier());

        (reply.Status, reply.Error).Should().Be((400, "invalid_client"));
        reply.Description.Should().StartWith("The document that describes this app at ");
        (await Server.AuditAsync(reply)).Should().ContainSingle().Which.Reason.Should().Contain("the member of RFC 9126 is malformed");
    }

    [Test]
    public async Task An_operator_says_it_by_page_and_command()
    {
        var (admin, app) = (await Server.OliviaAsync(), await Server.PublicClientAsync());
        var page = await admin.FollowAsync(ClientPages.Of(app.Id));

        (await admin.SubmitToAsync(Paths.AdminClient, page, ("par_required", "yes"))).Status.Should().Be(303);
        (await RequiredAsync(app.Id)).Should().BeTrue();
        (await admin.FollowAsync(ClientPages.Of(app.Id))).Reply.Page.QuerySelector("#par_required option[selected]")!.TextContent
            .Should().Be("Pushed ones only");
        (await Server.RunBinaryAsync("", "clients", "edit", app.Id, "--par-required", "false")).Code.Should().Be(0);
        (await RequiredAsync(app.Id)).Should().BeFalse();
        (await Server.RunBinaryAsync("", "clients", "add", "pushing-app", "--kind", "user-facing", "--redirect-uri", Cast.Redirect,
            "--par-required")).Code.Should().Be(0);
        (await RequiredAsync("pushing-app")).Should().BeTrue();
        (await Server.RunBinaryAsync("", "clients", "add", "pushing-machine", "--kind", "machine", "--par-required")).Error
            .Should().Contain("A client of this kind has no authorization requests");

        Task<bool> RequiredAsync(string id) =>
            Server.ScalarAsync<bool>("select par_required from clients where client_id = @id", new { id });
    }
}
