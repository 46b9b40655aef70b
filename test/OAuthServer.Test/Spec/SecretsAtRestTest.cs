using System.Text;
using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec;

/// <summary>Canaries: every secret of some traffic is searched in all that is kept.</summary>
[Behaviour(36)]
public sealed class SecretsAtRestTest : ServerFixture
{
    private readonly string accessLog = Path.GetTempFileName();

    protected override Settings Change(Settings settings) => settings with { AccessLogFile = accessLog };

    [OneTimeTearDown]
    public void RemoveAccessLog() => File.Delete(accessLog);

    [Test, Rfc(9700, "4.3")]
    public async Task A_dump_of_the_database_and_the_log_hold_no_secret_that_was_issued_or_sent()
    {
        var (client, web, alice) = (await Server.PublicClientAsync(), await Server.ConfidentialClientAsync(), await Server.UserAsync());
        var code = await Server.GrantAsync(client, alice);
        var tokens = await client.RedeemAsync(code);
        var refreshed = await client.RefreshAsync(tokens.RefreshToken!);
        var credentials = await (await Server.MachineAsync()).CredentialsAsync();
        var webCode = await Server.GrantAsync(web, alice);
        var secrets =
            new List<string> { code.Value, code.Verifier, tokens.RefreshToken!, tokens.AccessToken, refreshed.RefreshToken!,
                refreshed.AccessToken, credentials.AccessToken, webCode.Value, Cast.Secret, Cast.Password };

        // The same sent where it does not belong, so that refusals are written about them.
        foreach (var secret in secrets.ToList())
        {
            await client.RefreshAsync(secret);
            await client.RedeemAsync(code with { Value = secret });
            await client.RedeemAsync(webCode with { Verifier = code.Verifier });
            await web.With(secret + "-wrong").RefreshAsync(secret);
            await client.RevokeAsync(secret + "x");
            await web.IntrospectAsync(secret);
            await Server.GetAsync($"/token?code={secret}");
            await Server.GetAsync("/nothing", ("Authorization", $"Bearer {secret}"));
        }

        var dump = await DumpAsync();
        dump.Should().Contain(client.Id).And.Contain("a code").And.HaveLength(dump.Length);
        await Eventually.BecomesTrueAsync(async () => (await LogAsync()).Contains("GET /nothing 404"));
        foreach (var secret in secrets)
        {
            foreach (var kept in new[] { dump, await LogAsync() })
            {
                kept.Should().NotContain(secret);
                kept.Should().NotContain(Convert.ToHexStringLower(Encoding.UTF8.GetBytes(secret)), "bytea is dumped as hex");
                kept.Should().NotContain(secret.Split('.').Last(), "the signature alone would complete a token");
            }
        }
    }

    private async Task<string> DumpAsync()
    {
        var dump = new StringBuilder();
        foreach (var table in await Server
            .QueryAsync<string>(
                "select relname from pg_class "
                    + "where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and not relispartition"))
            foreach (var row in await Server.QueryAsync<string>($"select t::text from {table} t"))
                dump.AppendLine(row);
        return dump.ToString();
    }

    private async Task<string> LogAsync()
    {
        await using var file = new FileStream(accessLog, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using var reader = new StreamReader(file);
        return await reader.ReadToEndAsync();
    }
}
