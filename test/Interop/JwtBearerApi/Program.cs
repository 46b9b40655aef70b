using System.Security.Claims;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.AspNetCore.Authorization;

var builder = WebApplication.CreateBuilder(args);
var issuer = builder.Configuration["ISSUER"] ?? "https://auth.example.com";
var resource = builder.Configuration["RESOURCE"] ?? "https://api.example.com/tasks";

builder.Services.AddAuthorization();
builder.Services.AddAuthentication(JwtBearerDefaults.AuthenticationScheme).AddJwtBearer(options =>
{
    // Keys and issuer come from ISSUER/.well-known/openid-configuration; aud must be this API.
    options.Authority = issuer;
    options.Audience = resource;
    options.RequireHttpsMetadata = !new Uri(issuer).IsLoopback;
    // The server publishes a new key for a while before it signs with it; the default of 12 hours is longer than that may be.
    options.AutomaticRefreshInterval = TimeSpan.FromHours(1);
    // Access tokens only (RFC 9068 §4), signed with the server's algorithms.
    options.TokenValidationParameters.ValidTypes = ["at+jwt"];
    options.TokenValidationParameters.ValidAlgorithms = ["ES256", "RS256"];
    options.TokenValidationParameters.ClockSkew = TimeSpan.FromSeconds(30);
    // Claims keep their names: sub, scope, client_id.
    options.MapInboundClaims = false;
    options.TokenValidationParameters.NameClaimType = "sub";
    // error="invalid_token" says enough.
    options.IncludeErrorDetails = false;
});

var app = builder.Build();
app.MapGet("/tasks", (ClaimsPrincipal user) => $"tasks of {user.Identity!.Name}").RequireAuthorization(Scope("tasks:read"));
app.MapPost("/tasks", () => Results.Created()).RequireAuthorization(Scope("tasks:write"));
app.Run();

// The claim is one string with spaces between: RequireClaim("scope", "tasks:read") would refuse "tasks:read tasks:write".
static AuthorizationPolicy Scope(string scope) => new AuthorizationPolicyBuilder()
    .RequireAuthenticatedUser()
    .RequireAssertion(context => context.User.FindFirstValue("scope")?.Split(' ').Contains(scope) ?? false)
    .Build();
