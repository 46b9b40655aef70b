using System.Buffers.Text;
using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Journeys;

/// <summary>
/// Whoever steals a dump of the database, or all the logs, has nothing that opens anything. The server is the program itself, with
/// all that it says on its output.
/// </summary>
[Parallelizable]
public sealed class SecretsTest
{
    [Test, Rfc(9700, "4.9"), Behaviour(25, 36)]
    public async Task A_dump_and_the_logs_hold_none_of_the_secrets_of_a_whole_journey()
    {
        var log = Path.GetTempFileName();
        var database = await TestDatabase.CloneAsync();
        var secrets = new Dictionary<string, string>();
        await using var server = TestServer.ExternalServer(new Settings
        {
            Issuer = $"http://localhost:{TestServer.FreePort()}",
            Database = database,
            KeyEncryptionKey = Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)),
            BcryptCost = 10,
            AccessLogFile = log,
        });
        string said;
        await using (var program = await OAuthProgram.ServeAsync(server))
        {
            var (alice, app, web, machine, browser) =
                (await server.UserAsync(), await server.PublicClientAsync(), await server.ConfidentialClientAsync(),
                    await server.MachineAsync(), server.NewBrowser());
            var code = await app.CodeAsync(alice, browser);
            var tokens = await app.RedeemAsync(code);
            var next = await app.RefreshAsync(tokens.RefreshToken!);
            await app.RedeemAsync(code);
            await web.RefreshAsync((await web.TokensAsync(alice, browser)).RefreshToken!);
            var wrong = new TestClient(server, machine.Id, "a-wrong-secret-that-was-typed", "client_secret_post", "");
            await wrong.CredentialsAsync();
            var asked = await browser.FollowAsync("/authorize?" + app.AuthorizeQuery(TestClient.NewVerifier(), ("prompt", "consent")));
            var ticket = asked.Parameters["request"]!;
            var pending = await app.CodeAsync(alice, browser);
            var other = server.NewBrowser();
            await other.SignInAsync(await other.FollowAsync("/login"), alice, "a-wrong-password-she-typed");
            var invited = await OAuthProgram.RunAsync(server.Settings, "clients", "secret", "add", machine.Id, "--json");

            // A fault of ours is logged with all its details.
            await server.ExecuteAsync("alter table grants add constraint nothing_goes check (false) not valid");
            (await app.RedeemAsync(pending)).Should().BeRefusedWith("server_error", 500);

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
                ["wrong password"] = "a-wrong-password-she-typed",
                ["secret made on the command line"] = JsonDocument.Parse(invited.Said).RootElement.GetProperty("client_secret")
                    .GetString()!,
                ["key-encryption key"] = server.Settings.KeyEncryptionKey,
            };
            foreach (var (name, value) in browser.Cookies) secrets[$"cookie {name}"] = value;
            (await program.StopAsync()).Should().Be(0, "a server that is told to stop stops cleanly");
            said = program.Said;
        }

        var haystack = said + await File.ReadAllTextAsync(log) + await DumpAsync(database);
        File.Delete(log);
        said.Should().Contain($"is ready at {server.Issuer}").And.Contain("nothing_goes", "we looked in the right places");
        haystack.Should().Contain("POST /token").And.Contain("GET /consent").And.Contain("COPY public.grants");
        foreach (var (name, value) in secrets)
        {
            value.Length.Should().BeGreaterThan(15, name);
            haystack.Contains(value, StringComparison.Ordinal).Should().BeFalse($"the {name} is nobody's business");
            haystack.Contains(Convert.ToHexStringLower(Encoding.UTF8.GetBytes(value)), StringComparison.Ordinal)
                .Should().BeFalse($"the {name} is nobody's business as bytea either");
            if (Base64Url.IsValid(value))
                haystack.Contains(Convert.ToHexStringLower(Base64Url.DecodeFromChars(value)), StringComparison.Ordinal)
                .Should().BeFalse($"the {name} is nobody's business decoded either");
        }

        haystack.Should().NotContain("PRIVATE KEY").And.NotContain("<masterKey");
    }

    private static async Task<string> DumpAsync(string connectionString)
    {
        var database = new Npgsql.NpgsqlConnectionStringBuilder(connectionString);
        var start =
            new ProcessStartInfo(Stores.SchemaTest.Tool(),
                ["-h", database.Host!, "-p", database.Port.ToString(), "-U", database.Username!,
                    database.Database!])
            { RedirectStandardOutput = true };
        using var process = Process.Start(start)!;
        var text = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        process.ExitCode.Should().Be(0);
        return text;
    }
}
