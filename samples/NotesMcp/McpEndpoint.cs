using System.ComponentModel;
using System.Text.Json;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;
using OAuthServer.ResourceServer;

namespace NotesMcp;

/// <summary>
/// MCP over Streamable HTTP without sessions: each POST is one JSON-RPC message, answered on the same connection. Reading needs
/// notes:read; the tool that writes needs notes:write, and who lacks it is told to step up before the message is looked at further.
/// </summary>
public static class McpEndpoint
{
    private const string AddNote = "add_note";

    public static async Task HandleAsync(HttpContext http, Notes notes, ILoggerFactory logs)
    {
        JsonRpcMessage? message;
        try
        {
            message = await JsonSerializer.DeserializeAsync<JsonRpcMessage>(http.Request.Body, McpJsonUtilities.DefaultOptions, http.RequestAborted);
        }
        catch (JsonException)
        {
            message = null;
        }

        if (message is null)
        {
            http.Response.StatusCode = 400;
            await http.Response.WriteAsJsonAsync(new { jsonrpc = "2.0", id = (string?)null, error = new { code = -32700, message = "Parse error" } }, http.RequestAborted);
            return;
        }

        if (message is JsonRpcRequest { Method: RequestMethods.ToolsCall } call && (string?)call.Params?["name"] == AddNote && !http.User.HasScope("notes:write"))
        {
            await http.StepUpAsync("notes:write");
            return;
        }

        message.Context = new JsonRpcMessageContext { User = http.User };
        await using var transport = new StreamableHttpServerTransport(logs) { Stateless = true };
        await using var server = McpServer.Create(transport, Options(notes, http.User.Subject()), logs, http.RequestServices);
        var running = server.RunAsync(http.RequestAborted);
        http.Response.ContentType = "text/event-stream";
        http.Response.Headers.CacheControl = "no-cache,no-store";
        if (await transport.HandlePostRequestAsync(message, http.Response.Body, http.RequestAborted)) return;

        // A notification: there is nothing to answer.
        http.Response.ContentType = null;
        http.Response.StatusCode = 202;
        _ = running;
    }

    private static McpServerOptions Options(Notes notes, string subject) => new()
    {
        ServerInfo = new Implementation { Name = "notes", Version = "1.0" },
        ServerInstructions = "Notes of whoever is signed in. Writing asks for one more permission.",
        ToolCollection =
        [
            McpServerTool.Create(() => notes.Of(subject), new McpServerToolCreateOptions
            {
                Name = "list_notes",
                Description = "Lists your notes",
                ReadOnly = true,
            }),
            McpServerTool.Create(([Description("What to write down")] string text) => Add(notes, subject, text), new McpServerToolCreateOptions
            {
                Name = AddNote,
                Description = "Writes a note down; needs the permission to write",
                Destructive = false,
            }),
        ],
    };

    private static string Add(Notes notes, string subject, string text)
    {
        notes.Add(subject, text);
        return $"Noted. You have {notes.Of(subject).Count} notes.";
    }
}
