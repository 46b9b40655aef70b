using ModelContextProtocol.Protocol;
using NotesMcp;
using OAuthServer.ResourceServer;

var builder = WebApplication.CreateBuilder(args);
var port = builder.Configuration["NOTES_PORT"] ?? "9000";
builder.Logging.AddFilter("Microsoft", LogLevel.Warning);
builder.WebHost.UseUrls($"http://localhost:{port}");
builder.Services.AddSingleton<Notes>();
builder.Services.AddCors();
builder.Services.AddMcpServer(options =>
{
    options.ServerInfo = new Implementation { Name = "notes", Version = "1.0" };
    options.ServerInstructions = "Notes of whoever is signed in. Writing asks for one more permission.";
}).WithHttpTransport(options => options.Stateless = true).WithTools<NoteTools>();

// http://localhost:9000/mcp and notes-api belong to the demo world of `make run`.
var issuer = builder.Configuration["NOTES_ISSUER"] ?? $"http://localhost:{builder.Configuration["PORT"] ?? "8080"}";
builder.Services.AddOAuthResource(issuer, $"http://localhost:{port}/mcp", options =>
{
    options.ResourceName = "Demo notes";
    options.ScopesSupported.Add("notes:read");
    options.ScopesSupported.Add("notes:write");
    options.ScopesToBeginWith.Add("notes:read");
    options.ClientId = builder.Configuration["NOTES_CLIENT_ID"] ?? "notes-api";
    options.ClientSecret = builder.Configuration["NOTES_CLIENT_SECRET"] ?? "notes-api-secret";
});

var app = builder.Build();

// Clients that run in a browser: they have a token or nothing, so any origin may ask.
app.UseCors(policy => policy.AllowAnyOrigin().AllowAnyMethod().AllowAnyHeader().WithExposedHeaders("WWW-Authenticate"));
app.UseAuthentication();
app.UseAuthorization();
app.MapOAuthResourceMetadata();
app.MapAuthRequest("/auth");
app.UseWhen(
    http => http.Request.Path.StartsWithSegments("/mcp") && HttpMethods.IsPost(http.Request.Method),
    mcp => mcp.Use(StepUp.BeforeAsync));
app.MapMcp("/mcp").RequireScope("notes:read");
app.Run();
