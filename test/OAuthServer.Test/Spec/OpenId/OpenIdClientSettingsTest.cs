using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Stores.Clients;
using OAuthServer.Test.Admin;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec.OpenId;

/// <summary>What operators say of a client's OpenID Connect, on its page and by command.</summary>
[Behaviour(72)]
public sealed class OpenIdClientSettingsTest : OpenIdFixture
{
    [Test]
    public async Task A_page_edits_it_and_refuses_beside_the_field()
    {
        var (olivia, _) = await Server.SignedInAsync("olivia", "admin");
        var app = await Server.ConfidentialClientAsync();
        var page = await olivia.FollowAsync(ClientPages.Of(app.Id));
        Task<Reply> SaveAsync(string told) => olivia.SubmitToAsync(Paths.AdminClient, page, ("id_token_alg", "ES256"),
            ("default_max_age", " 3600 "), ("post_logout_redirect_uris", "https://rp.example/out\r\n"), ("backchannel_logout_uri", told));

        var refused = await SaveAsync("http://rp.example/told");
        refused.Should().BeAPage(400);
        refused.Page.QuerySelector("#backchannel_logout_uri[aria-invalid=true]").Should().NotBeNull();
        refused.Body.Should().Contain("This is no back-channel logout URI").And.Contain("https://rp.example/out", "nothing typed is lost");
        var saved = await SaveAsync("https://rp.example/told");
        saved.Status.Should().Be(303, saved.ToString());

        await IsAsync(app.Id, "ES256", 3600, ["https://rp.example/out"], "https://rp.example/told");
        page = await olivia.FollowAsync(ClientPages.Of(app.Id));
        (await olivia.SubmitToAsync(Paths.AdminClient, page, ("default_max_age", "soon"))).Body.Should()
            .Contain("Enter a number of seconds.");
        (await olivia.SubmitToAsync(Paths.AdminClient, page, ("default_max_age", ""), ("post_logout_redirect_uris", ""),
            ("backchannel_logout_uri", ""))).Status.Should().Be(303);
        await IsAsync(app.Id, "ES256", null, [], null);
    }

    [Test]
    public async Task Commands_say_the_same()
    {
        var id = $"app-{Guid.NewGuid():N}"[..12];
        (await OAuthProgram.RunAsync(Server.Settings, "clients", "add", id, "--kind", "user-facing",
            "--redirect-uri", "https://rp.example/cb", "--id-token-alg", "ES256", "--default-max-age", "60",
            "--post-logout", "https://rp.example/out",
            "--backchannel-logout", "https://rp.example/told")).Exit.Should().Be(0);
        await IsAsync(id, "ES256", 60, ["https://rp.example/out"], "https://rp.example/told");

        (await OAuthProgram.RunAsync(Server.Settings, "clients", "edit", id, "--id-token-alg", "RS256", "--default-max-age", "-1",
            "--add-post-logout", "https://rp.example/bye", "--backchannel-logout", "")).Exit.Should().Be(0);
        await IsAsync(id, "RS256", null, ["https://rp.example/out", "https://rp.example/bye"], null);

        var (exit, said) = await OAuthProgram.RunAsync(
            Server.Settings, "clients", "edit", id, "--backchannel-logout", "http://rp.example/");
        exit.Should().Be(1);
        said.Should().Contain("This is no back-channel logout URI");
    }

    private async Task IsAsync(string id, string alg, int? age, string[] onward, string? told)
    {
        var row = (await Server.Get<ClientEdits>().FindAsync(id, CancellationToken.None))!;
        (row.IdTokenAlg, row.DefaultMaxAge, row.BackchannelLogoutUri).Should().Be((alg, age, told));
        row.PostLogoutRedirectUris.Should().Equal(onward);
    }
}
