using System.Net;
using ModelContextProtocol.Authentication;
using ModelContextProtocol.Client;
using ModelContextProtocol.Protocol;

// mcp-client http://localhost:9000/mcp PORT: the C# MCP SDK as an application uses it, with a registration and a listener of its
// own. Prints "open URL" where a person's browser shall go, and "ok WHAT" for each step; exits with 0 after the last.
if (args is ["cross-app", .. var words]) return await McpClient.CrossApp.RunAsync(words);
var (server, port) = (new Uri(args[0]), args[1]);
var redirect = new Uri($"http://localhost:{port}/callback");
var registered = "";
using var listener = new HttpListener();
listener.Prefixes.Add($"http://localhost:{port}/");
listener.Start();

await using var transport = new HttpClientTransport(new HttpClientTransportOptions
{
    Endpoint = server,
    TransportMode = HttpTransportMode.StreamableHttp,
    OAuth = new ClientOAuthOptions
    {
        RedirectUri = redirect,
        AuthorizationCallbackHandler = ListenAsync,
        DynamicClientRegistration = new DynamicClientRegistrationOptions
        {
            ClientName = "C# SDK",
            ResponseDelegate = (answer, _) =>
            {
                registered = answer.ClientId;
                return Task.CompletedTask;
            },
        },
    },
});
await using var client = await ModelContextProtocol.Client.McpClient.CreateAsync(transport);
Passed($"registered, allowed and connected as {registered}", registered.Length > 0);
Passed("lists the tools", (await client.ListToolsAsync()).Count == 2);
Passed("calls a tool", await CallAsync("list_notes", []) is not null);
Passed("steps up for a tool that needs more",
    (await CallAsync("add_note", new() { ["text"] = "bread" })).Contains("Noted", StringComparison.Ordinal));
return 0;

async Task<string> CallAsync(string tool, Dictionary<string, object?> input)
{
    var result = await client.CallToolAsync(tool, input);
    return result.IsError is true ? "" : string.Concat(result.Content.OfType<TextContentBlock>().Select(block => block.Text));
}

async Task<AuthorizationResult?> ListenAsync(AuthorizationCallbackContext context, CancellationToken cancel)
{
    Console.WriteLine($"open {context.AuthorizationUri.AbsoluteUri}");
    var http = await listener.GetContextAsync().WaitAsync(cancel);
    while (http.Request.Url?.AbsolutePath != redirect.AbsolutePath)
    {
        // A browser also asks for /favicon.ico.
        http.Response.StatusCode = 404;
        http.Response.Close();
        http = await listener.GetContextAsync().WaitAsync(cancel);
    }

    var answer = http.Request.QueryString;
    http.Response.Close("Thank you. You can close this window."u8.ToArray(), false);
    return new AuthorizationResult { Code = answer["code"], State = answer["state"], Iss = answer["iss"] };
}

static void Passed(string what, bool good)
{
    Console.WriteLine($"{(good ? "ok" : "not ok")} {what}");
    if (!good) Environment.Exit(1);
}
