using System.Text.Json;
using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec;

/// <summary>The registration bodies of clients in the field, and what each of them gets.</summary>
[Behaviour(14, 15)]
public sealed class RegistrationClientsTest : ServerFixture
{
    private const string AllOpen = "notes:delete notes:read notes:write offline_access";

    [TestCase("inspector", "none", "offline_access")]
    [TestCase("inspector-web", "none", AllOpen)]
    [TestCase("mcp-remote", "none", "notes:read notes:write offline_access")]
    [TestCase("csharp-sdk", "client_secret_post", "offline_access")]
    [TestCase("vs-code", "none", "notes:read notes:write")]
    [TestCase("cursor", "none", AllOpen)]
    [TestCase("claude-ai", "none", AllOpen)]
    [TestCase("claude-code", "none", AllOpen)]
    [TestCase("chatgpt", "client_secret_post", "offline_access")]
    [TestCase("lm-studio", "none", AllOpen)]
    public async Task A_client_of_this_vendor_registers(string client, string method, string scope)
    {
        var body = Body(client);
        var reply = await Server.RegisterAsync(body);

        reply.ShouldBeRegistered();
        reply.Strings("redirect_uris")
            .Should().Equal(JsonDocument.Parse(body).RootElement.GetProperty("redirect_uris").EnumerateArray()
            .Select(uri => uri.GetString()));
        string[] grants = ["authorization_code", "refresh_token"];
        reply.Strings("grant_types").Should().Equal(client == "vs-code" ? [.. grants, GrantType.DeviceCode.Name] : grants);
        reply.Strings("response_types").Should().Equal("code");
        reply.Text("token_endpoint_auth_method").Should().Be(method);
        reply.Text("scope").Should().Be(scope);
        reply.Json.EnumerateObject()
            .Should().NotContain(member => member.Value.ValueKind == JsonValueKind.String && member.Value.GetString() == "");
    }

    [Test]
    public void Nobody_is_forgotten() =>
        Directory.GetFiles(Folder, "*.json").Select(Path.GetFileNameWithoutExtension).Should().BeEquivalentTo(
            typeof(RegistrationClientsTest)
                .GetMethod(nameof(A_client_of_this_vendor_registers))!.GetCustomAttributes(typeof(TestCaseAttribute), false)
                .Select(test => ((TestCaseAttribute)test).Arguments[0]));

    internal static string Folder { get; } = Path.Combine(TestDatabase.Root, "test/OAuthServer.Test/Spec/Registration");

    internal static string Body(string client) => File.ReadAllText(Path.Combine(Folder, client + ".json"));
}
