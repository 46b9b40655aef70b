using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Import;
using OAuthServer.Protocol;
using OAuthServer.Test.Import;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Journeys;

/// <summary>
/// OpenIddict issued tokens and a session; then this server takes its place, by the commands of docs/import.md. Nobody signs in anew until
/// what they have runs out.
/// </summary>
[Behaviour(10), Parallelizable(ParallelScope.Fixtures)]
public sealed class EarlierServerTest
{
    [Test]
    public async Task What_it_issued_works_here_until_its_own_expiry_and_then_no_longer()
    {
        await using var earlier = await OpenIddictServer.StartAsync();
        var (tokens, cookie) = await SignInThereAsync(earlier);
        var machineToken = await MachineTokenAsync(earlier);
        await using var server = await TestServer.StartAsync(
            settings => settings with { EarlierSessionCookie = OpenIddictServer.Cookie });
        var api = await server.ResourceServerAsync();
        var (app, machine) = (new TestClient(server, "earlier-app", null, "none", Cast.Redirect),
            new TestClient(server, "earlier-machine", OpenIddictServer.MachineSecret, "client_secret_basic", Cast.Redirect));

        await MoveAsync(earlier, server, cookie);

        await Eventually.BecomesTrueAsync(() => api.SeesAsActiveAsync(tokens.AccessToken));
        (await api.SeesAsActiveAsync(machineToken)).Should().BeTrue();
        (await machine.CredentialsAsync()).Should().HaveIssuedTokens();
        var browser = server.NewBrowser();
        browser.Cookies[OpenIddictServer.Cookie] = cookie;
        (await browser.IsSignedInAsync()).Should().BeTrue();
        var fresh = server.NewBrowser();
        (await fresh.SignInAsync(await fresh.FollowAsync(Paths.Login), new Person("alice", earlier.Alice), OpenIddictServer.Password))
            .Is(Paths.ConnectedApps).Should().BeTrue();
        var renewed = await app.RefreshAsync(tokens.RefreshToken!);
        renewed.Should().HaveIssuedTokens();
        (await api.SeesAsActiveAsync(renewed.AccessToken)).Should().BeTrue();

        server.Clock.Travel(TimeSpan.FromHours(1) + TimeSpan.FromSeconds(10));
        (await api.SeesAsActiveAsync(tokens.AccessToken)).Should().BeFalse("it was issued for an hour");
        (await api.SeesAsActiveAsync(machineToken)).Should().BeFalse();
        var kept = await app.RefreshAsync(renewed.RefreshToken!);
        kept.Should().HaveIssuedTokens();
        server.Clock.Travel(TimeSpan.FromDays(14));
        (await app.RefreshAsync(kept.RefreshToken!)).Should().BeRefusedWith("invalid_grant");
        (await browser.IsSignedInAsync()).Should().BeFalse();
    }

    private static async Task<(Reply Tokens, string Cookie)> SignInThereAsync(OpenIddictServer earlier)
    {
        using var http = earlier.NewHttp();
        var form = new Dictionary<string, string> { ["username"] = "alice", ["password"] = OpenIddictServer.Password };
        using var signedIn = await http.PostAsync("login", new FormUrlEncodedContent(form));
        var cookie = signedIn.Headers.GetValues("Set-Cookie").Single().Split(';')[0].Split('=', 2)[1];
        var verifier = TestClient.NewVerifier();
        using var asked = new HttpRequestMessage(HttpMethod.Get,
            "authorize?response_type=code&client_id=earlier-app&scope=notes:read%20offline_access&code_challenge_method=S256&redirect_uri="
            + Uri.EscapeDataString(Cast.Redirect) + "&code_challenge=" + Pkce.Challenge(verifier));
        asked.Headers.Add("Cookie", $"{OpenIddictServer.Cookie}={cookie}");
        using var answer = await http.SendAsync(asked);
        var code = Parameters.OfQuery(answer.Headers.Location!.Query)["code"]!;
        var tokens = await TokenAsync(earlier, new Dictionary<string, string>
        {
            ["grant_type"] = "authorization_code",
            ["client_id"] = "earlier-app",
            ["code"] = code,
            ["code_verifier"] = verifier,
            ["redirect_uri"] = Cast.Redirect,
        });
        return (tokens, cookie);
    }

    private static async Task<string> MachineTokenAsync(OpenIddictServer earlier)
    {
        var reply = await TokenAsync(earlier, new Dictionary<string, string>
        {
            ["grant_type"] = "client_credentials",
            ["client_id"] = "earlier-machine",
            ["client_secret"] = OpenIddictServer.MachineSecret,
            ["scope"] = "notes:read",
        });
        return reply.AccessToken;
    }

    private static async Task<Reply> TokenAsync(OpenIddictServer earlier, Dictionary<string, string> form)
    {
        using var http = earlier.NewHttp();
        return await Reply.ReadAsync(await http.PostAsync("token", new FormUrlEncodedContent(form)));
    }

    // The commands of the guide.
    private static async Task MoveAsync(OpenIddictServer earlier, TestServer server, string cookie)
    {
        var folder = Directory.CreateTempSubdirectory("oauth-import-").FullName;
        try
        {
            var (jwks, file) = (Path.Combine(folder, "jwks.json"), Path.Combine(folder, "earlier.jsonl"));
            using (var http = earlier.NewHttp()) await File.WriteAllTextAsync(jwks, await http.GetStringAsync(".well-known/jwks"));
            var (exit, lines) = await OAuthProgram.RunAsync(server.Settings, "convert", "openiddict", "--from", earlier.Connection,
                "--jwks", jwks, "--issuer", earlier.Issuer, "--until", $"{DateTimeOffset.UtcNow.AddDays(1):O}", "--resource", Cast.Notes);
            exit.Should().Be(0, lines);
            var session = new SessionRecord
            {
                Sha256 = ImportedServer.Sha256(cookie),
                Subject = earlier.Alice,
                AuthenticatedAt = DateTimeOffset.UtcNow.AddMinutes(-1),
                ExpiresAt = DateTimeOffset.UtcNow.AddDays(14),
            };
            await File.WriteAllTextAsync(file, lines + session.Write());
            var (imported, said) = await OAuthProgram.RunAsync(server.Settings, "import", file, "--strict");
            imported.Should().Be(0, said);
            said.Should().Contain("2 clients").And.Contain("1 keys").And.Contain("1 refresh tokens").And.Contain("1 sessions").And
                .Contain("1 users");
        }
        finally { Directory.Delete(folder, recursive: true); }
    }
}
