using System.Security.Claims;
using Microsoft.AspNetCore.Authorization;
using OpenIddict.Abstractions;
using OpenIddict.Validation.AspNetCore;

var builder = WebApplication.CreateBuilder(args);
var issuer = builder.Configuration["ISSUER"] ?? "https://auth.example.com";
var resource = builder.Configuration["RESOURCE"] ?? "https://api.example.com/tasks";

builder.Services.AddAuthorization();
builder.Services.AddAuthentication(OpenIddictValidationAspNetCoreDefaults.AuthenticationScheme);
builder.Services.AddOpenIddict().AddValidation(options =>
{
    options.SetIssuer(issuer);
    options.AddAudiences(resource);
    options.UseSystemNetHttp();
    options.UseAspNetCore();
    // With the API's own client each token is introspected, and a revoked one is refused at once.
    if (builder.Configuration["CLIENT_ID"] is { } client)
        options.UseIntrospection().SetClientId(client).SetClientSecret(builder.Configuration["CLIENT_SECRET"]!);
});

var app = builder.Build();
app.MapGet("/tasks", (ClaimsPrincipal user) => $"tasks of {user.FindFirstValue("sub")}").RequireAuthorization(Scope("tasks:read"));
app.MapPost("/tasks", () => Results.Created()).RequireAuthorization(Scope("tasks:write"));
app.Run();

static AuthorizationPolicy Scope(string scope) => new AuthorizationPolicyBuilder()
    .RequireAuthenticatedUser()
    .RequireAssertion(context => context.User.HasScope(scope))
    .Build();
