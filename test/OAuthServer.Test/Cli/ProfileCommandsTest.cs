using System.Text.Json;
using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Cli;

/// <summary>What apps are told of people, by commands.</summary>
[Behaviour(65)]
public sealed class ProfileCommandsTest : ServerFixture
{
    [Test]
    public async Task A_profile_is_edited_option_by_option()
    {
        var alice = await Server.UserAsync();

        var edited = await JsonAsync("users", "edit", alice.Username, "--full-name", "Ada Lovelace", "--email",
            "ada.command@example.com", "--email-verified", "true", "--groups", "staff", "ops");
        edited.GetProperty("changes")[0].GetString().Should().Contain("email changed").And.NotContain("ada.command");
        var again = await JsonAsync("users", "edit", alice.Username, "--email", "ada.other@example.com", "--groups", "");

        again.GetProperty("changes")[0].GetString().Should().Contain("email_verified_at").And.Contain("groups: -");
        (await Server.QueryAsync<(string Name, string Email, bool Verified, int Groups)>(
            "select name, email, email_verified_at is not null, cardinality(groups) from users where subject = @Subject",
            new { alice.Subject })).Single().Should().Be(("Ada Lovelace", "ada.other@example.com", false, 0));
        (await Server.RunBinaryAsync("", "users", "edit", alice.Username, "--email", "nowhere")).Error
            .Should().Contain("This is no e-mail address").And.Contain("Nothing was changed");
    }

    [Test]
    public async Task Roles_are_added_and_taken_away_in_one_app()
    {
        var (alice, app) = (await Server.UserAsync(), await Server.PublicClientAsync());

        (await JsonAsync("users", "roles", alice.Username, "--client", app.Id, "--add", "editor", "--add", "reader"))
            .GetProperty("roles").GetArrayLength().Should().Be(2);
        (await JsonAsync("users", "roles", alice.Username, "--client", app.Id, "--remove", "reader"))
            .GetProperty("roles").EnumerateArray().Single().GetProperty("role").GetString().Should().Be("editor");
        (await Server.RunBinaryAsync("", "users", "roles", alice.Username, "--add", "editor")).Error.Should().Contain("--client CLIENT_ID");
        (await Server.RunBinaryAsync("", "users", "roles", alice.Username, "--client", "nobody", "--add", "editor")).Code.Should().Be(1);
    }

    [Test]
    public async Task What_an_API_is_told_is_an_option_of_its_resource()
    {
        var uri = $"https://{Guid.NewGuid():N}.test/";
        await JsonAsync("resources", "add", uri, "--name", "Told", "--claims", "email", "groups");

        (await JsonAsync("resources", "edit", uri, "--claims", "roles")).GetProperty("changes")[0].GetString()
            .Should().Contain("claims: +roles -email -groups");
        (await Server.RunBinaryAsync("", "resources", "edit", uri, "--claims", "phone")).Error
            .Should().Contain("An API is told nothing else of a person");
    }

    private async Task<JsonElement> JsonAsync(params string[] arguments)
    {
        var run = await Server.RunBinaryAsync(null, [.. arguments, "--json"]);
        run.Code.Should().Be(0, run.Out + run.Error);
        return JsonDocument.Parse(run.Out).RootElement;
    }
}
