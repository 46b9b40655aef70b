using System.ComponentModel;
using System.Text.Json;
using System.Text.Json.Nodes;
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

    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false };

    public static async Task HandleAsync(HttpContext http, Notes notes, ILoggerFactory logs)
    {
        JsonNode? body;
        try
        {
            body = await JsonNode.ParseAsync(http.Request.Body, documentOptions: Strict, cancellationToken: http.RequestAborted);
        }
        catch (JsonException)
        {
            await RefuseAsync(http, 400, null, McpErrorCode.ParseError, "Parse error");
            return;
        }

        if (Read<JsonRpcMessage>(body) is not { } message)
        {
            await RefuseAsync(http, 400, null, McpErrorCode.InvalidRequest, "Invalid Request");
            return;
        }

        if (message is JsonRpcRequest request)
        {
            // As the SDK itself will read them: what is checked here must be what is called there.
            var call = request.Method == RequestMethods.ToolsCall ? Read<CallToolRequestParams>(request.Params) : null;
            var readable = request.Method switch
            {
                RequestMethods.ToolsCall => call is not null,
                RequestMethods.Initialize => Read<InitializeRequestParams>(request.Params) is not null,
                _ => request.Params is null or JsonObject,
            };
            if (!readable)
            {
                await RefuseAsync(http, 200, body?["id"], McpErrorCode.InvalidParams, "Invalid params");
                return;
            }

            if (call?.Name == AddNote && !http.User.HasScope("notes:write"))
            {
                await http.StepUpAsync("notes:write");
                return;
            }
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

    private static T? Read<T>(JsonNode? json) where T : class
    {
        try { return json.Deserialize<T>(McpJsonUtilities.DefaultOptions); }
        catch (JsonException) { return null; }
    }

    // JSON-RPC 2.0 §5.1; the id is null where the message could not be read far enough to know it.
    private static Task RefuseAsync(HttpContext http, int status, JsonNode? id, McpErrorCode code, string message)
    {
        http.Response.StatusCode = status;
        return http.Response.WriteAsJsonAsync(new { jsonrpc = "2.0", id, error = new { code = (int)code, message } }, http.RequestAborted);
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
