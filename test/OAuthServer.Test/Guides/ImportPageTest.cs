using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Guides;

/// <summary>docs/import.md, from Keycloak: the realm is one that Keycloak exported before.</summary>
public sealed class ImportPageTest : ServerFixture
{
    private const string Page = "docs/import.md";

    [Test, RunsBlock(Page, "kc.sh export"), RunsBlock(Page, "oauth-server import")]
    public async Task A_realm_is_converted_and_imported_as_the_page_says()
    {
        await Server.ExecuteAsync("insert into resources (uri, name) values ('https://api.example.com/', 'API')");
        using var shell = new Shell(Server.Settings.Database, ("OAuth__Issuer", Server.Issuer));
        var exported = Path.Combine(TestDatabase.Root, "test/OAuthServer.Test/Import/keycloak-realm.json");
        // Keycloak itself is not here.
        var convert = Block.The(Page, "kc.sh export").Text.Replace("2027-01-31", "2099-01-31");

        await shell.RunAsync($"kc.sh() {{ cp '{exported}' \"${{@: -1}}\"; }}\n{convert}");
        var said = await shell.RunAsync(Block.The(Page, "oauth-server import").Text);

        said.Should().Contain("Imported: 4 clients, 1 keys, 2 users").And.Contain("Nothing new was imported");
    }
}
