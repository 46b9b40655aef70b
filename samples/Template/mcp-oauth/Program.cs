using System.ComponentModel;
using System.Security.Claims;
using ModelContextProtocol.Server;
using OAuthServer.ResourceServer;

var builder = WebApplication.CreateBuilder(args);
var oauth = builder.Configuration.GetSection("OAuth");
var scope = oauth["Scope"]!;

builder.Services.AddOAuthResource(oauth["Issuer"]!, oauth["Resource"]!, options =>
{
    options.ResourceName = "ProtectedMcp";
    options.ScopesSupported.Add(scope);
    // This server's own client: with it, revoked tokens are refused within a second. Without, they live until they expire.
    options.ClientId = oauth["ClientId"] is { Length: > 0 } id ? id : null;
    options.ClientSecret = oauth["ClientSecret"];
});
builder.Services.AddCors();
builder.Services.AddMcpServer().WithHttpTransport(options => options.Stateless = true).WithTools<Tools>();

var app = builder.Build();

// Clients that run in a browser have a token or nothing, so any origin may ask.
app.UseCors(policy => policy.AllowAnyOrigin().AllowAnyMethod().AllowAnyHeader().WithExposedHeaders("WWW-Authenticate"));
app.UseAuthentication();
app.UseAuthorization();
app.MapOAuthResourceMetadata();
app.MapMcp(new Uri(oauth["Resource"]!).AbsolutePath).RequireScope(scope);
app.Run();

/// <summary>What clients may call; the person, or the machine, that the token is for comes as the user.</summary>
[McpServerToolType]
public sealed class Tools
{
    [McpServerTool(Name = "who_am_i", ReadOnly = true), Description("Tells for whom the access token is")]
    public static string WhoAmI(ClaimsPrincipal user) => user.Subject();
}
