using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Import;

/// <summary>A realm as Keycloak 26 exports it, converted and imported.</summary>
[Behaviour(10)]
public sealed class KeycloakRealmTest : ServerFixture
{
    private static readonly string Realm = Path.Combine(TestDatabase.Root, "test/OAuthServer.Test/Import/keycloak-realm.json");

    private Task<(int Exit, string Said)> ConvertAsync(string file) => OAuthProgram.RunAsync(Server.Settings, "convert", "keycloak", file,
        "--issuer", "https://sso.example.com/realms/main", "--until", "2099-01-31", "--resource", Cast.Notes);

    [Test]
    public async Task Its_people_and_clients_sign_in_here_and_what_cannot_come_along_is_named()
    {
        var (exit, said) = await ConvertAsync(Realm);
        exit.Should().Be(0, said);
        foreach (var left in new[]
        {
            "client notes-web: its service account", "client notes-web: the redirect URI https://client.example/*",
            "client masked: its secret is masked", "client https://saml.example/sp: its protocol is saml",
            "user carol: no password that can be read", "key rsa-enc-generated: only RS256",
        }) said.Should().Contain("Left out: " + left);

        var lines = said.Split('\n').Where(line => line.StartsWith('{')).ToArray();
        var imported = await Server.ImportAsync(strict: true, lines);

        imported.Bad.Should().BeEmpty();
        imported.Added.Should().BeEquivalentTo(new Dictionary<string, int> { ["keys"] = 1, ["clients"] = 4, ["users"] = 2 });
        (await Server.QueryAsync<string>("select alg || ' ' || issuer from imported_keys")).Should()
            .Equal("RS256 https://sso.example.com/realms/main");
        var browser = Server.NewBrowser();
        var alice = new Person("alice", Guid.Parse("3c1f6e0a-55c5-4c3b-9d55-1f5f6a7b0001"));
        (await browser.SignInAsync(await browser.FollowAsync(Paths.Login), alice, "correct horse battery")).Is(Paths.ConnectedApps)
            .Should().BeTrue();
        (await new TestClient(Server, "nightly-etl", "tR7wE2yU9iO4pA6sD1fG8hJ3kL5zX0cV", "client_secret_basic", "").CredentialsAsync())
            .Should().HaveIssuedTokens();
        (await Server.QueryAsync<bool>("select enabled from users where username = 'bob@example.com'")).Should().Equal(false);
        (await Server.QueryAsync<string>("select unnest(redirect_uris) from clients where client_id = 'notes-web'")).Should()
            .Equal("https://client.example/cb");
    }

    [TestCase("{}", "no realm export of Keycloak")]
    [TestCase("not json", "cannot be read")]
    public async Task What_is_no_realm_is_refused_and_nothing_is_written(string content, string reason)
    {
        var file = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(file, content);
            var (exit, said) = await ConvertAsync(file);
            exit.Should().Be(1);
            said.Should().Contain(reason).And.Contain("Nothing was written").And.NotContain("\"type\"");
        }
        finally { File.Delete(file); }
    }
}
