using System.Security.Claims;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Authentication.OpenIdConnect;

var builder = WebApplication.CreateBuilder(args);
var issuer = builder.Configuration["ISSUER"] ?? "https://auth.example.com";

builder.Services.AddAuthorization();
builder.Services
    .AddAuthentication(options =>
    {
        options.DefaultScheme = CookieAuthenticationDefaults.AuthenticationScheme;
        options.DefaultChallengeScheme = OpenIdConnectDefaults.AuthenticationScheme;
    })
    .AddCookie()
    .AddOpenIdConnect(options =>
    {
        options.Authority = issuer;
        options.RequireHttpsMetadata = !new Uri(issuer).IsLoopback;
        options.ClientId = builder.Configuration["CLIENT_ID"];
        options.ClientSecret = builder.Configuration["CLIENT_SECRET"];
        options.ResponseType = "code";
        // So that signing out sends the id_token along.
        options.SaveTokens = true;
        if (builder.Configuration["PUSHED"] is { } pushed)
            options.PushedAuthorizationBehavior = Enum.Parse<PushedAuthorizationBehavior>(pushed);
        if (builder.Configuration["API_SCOPE"] is { } scope)
        {
            options.Scope.Add(scope);
            options.GetClaimsFromUserInfoEndpoint = true;
        }
    });

var app = builder.Build();
app.MapGet("/health", () => "alive");
app.MapGet("/", async (HttpContext http, ClaimsPrincipal user) => Results.Json(new
{
    name = user.FindFirstValue("name"),
    subject = user.FindFirstValue(ClaimTypes.NameIdentifier),
    access_token = await http.GetTokenAsync("access_token"),
})).RequireAuthorization();
app.MapGet("/sign-out", () => Results.SignOut(
    new AuthenticationProperties { RedirectUri = "/health" },
    [CookieAuthenticationDefaults.AuthenticationScheme, OpenIdConnectDefaults.AuthenticationScheme]));
app.Run();
