using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Stores.Clients;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Admin;

/// <summary>Where there are more scopes or resources than anybody would tick, a client's form has text areas.</summary>
public sealed class ClientTextAreasTest : ServerFixture
{
    [OneTimeSetUp]
    public Task AddManyAsync() => Server.ExecuteAsync("""
        insert into resources (uri, name) select 'https://many-' || i || '.example/', 'One of many' from generate_series(1, 101) i;
        insert into scopes (name, resource) select 'many:' || i, 'https://many-1.example/' from generate_series(1, 101) i;
        """);

    [Test]
    public async Task A_client_with_many_scopes_to_choose_from_is_edited_in_text_areas()
    {
        var (olivia, app) = (await Server.OliviaAsync(), await Server.PublicClientAsync());
        var before = (await Server.Get<ClientEdits>().FindAsync(app.Id, default))!;
        var page = await olivia.FollowAsync(ClientPages.Of(app.Id));
        page.Reply.Page.QuerySelectorAll("textarea#scopes, textarea#default_scopes, textarea#resources, input#default_resource").Should()
            .HaveCount(4);
        page.Reply.Page.QuerySelectorAll("input[type=checkbox]:not(#dpop_required)").Should().BeEmpty();

        (await olivia.SubmitToAsync(Paths.AdminClient, page)).Status.Should().Be(303);
        (await Server.Get<ClientEdits>().FindAsync(app.Id, default)).Should().BeEquivalentTo(before, "nothing was changed");
        (await olivia.SubmitToAsync(Paths.AdminClient, page, ("scopes", "notes:read\r\nmany:7"), ("default_scopes", "many:7"),
            ("resources", $"{Cast.Notes}\r\nhttps://many-1.example/"), ("default_resource", "https://many-1.example/"))).Status
            .Should().Be(303);
        var refused =
            await olivia.SubmitToAsync(Paths.AdminClient, page, ("scopes", "many:0"), ("resources", "https://many-0.example/"),
                ("default_resource", "https://many-0.example/"));

        (await Server.Get<ClientEdits>().FindAsync(app.Id, default)).Should().BeEquivalentTo(new
        {
            Scopes = new[] { "notes:read", "many:7" },
            DefaultScopes = new[] { "many:7" },
            Resources = new[] { Cast.Notes, "https://many-1.example/" },
            DefaultResource = "https://many-1.example/",
        });
        refused.Status.Should().Be(409, "it was made from an older row");
        var again = await olivia.SubmitToAsync(Paths.AdminClient, new Landing(Paths.AdminClient, refused));
        again.Should().BeAPage(400);
        again.Body.Should().Contain("id=\"scopes-problem\"").And.Contain("id=\"resources-problem\"").And
            .Contain("id=\"default_resource-problem\"").And.Contain("many:0");
    }
}
