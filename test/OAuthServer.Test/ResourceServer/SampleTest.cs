using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.ResourceServer;

/// <summary>samples/NotesMcp, run as `make sample` runs it: an MCP server that asks for one more scope where it writes.</summary>
[Behaviour(19, 38)]
public sealed class SampleTest : ServerFixture
{
    private readonly string resource = $"http://localhost:{TestServer.FreePort()}/mcp";
    private Process sample = null!;
    private TestClient client = null!;
    private HttpClient http = null!;

    [OneTimeSetUp]
    public async Task StartSampleAsync()
    {
        await Server.ExecuteAsync(
            "insert into resources (uri, name) values (@resource, 'Notes'); update scopes set resource = @resource "
                + "where name in ('notes:read', 'notes:write')", new { resource });
        await Server.HearsAsync(catalog => catalog.Scopes.Any(scope => scope.Resource == resource));
        client = await Server.AddClientAsync("mcp", "user-facing", "none", [Cast.Redirect], "notes:read notes:write offline_access",
            "operator", resource, null);
        await Server.ExecuteAsync("update clients set resources = array[@resource] where client_id = @Id", new { resource, client.Id });
        var api = await Server.ResourceServerAsync(resource);
        var built = AppContext.BaseDirectory.Contains($"{Path.DirectorySeparatorChar}Release{Path.DirectorySeparatorChar}") ? "Release"
            : "Debug";
        var start =
            new ProcessStartInfo("dotnet",
                [Path.Combine(TestDatabase.Root, $"samples/NotesMcp/bin/{built}/net10.0/notes-mcp.dll")])
            { RedirectStandardOutput = true };
        start.Environment["NOTES_PORT"] = new Uri(resource).Port.ToString(CultureInfo.InvariantCulture);
        start.Environment["NOTES_ISSUER"] = Server.Issuer;
        start.Environment["NOTES_CLIENT_ID"] = api.Id;
        start.Environment["NOTES_CLIENT_SECRET"] = api.Secret;
        sample = Process.Start(start)!;
        sample.BeginOutputReadLine();
        http = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        var token = (await Server.TokensAsync(client, await Server.UserAsync(), "notes:read", [resource])).AccessToken;
        await Eventually.BecomesTrueAsync(() => AnswersAsync(token), TimeSpan.FromSeconds(30),
            "the sample is up and has heard from the feed");
    }

    [OneTimeTearDown]
    public void StopSample()
    {
        if (sample is { HasExited: false }) sample.Kill();
        sample?.Dispose();
        http?.Dispose();
    }

    [Test, Rfc(6750, "3.1")]
    public async Task Reading_opens_with_notes_read_and_writing_asks_to_step_up()
    {
        var alice = await Server.UserAsync();
        var none = await CallAsync(null, "list_notes");
        none.Status.Should().Be(401);
        none.Header("WWW-Authenticate").Should().Contain("resource_metadata=").And.Contain("scope=\"notes:read\"").And.NotContain("error");

        var reading = (await Server.TokensAsync(client, alice, "notes:read", [resource])).AccessToken;
        Text(await CallAsync(reading, "list_notes")).Should().Be("[]");
        var little = await CallAsync(reading, "add_note", "milk");
        little.Status.Should().Be(403);
        little.Header("WWW-Authenticate").Should().Contain("insufficient_scope").And.Contain("scope=\"notes:read notes:write\"");
        (await CallAsync(reading, "add_note", "milk", "/")).Status.Should().Be(403, "the same endpoint in another spelling");

        var writing = (await Server.TokensAsync(client, alice, "notes:read notes:write", [resource])).AccessToken;
        Text(await CallAsync(writing, "add_note", "milk")).Should().Contain("1 notes");
        Text(await CallAsync(reading, "list_notes")).Should().Contain("milk", "the notes are the person's");
        var mallory = (await Server.TokensAsync(client, await Server.UserAsync("mallory"), "notes:read", [resource])).AccessToken;
        Text(await CallAsync(mallory, "list_notes")).Should().Be("[]");
    }

    [TestCase("5", 400, -32600)]
    [TestCase("[]", 400, -32600)]
    [TestCase("null", 400, -32600)]
    [TestCase("{}", 400, -32600)]
    [TestCase("""{"jsonrpc":"2.0","id":[],"method":"tools/list"}""", 400, -32600)]
    [TestCase("{", 400, -32700)]
    [TestCase("", 400, -32700)]
    [TestCase("""{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"list_notes","name":"add_note"}}""", 400, -32700)]
    [TestCase("""{"jsonrpc":"2.0","id":1,"method":"tools/call","params":[]}""", 200, -32602)]
    [TestCase("""{"jsonrpc":"2.0","id":1,"method":"tools/call","params":5}""", 200, -32602)]
    [TestCase("""{"jsonrpc":"2.0","id":1,"method":"tools/call","params":null}""", 200, -32602)]
    [TestCase("""{"jsonrpc":"2.0","id":1,"method":"tools/call"}""", 200, -32602)]
    [TestCase("""{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{}}""", 200, -32602)]
    [TestCase("""{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":5}}""", 200, -32602)]
    [TestCase("""{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":{"a":"b"}}}""", 200, -32602)]
    [TestCase("""{"jsonrpc":"2.0","id":1,"method":"tools/list","params":[]}""", 200, -32602)]
    [TestCase("""{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"cursor":5}}""", 200, -32602)]
    [TestCase("""{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"cursor":["a"]}}""", 200, -32602)]
    [TestCase("""{"jsonrpc":"2.0","id":1,"method":"initialize","params":[]}""", 200, -32602)]
    [TestCase("""{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":5}}""", 200, -32602)]
    public async Task A_message_that_is_none_is_answered_with_a_JSON_RPC_error(string body, int status, int code)
    {
        var reply =
            await PostAsync((await Server.TokensAsync(client, await Server.UserAsync(), "notes:read", [resource])).AccessToken, body);
        reply.Status.Should().Be(status, reply.ToString());
        reply.Json.GetProperty("error").GetProperty("code").GetInt32().Should().Be(code);
        reply.Json.GetProperty("id").ToString().Should().Be(status == 200 ? "1" : "");
    }

    private async Task<bool> AnswersAsync(string token)
    {
        try { return (await CallAsync(token, "list_notes")).Status != 503; }
        catch (HttpRequestException) when (!sample.HasExited) { return false; }
    }

    private Task<Reply> CallAsync(string? token, string tool, string? text = null, string after = "")
    {
        var arguments = text is null ? "{}" : $$"""{"text":"{{text}}"}""";
        return PostAsync(token,
            $$$"""{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"{{{tool}}}","arguments":{{{arguments}}}}}""", after);
    }

    private async Task<Reply> PostAsync(string? token, string body, string after = "")
    {
        using var message = new HttpRequestMessage(HttpMethod.Post, resource + after);
        message.Content = new StringContent(body, Encoding.UTF8, "application/json");
        message.Headers.Accept.ParseAdd("application/json, text/event-stream");
        if (token is not null) message.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return await Reply.ReadAsync(await http.SendAsync(message));
    }

    private static string Text(Reply reply)
    {
        var data = reply.Body.Split('\n').FirstOrDefault(line => line.StartsWith("data: ", StringComparison.Ordinal))
            ?? throw new InvalidOperationException(reply.ToString());
        return System.Text.Json.JsonDocument.Parse(data["data: ".Length..]).RootElement.GetProperty("result").GetProperty("content")[0]
            .GetProperty("text").GetString()!;
    }
}
