using System.Text.RegularExpressions;
using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Test.Html;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Guides;

/// <summary>docs/guide-accounts.md, in the demo world: what it has people type does what it says.</summary>
public sealed class AccountsPageTest : ServerFixture
{
    private const string Guide = "docs/guide-accounts.md";

    [OneTimeSetUp]
    public Task SeedAsync() => PageTourFixture.SeedAsync(Server);

    [Test]
    [RunsBlock(Guide, "users invite ada"), RunsBlock(Guide, "users reset-password alice"), RunsBlock(Guide, "users delete mallory")]
    public async Task Its_commands_print_what_it_shows()
    {
        using var shell = new Shell(Server.Settings.Database, ("OAuth__Issuer", Server.Issuer),
            ("OAuth__KeyEncryptionKey", Server.Settings.KeyEncryptionKey), ("OAuth__BcryptCost", "10"));
        await Server.ExecuteAsync("delete from users where username = 'ada'; delete from reserved_names");

        foreach (var words in new[] { "users invite ada", "users reset-password alice", "users delete mallory" })
        {
            var block = Block.The(Guide, words);
            var script = string.Join('\n', block.Text.Split('\n').Where(line => line.StartsWith("$ ")).Select(line => line[2..]));
            var shown = string.Join('\n', block.Text.Split('\n').Where(line => !line.StartsWith("$ "))).Trim()
                .Replace("http://localhost:8080", Server.Issuer);
            (await shell.RunAsync(script)).Trim().Should().MatchRegex("^" + Regex.Escape(shown).Replace("…", ".+") + "$");
        }
    }
}
