using System.ComponentModel;
using System.Security.Claims;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using ModelContextProtocol.AspNetCore.Authentication;
using ModelContextProtocol.Authentication;
using ModelContextProtocol.Server;

var builder = WebApplication.CreateBuilder(args);
var issuer = builder.Configuration["ISSUER"] ?? "https://auth.example.com";
var resource = new Uri(builder.Configuration["RESOURCE"] ?? "https://api.example.com/tasks");

builder.Services.AddMcpServer().WithHttpTransport(options => options.Stateless = true).WithTools<Tasks>();
builder.Services.AddAuthorization();
builder.Services.AddAuthentication(options =>
{
    options.DefaultScheme = JwtBearerDefaults.AuthenticationScheme;
    // Answers 401 with resource_metadata, and serves that document (RFC 9728).
    options.DefaultChallengeScheme = McpAuthenticationDefaults.AuthenticationScheme;
}).AddJwtBearer(options =>
{
    options.Authority = issuer;
    options.Audience = resource.OriginalString;
    options.RequireHttpsMetadata = !new Uri(issuer).IsLoopback;
    options.AutomaticRefreshInterval = TimeSpan.FromHours(1);
    options.TokenValidationParameters.ValidTypes = ["at+jwt"];
    options.TokenValidationParameters.ValidAlgorithms = ["ES256", "RS256"];
    options.TokenValidationParameters.ClockSkew = TimeSpan.FromSeconds(30);
    options.MapInboundClaims = false;
}).AddMcp(options =>
{
    options.ResourceMetadataUri = new Uri(resource, $"/.well-known/oauth-protected-resource{resource.AbsolutePath}");
    options.ResourceMetadata = new ProtectedResourceMetadata
    {
        Resource = resource.OriginalString,
        AuthorizationServers = { issuer },
        ScopesSupported = { "tasks:read" },
    };
});

var app = builder.Build();
app.MapMcp(resource.AbsolutePath).RequireAuthorization(policy => policy.RequireAssertion(context =>
    context.User.FindFirstValue("scope")?.Split(' ').Contains("tasks:read") ?? false));
app.Run();

[McpServerToolType]
internal sealed class Tasks
{
    [McpServerTool(Name = "list_tasks", ReadOnly = true), Description("Lists your tasks")]
    public static string List(ClaimsPrincipal user) => $"tasks of {user.FindFirstValue("sub")}";
}
