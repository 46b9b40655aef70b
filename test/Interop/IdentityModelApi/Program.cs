using System.Security.Claims;
using Duende.IdentityModel.Client;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.AspNetCore.Authorization;
using Microsoft.IdentityModel.Tokens;

var builder = WebApplication.CreateBuilder(args);
var issuer = builder.Configuration["ISSUER"] ?? "https://auth.example.com";
var resource = builder.Configuration["RESOURCE"] ?? "https://api.example.com/tasks";

// The default policy: the document names this issuer, its endpoints are below it, and it has keys. Read once, at start.
using var http = new HttpClient();
var document = await http.GetDiscoveryDocumentAsync(issuer);
if (document.IsError) throw new InvalidOperationException(document.Error, document.Exception);

builder.Services.AddAuthorization();
builder.Services.AddAuthentication(JwtBearerDefaults.AuthenticationScheme).AddJwtBearer(options =>
{
    options.TokenValidationParameters.ValidIssuer = document.Issuer;
    options.TokenValidationParameters.ValidAudience = resource;
    options.TokenValidationParameters.IssuerSigningKeys = document.KeySet!.Keys.Select(key => new JsonWebKey
    {
        Kty = key.Kty,
        Kid = key.Kid,
        Alg = key.Alg,
        Crv = key.Crv,
        X = key.X,
        Y = key.Y,
        N = key.N,
        E = key.E,
    });
    options.TokenValidationParameters.ValidTypes = ["at+jwt"];
    options.TokenValidationParameters.ClockSkew = TimeSpan.FromSeconds(30);
    options.MapInboundClaims = false;
    options.TokenValidationParameters.NameClaimType = "sub";
});

var app = builder.Build();
app.MapGet("/tasks", (ClaimsPrincipal user) => $"tasks of {user.Identity!.Name}").RequireAuthorization(Scope("tasks:read"));
app.MapPost("/tasks", () => Results.Created()).RequireAuthorization(Scope("tasks:write"));
app.Run();

static AuthorizationPolicy Scope(string scope) => new AuthorizationPolicyBuilder()
    .RequireAuthenticatedUser()
    .RequireAssertion(context => context.User.FindFirstValue("scope")?.Split(' ').Contains(scope) ?? false)
    .Build();
