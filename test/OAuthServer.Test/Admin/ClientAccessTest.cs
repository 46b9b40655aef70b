using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Admin;

/// <summary>Who gets into the administration of clients, and what is asked of them before something changes.</summary>
[Behaviour(25)]
public sealed class ClientAccessTest : ServerFixture
{
    private TestClient machine = null!;
    private long secret;

    [OneTimeSetUp]
    public async Task BringAMachineAsync()
    {
        machine = await Server.MachineAsync();
        secret = await Server.ScalarAsync<long>("select id from client_secrets where client_id = @Id", new { machine.Id });
    }

    private string[] Pages =>
        [Paths.AdminMachines, Paths.AdminApps, Paths.AdminResourceServers, Paths.AdminClientNew + "?kind=machine",
            ClientPages.Of(machine.Id),
        ClientPages.Of(machine.Id, Paths.AdminClientDisable), ClientPages.Of(machine.Id, Paths.AdminClientDelete),
            $"{Paths.AdminClientSecretRevoke}?secret={secret}"];

    private static string[] Changes =>
        [Paths.AdminClientNew, Paths.AdminClient, Paths.AdminClientEnable, Paths.AdminClientDisable, Paths.AdminClientDelete,
        Paths.AdminClientSecrets, Paths.AdminClientSecretRevoke];

    private static string[] Nowhere => [Paths.Admin + "/nowhere", Paths.Admin + "/client/nowhere", Paths.Admin + "/machines/nowhere"];

    [Test]
    public async Task The_panel_does_not_exist_for_anybody_but_administrators()
    {
        var (alice, _) = await Server.SignedInAsync("alice", "user");
        var token = Token(await alice.FollowAsync(Paths.Logout));

        foreach (var page in Pages.Concat(Nowhere)) (await alice.GetAsync(page)).Should().BeAPage(404);
        foreach (var path in Changes.Concat(Nowhere).Append(Paths.AdminMachines))
        {
            var reply = await alice.PostAsync(path, Form(token));
            reply.Should().BeAPage(404);
            reply.Body.Should().NotContain(machine.Id);
            (await alice.PostAsync(path, Form("forged"))).Should().BeAPage(404);
        }

        await NothingChangedAsync();
    }

    [Test]
    public async Task Nobody_tells_a_page_that_is_there_by_the_verbs_it_takes()
    {
        var (alice, _) = await Server.SignedInAsync("alice", "user");
        using var http = Server.NewHttp();

        foreach (var path in new[] { Paths.AdminMachines, Paths.AdminClient, Paths.AdminClientEnable, Nowhere[0] })
            foreach (var verb in new[] { "PUT", "DELETE", "PATCH", "GET" })
            {
                using var message = new HttpRequestMessage(new HttpMethod(verb), path);
                message.Headers.TryAddWithoutValidation("Cookie",
                    string.Join("; ", alice.Cookies.Select(cookie => $"{cookie.Key}={cookie.Value}")));
                var reply = await Reply.ReadAsync(await http.SendAsync(message));
                (reply.Status, reply.Header("Allow")).Should().Be((404, null), $"{verb} {path}");
            }
    }

    [Test]
    public async Task A_person_not_signed_in_is_asked_to_sign_in()
    {
        foreach (var page in Pages.Concat(Nowhere))
            (await Server.NewBrowser().GetAsync(page)).Location.Should().Be($"{Server.Issuer}{Paths.Login}?page=admin");
        foreach (var path in Changes.Concat(Nowhere))
            (await Server.NewBrowser().PostAsync(path, Form("none"))).Location.Should().Be($"{Server.Issuer}{Paths.Login}?page=admin");
        await NothingChangedAsync();
    }

    [Test]
    public async Task Administrators_see_every_page_and_what_is_not_there_is_not_there_for_them_either()
    {
        var olivia = await Server.OliviaAsync();

        foreach (var page in Pages) (await olivia.GetAsync(page)).Should().BeAPage(200);
        foreach (var page in Nowhere.Append(ClientPages.Of("nobody")).Append(Paths.AdminClient)
            .Append(ClientPages.Of("nobody", Paths.AdminClientDelete)).Append(ClientPages.Of("nobody", Paths.AdminClientDisable))
                     .Append(Paths.AdminClientNew).Append(Paths.AdminClientNew + "?kind=wizard")
                         .Append(Paths.AdminClientSecretRevoke + "?secret=999999").Append(Paths.AdminClientSecretRevoke + "?secret=x"))
            (await olivia.GetAsync(page)).Should().BeAPage(404);
        var token = Token(await olivia.FollowAsync(ClientPages.Of(machine.Id)));
        foreach (var path in Changes)
            (await olivia.PostAsync(path, [new("antiforgery", token), new("id", "nobody"), new("secret", "999999"), new("kind", "wizard")]))
            .Should().BeAPage(404);
    }

    [Test]
    public async Task A_change_comes_from_a_form_of_this_session_or_is_refused()
    {
        var (olivia, another) = (await Server.OliviaAsync(), await Server.OliviaAsync());
        var token = Token(await olivia.FollowAsync(ClientPages.Of(machine.Id)));
        var foreign = Token(await another.FollowAsync(ClientPages.Of(machine.Id)));

        foreach (var path in Changes)
        {
            (await olivia.PostAsync(path, Form("forged"))).Should().BeAnErrorPage("invalid_request", 400);
            (await olivia.PostAsync(path, Form(foreign))).Should().BeAnErrorPage("invalid_request", 400);
            (await olivia.PostAsync(path, Form(token).Skip(1))).Should().BeAnErrorPage("invalid_request", 400);
            olivia.Headers["Sec-Fetch-Site"] = "cross-site";
            (await olivia.PostAsync(path, Form(token))).Should().BeAnErrorPage("invalid_request", 403);
            olivia.Headers.Remove("Sec-Fetch-Site");
        }

        await NothingChangedAsync();
    }

    [Test]
    public async Task After_a_quarter_of_an_hour_a_change_asks_for_the_password_and_loses_nothing()
    {
        var (olivia, person) = await Server.SignedInAsync("olivia", "admin");
        var mine = await Server.MachineAsync();
        var page = await olivia.FollowAsync(ClientPages.Of(mine.Id));
        Server.Clock.Travel(TimeSpan.FromMinutes(15));

        var asked =
            await olivia.SubmitToAsync(Paths.AdminClient, page, ("name", "Typed \"before\" <b>"), ("note", "and this"),
                ("scope notes:write", "yes"));
        asked.Should().BeAPage(401);
        var wrong = await olivia.SubmitToAsync(Paths.AdminClient, new Landing(Paths.AdminClient, asked), ("your_password", "not hers"));
        wrong.Should().BeAPage(401);
        wrong.Body.Should().Contain("Incorrect username or password").And.NotContain("not hers");
        (await NameAsync()).Should().Be($"The {mine.Id} app", "nothing is saved before the password is right");

        var done = await olivia.SubmitToAsync(Paths.AdminClient, new Landing(Paths.AdminClient, wrong), ("your_password", person.Password));

        done.Status.Should().Be(303, done.ToString());
        (await NameAsync()).Should().Be("Typed \"before\" <b>");
        (await Server.ScalarAsync<string>("select note || ' ' || array_to_string(scopes, ' ') from clients where client_id = @Id",
            new { mine.Id })).Should().Be("and this notes:read read_sensors notes:write");
        (await olivia.SubmitToAsync(Paths.AdminClient, await olivia.FollowAsync(ClientPages.Of(mine.Id)), ("name", "Again"))).Status
            .Should().Be(303, "the sign-in is young again");

        Task<string> NameAsync() => Server.ScalarAsync<string>("select name from clients where client_id = @Id", new { mine.Id });
    }

    private KeyValuePair<string, string>[] Form(string token) =>
        [new("antiforgery", token), new("id", machine.Id), new("secret", $"{secret}"), new("kind", "machine"), new("client_id", "forged"),
            new("name", "Forged"), new("resources", ""), new("access_token_seconds", "600")];

    private static string Token(Landing page) => Browser.Form.On(page.Reply.Body, null, null)!.Fields.First(
        field => field.Key == "antiforgery").Value;

    private async Task NothingChangedAsync()
    {
        (await Server.ScalarAsync<bool>("select enabled from clients where client_id = @Id", new { machine.Id })).Should().BeTrue();
        (await Server.ScalarAsync<int>("select count(*)::int from clients where client_id = 'forged' or name = 'Forged'")).Should().Be(0);
        (await Server.ScalarAsync<int>("select count(*)::int from client_secrets where client_id = @Id and revoked_at is null",
            new { machine.Id })).Should().Be(1);
    }
}
