using System.Text.Json;
using System.Text.Json.Nodes;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;
using OAuthServer.ResourceServer;

namespace NotesMcp;

/// <summary>
/// Reads a message as the SDK will, and before it does. A call of the tool that writes, without notes:write, is answered with 403, which
/// MCP clients step up at and the SDK does not send; what the SDK could not read, with the error of JSON-RPC that names the fault.
/// </summary>
public static class StepUp
{
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false };

    public static async Task BeforeAsync(HttpContext http, RequestDelegate next)
    {
        http.Request.EnableBuffering();
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
            if (!IsReadable(request))
            {
                await RefuseAsync(http, 200, body?["id"], McpErrorCode.InvalidParams, "Invalid params");
                return;
            }

            var tool = request.Method == RequestMethods.ToolsCall ? Read<CallToolRequestParams>(request.Params)!.Name : null;
            if (tool == NoteTools.AddNote && !http.User.HasScope("notes:write"))
            {
                await http.StepUpAsync("notes:write");
                return;
            }
        }

        http.Request.Body.Position = 0;
        await next(http);
    }

    private static bool IsReadable(JsonRpcRequest request) => request.Method switch
    {
        RequestMethods.ToolsCall => Read<CallToolRequestParams>(request.Params) is not null,
        RequestMethods.ToolsList => request.Params is null || Read<ListToolsRequestParams>(request.Params) is not null,
        RequestMethods.Initialize => Read<InitializeRequestParams>(request.Params) is not null,
        _ => request.Params is null or JsonObject,
    };

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
}
