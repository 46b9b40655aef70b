// OpenIddict as its documentation advises (README.md beside this folder quotes it), for the bench:
//     OpenIddictPeer CONNECTION PORT
// It makes its own schema anew at every start and knows two clients and one resource server.
using System.Security.Claims;
using Microsoft.AspNetCore;
using Microsoft.AspNetCore.Authentication;
using Microsoft.EntityFrameworkCore;
using Microsoft.IdentityModel.Tokens;
using OpenIddict.Abstractions;
using OpenIddict.Server.AspNetCore;
using OpenIddictPeer;
using static OpenIddict.Abstractions.OpenIddictConstants;

var builder = WebApplication.CreateBuilder();
builder.WebHost.UseUrls($"http://127.0.0.1:{args[1]}");
builder.Logging.SetMinimumLevel(LogLevel.Warning);

builder.Services.AddDbContextPool<PeerDatabase>(options => options.UseNpgsql(args[0]).UseOpenIddict());
builder.Services.AddSingleton(TimeProvider.System).AddHostedService<Pruning>();
builder.Services.AddOpenIddict()
    .AddCore(options => options.UseEntityFrameworkCore().UseDbContext<PeerDatabase>())
    .AddServer(options =>
    {
        options.SetAuthorizationEndpointUris("authorize").SetTokenEndpointUris("token").SetIntrospectionEndpointUris("introspect");
        options.AllowClientCredentialsFlow().AllowAuthorizationCodeFlow().AllowRefreshTokenFlow().RequireProofKeyForCodeExchange();
        options.RegisterScopes("notes:read", Scopes.OfflineAccess);

        options.AddEncryptionCertificate(Certificates.Encryption());
        if (Environment.GetEnvironmentVariable("PEER_SIGNING") == "rs256") options.AddSigningCertificate(Certificates.Signing());
        else options.AddSigningKey(Certificates.EcdsaSigning());
        options.DisableAccessTokenEncryption();
        // The code has to live until the bench redeems it, as the codes that the bench writes for the server itself do.
        options.SetAuthorizationCodeLifetime(TimeSpan.FromDays(1));

        // Without TLS, as the bench asks every server.
        options.UseAspNetCore().EnableAuthorizationEndpointPassthrough().EnableTokenEndpointPassthrough()
            .DisableTransportSecurityRequirement();
    });

var app = builder.Build();
await PeerDatabase.MakeAsync(app.Services);

// The only thing made for the bench: everybody who comes is signed in as alice and has consented.
app.MapGet("/authorize", (HttpContext context) =>
{
    var request = context.GetOpenIddictServerRequest()!;
    return SignIn("alice", request.GetScopes());
});

app.MapPost("/token", async (HttpContext context) =>
{
    var request = context.GetOpenIddictServerRequest()!;
    if (request.IsClientCredentialsGrantType()) return SignIn(request.ClientId!, request.GetScopes());
    var presented = await context.AuthenticateAsync(OpenIddictServerAspNetCoreDefaults.AuthenticationScheme);
    return Results.SignIn(presented.Principal!, null, OpenIddictServerAspNetCoreDefaults.AuthenticationScheme);
});

app.MapGet("/readyz", () => "ready");
app.Run();

static IResult SignIn(string subject, IEnumerable<string> scopes)
{
    var identity = new ClaimsIdentity(TokenValidationParameters.DefaultAuthenticationType, Claims.Name, Claims.Role);
    identity.SetClaim(Claims.Subject, subject).SetScopes(scopes).SetResources("notes-api");
    identity.SetDestinations(static _ => [Destinations.AccessToken]);
    return Results.SignIn(new ClaimsPrincipal(identity), null, OpenIddictServerAspNetCoreDefaults.AuthenticationScheme);
}
