using System.Diagnostics;
using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Journeys;

/// <summary>Whoever steals a dump of the database, or all the logs, has nothing that opens anything.</summary>
public sealed class SecretsTest
{
    [Test, Rfc(9700, "4.9"), Behaviour(25, 36)]
    public async Task A_dump_and_the_logs_hold_none_of_the_secrets_of_a_whole_journey()
    {
        var log = Path.GetTempFileName();
        var database = await TestDatabase.CloneAsync();
        var secrets = new Dictionary<string, string>();
        await using (var server = await TestServer.StartAsync(settings => settings with { AccessLogFile = log }, database))
        {
            var (alice, app, web, machine, browser) =
                (await server.PersonAsync(), await server.PublicClientAsync(), await server.ConfidentialClientAsync(), await server.MachineAsync(), server.NewBrowser());
            var code = await app.CodeAsync(alice, browser);
            var tokens = await app.RedeemAsync(code);
            var next = await app.RefreshAsync(tokens.RefreshToken!);
            await app.RedeemAsync(code);
            await web.RefreshAsync((await web.TokensAsync(alice, browser)).RefreshToken!);
            var wrong = new TestClient(server, machine.Id, "a-wrong-secret-that-was-typed", "client_secret_post", "");
            await wrong.CredentialsAsync();
            var ticket = (await browser.GetAsync("/authorize?" + app.AuthorizeQuery(TestClient.NewVerifier(), ("prompt", "consent")))).Location!.Split('=')[1];
            var pending = await app.CodeAsync(alice, browser);

            secrets = new()
            {
                ["code"] = code.Value,
                ["unused code"] = pending.Value,
                ["verifier"] = code.Verifier,
                ["access token"] = tokens.AccessToken,
                ["signature"] = tokens.AccessToken.Split('.')[2],
                ["refresh token"] = tokens.RefreshToken!,
                ["successor"] = next.RefreshToken!,
                ["ticket"] = ticket,
                ["machine token"] = (await machine.CredentialsAsync()).AccessToken.Split('.')[2],
                ["client secret"] = Cast.Secret,
                ["wrong secret"] = wrong.Secret!,
                ["password"] = Cast.Password,
                ["key-encryption key"] = server.Settings.KeyEncryptionKey,
            };
            foreach (var (name, value) in browser.Cookies) secrets[$"cookie {name}"] = value;
        }

        var haystack = await DumpAsync(database) + await File.ReadAllTextAsync(log);
        File.Delete(log);
        haystack.Should().Contain("/token").And.Contain("COPY public.refresh_tokens", "we looked in the right places");
        foreach (var (name, value) in secrets)
        {
            value.Length.Should().BeGreaterThan(15, name);
            haystack.Should().NotContain(value, $"the {name} is nobody's business");
            haystack.Should().NotContain(Convert.ToHexStringLower(System.Text.Encoding.UTF8.GetBytes(value)), $"the {name} is nobody's business as bytea either");
        }

        haystack.Should().NotContain("PRIVATE KEY").And.NotContain("<masterKey");
    }

    private static async Task<string> DumpAsync(string connectionString)
    {
        var database = new Npgsql.NpgsqlConnectionStringBuilder(connectionString);
        var start = new ProcessStartInfo(Stores.SchemaTest.Tool(), ["-h", database.Host!, "-p", database.Port.ToString(), "-U", database.Username!, database.Database!]) { RedirectStandardOutput = true };
        using var process = Process.Start(start)!;
        var text = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        process.ExitCode.Should().Be(0);
        return text;
    }
}
