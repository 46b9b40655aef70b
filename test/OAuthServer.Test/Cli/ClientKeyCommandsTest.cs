using System.Text.Json;
using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Cli;

/// <summary>Keys of clients by commands: the real binary beside a running server.</summary>
[Behaviour(43, 44)]
public sealed class ClientKeyCommandsTest : ServerFixture
{
    private readonly FakeInternet outside = new();

    protected override void Register(IServiceCollection services) => services.AddSingleton(outside.Network);

    [OneTimeTearDown]
    public ValueTask CloseAsync() => outside.DisposeAsync();

    [Test]
    public async Task A_client_is_added_with_keys_which_are_shown_and_replaced()
    {
        var (first, second, id) = (SigningPair.Ec("first"), SigningPair.Rsa("second"), $"cli-{Guid.NewGuid().ToString("N")[..8]}");
        var added = await JsonAsync("clients", "add", id, "--kind", "machine", "--scope", "notes:read", "--resource", Cast.Notes,
            "--auth-method", "private_key_jwt", "--jwks", await FileAsync(SigningPair.Jwks(first)));
        added.TryGetProperty("client_secret", out var secret).Should().Be(secret.ValueKind == JsonValueKind.Null);
        var client = new KeyClient(Server, new TestClient(Server, id, null, AuthMethod.NoneName, ""), first);
        (await client.CredentialsAsync()).Should().HaveIssuedTokens();

        (await Server.RunBinaryAsync(null, "clients", "keys", "show", id)).Out.Should().Contain("first").And.Contain("ES256");
        await JsonAsync("clients", "edit", id, "--jwks", await FileAsync(SigningPair.Jwks(second)));
        (await client.With(second).CredentialsAsync()).Should().HaveIssuedTokens();
        (await JsonAsync("clients", "keys", "show", id)).GetProperty("keys")[0].GetProperty("kid").GetString().Should().Be("second");
    }

    [Test]
    public async Task A_fetched_set_is_dropped_at_once()
    {
        var (first, second) = (SigningPair.Ec("first"), SigningPair.Ec("second"));
        var host = await outside.HostAsync(Documents.Answer(SigningPair.Jwks(first), "max-age=3600"));
        var client = await Server.KeyClientAsync(first, jwksUri: host.Url("/jwks"));
        (await client.CredentialsAsync()).Should().HaveIssuedTokens();
        host.Answer = Documents.Answer(SigningPair.Jwks(second), "max-age=3600");

        (await JsonAsync("clients", "keys", "refresh", client.Id)).GetProperty("dropped").GetBoolean().Should().BeTrue();

        await Eventually.BecomesTrueAsync(async () => (await client.CredentialsAsync()).Status == 401);
        (await client.With(second).CredentialsAsync()).Should().HaveIssuedTokens();
        (await Server.QueryAsync<string>(
            "select actor from audit_events where event = 'key-set' and client_id = @id", new { id = client.Id }))
            .Should().ContainSingle().Which.Should().StartWith("cli:");
    }

    [Test]
    public async Task What_is_no_set_of_public_keys_is_refused()
    {
        foreach (var file in new[] { "/nowhere", await FileAsync("{"), await FileAsync("""{"keys":[{"kty":"oct","k":"c2VjcmV0"}]}""") })
        {
            var run = await Server.RunBinaryAsync("", "clients", "add", $"cli-{Guid.NewGuid():N}", "--kind", "machine",
                "--auth-method", "private_key_jwt", "--jwks", file);
            run.Code.Should().Be(1, run.Out + run.Error);
            run.Error.Should().NotContain("c2VjcmV0").And.NotContain("   at ");
        }
    }

    private async Task<JsonElement> JsonAsync(params string[] arguments)
    {
        var run = await Server.RunBinaryAsync(null, [.. arguments, "--json"]);
        run.Code.Should().Be(0, run.Out + run.Error);
        return JsonDocument.Parse(run.Out).RootElement;
    }

    private static async Task<string> FileAsync(string text)
    {
        var file = Path.GetTempFileName();
        await File.WriteAllTextAsync(file, text);
        return file;
    }
}
