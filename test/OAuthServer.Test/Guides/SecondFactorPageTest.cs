using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Guides;

/// <summary>The commands of docs/guide-second-factor.md, as they stand there.</summary>
public sealed class SecondFactorPageTest : ServerFixture
{
    private const string Page = "docs/guide-second-factor.md";

    [Test, RunsBlock(Page, "require-factor"), RunsBlock(Page, "--min-acr"), RunsBlock(Page, "reset-factors")]
    public async Task The_commands_of_the_page_do_what_it_says()
    {
        await Server.ExecuteAsync("""
            insert into users (username, password_hash) values ('alice', @hash);
            insert into clients (client_id, kind, name, redirect_uris, auth_method)
                values ('acme-dashboard', 'user-facing', 'Acme', '{https://acme.example/cb}', 'none')
            """, new { hash = Cast.PasswordHash });
        using var shell = new Shell(Server.Settings.Database, ("OAuth__Issuer", Server.Issuer),
            ("OAuth__KeyEncryptionKey", Server.Settings.KeyEncryptionKey));

        await shell.RunAsync(Block.The(Page, "require-factor").Text);
        await shell.RunAsync(Block.The(Page, "--min-acr").Text);
        var reset = await shell.RunAsync(Block.The(Page, "reset-factors").Text);

        reset.Should().Contain("alice has no second factor any more");
        (await Server.ScalarAsync<string>("select second_factor from users where username = 'alice'")).Should().Be("required");
        (await Server.ScalarAsync<string>("select min_acr from clients where client_id = 'acme-dashboard'")).Should().Be("aal2");
    }
}
