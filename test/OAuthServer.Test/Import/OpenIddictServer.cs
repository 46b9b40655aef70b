using System.Security.Claims;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Identity;
using Microsoft.AspNetCore.Identity.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Storage;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using OAuthServer.Test.Support;
using OpenIddict.Abstractions;
using OpenIddict.Server.AspNetCore;
using static OpenIddict.Abstractions.OpenIddictConstants;

namespace OAuthServer.Test.Import;

/// <summary>
/// The server that was here before: OpenIddict with ASP.NET Core Identity and a cookie on PostgreSQL, as its documentation sets it up;
/// refresh tokens are reference tokens, access tokens are not encrypted.
/// </summary>
internal sealed class OpenIddictServer : IAsyncDisposable
{
    public const string Cookie = ".AspNetCore.Earlier";
    public const string Password = "Correct-horse-1";
    public const string MachineSecret = "a-secret-of-the-machine";

    private readonly WebApplication app;

    private OpenIddictServer(WebApplication app, string issuer, string database) =>
        (this.app, Issuer, Connection) = (app, issuer, database);

    public string Issuer { get; }

    public string Connection { get; }

    public Guid Alice { get; private set; }

    public HttpClient NewHttp() => new(new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false })
    { BaseAddress = new Uri(Issuer) };

    public static async Task<OpenIddictServer> StartAsync()
    {
        var (database, issuer) = (await TestDatabase.EmptyAsync(), $"http://localhost:{TestServer.FreePort()}/");
        var builder = WebApplication.CreateBuilder();
        builder.WebHost.UseUrls(issuer);
        builder.Logging.ClearProviders();
        builder.Services.AddDbContext<Tables>(options => options.UseNpgsql(database).UseOpenIddict());
        builder.Services.AddIdentityCore<IdentityUser>().AddEntityFrameworkStores<Tables>();
        builder.Services.AddAuthentication(CookieAuthenticationDefaults.AuthenticationScheme)
            .AddCookie(options => options.Cookie.Name = Cookie);
        builder.Services.AddOpenIddict()
            .AddCore(options => options.UseEntityFrameworkCore().UseDbContext<Tables>())
            .AddServer(options =>
            {
                options.SetAuthorizationEndpointUris("authorize").SetTokenEndpointUris("token");
                options.AllowClientCredentialsFlow().AllowAuthorizationCodeFlow().AllowRefreshTokenFlow().RequireProofKeyForCodeExchange();
                options.RegisterScopes("notes:read", Scopes.OfflineAccess);
                options.UseReferenceRefreshTokens().DisableAccessTokenEncryption();
                options.AddEncryptionCertificate(Certificate("Encryption", X509KeyUsageFlags.KeyEncipherment));
                options.AddSigningCertificate(Certificate("Signing", X509KeyUsageFlags.DigitalSignature));
                options.UseAspNetCore().EnableAuthorizationEndpointPassthrough().EnableTokenEndpointPassthrough()
                    .DisableTransportSecurityRequirement();
            });
        var app = builder.Build();
        Map(app);
        await app.StartAsync();
        var server = new OpenIddictServer(app, issuer, database);
        await server.FillAsync();
        return server;
    }

    public async ValueTask DisposeAsync() => await app.DisposeAsync();

    private static void Map(WebApplication app)
    {
        app.MapPost("/login", async (HttpContext http, UserManager<IdentityUser> users) =>
        {
            var form = await http.Request.ReadFormAsync();
            if (await users.FindByNameAsync(form["username"]!) is not { } user
                || !await users.CheckPasswordAsync(user, form["password"]!)) return Results.Unauthorized();
            var identity = new ClaimsIdentity(CookieAuthenticationDefaults.AuthenticationScheme);
            identity.AddClaim(new Claim(ClaimTypes.NameIdentifier, user.Id));
            await http.SignInAsync(new ClaimsPrincipal(identity));
            return Results.Ok();
        });
        app.MapGet("/authorize", async (HttpContext http) =>
        {
            var request = http.GetOpenIddictServerRequest()!;
            var session = await http.AuthenticateAsync(CookieAuthenticationDefaults.AuthenticationScheme);
            return session.Principal?.FindFirstValue(ClaimTypes.NameIdentifier) is { } subject
                ? Issue(subject, request.GetScopes()) : Results.Unauthorized();
        });
        app.MapPost("/token", async (HttpContext http) =>
        {
            var request = http.GetOpenIddictServerRequest()!;
            if (request.IsClientCredentialsGrantType()) return Issue(request.ClientId!, request.GetScopes());
            var presented = await http.AuthenticateAsync(OpenIddictServerAspNetCoreDefaults.AuthenticationScheme);
            return Results.SignIn(presented.Principal!, null, OpenIddictServerAspNetCoreDefaults.AuthenticationScheme);
        });
    }

    private static IResult Issue(string subject, IEnumerable<string> scopes)
    {
        var identity = new ClaimsIdentity("earlier", Claims.Name, Claims.Role);
        identity.SetClaim(Claims.Subject, subject).SetScopes(scopes).SetResources(Cast.Notes);
        identity.SetDestinations(static _ => [Destinations.AccessToken]);
        return Results.SignIn(new ClaimsPrincipal(identity), null, OpenIddictServerAspNetCoreDefaults.AuthenticationScheme);
    }

    private async Task FillAsync()
    {
        await using var scope = app.Services.CreateAsyncScope();
        await scope.ServiceProvider.GetRequiredService<Tables>().GetService<IRelationalDatabaseCreator>().CreateTablesAsync();
        var alice = new IdentityUser("Alice");
        await scope.ServiceProvider.GetRequiredService<UserManager<IdentityUser>>().CreateAsync(alice, Password);
        Alice = Guid.Parse(alice.Id);
        var applications = scope.ServiceProvider.GetRequiredService<IOpenIddictApplicationManager>();
        await applications.CreateAsync(new OpenIddictApplicationDescriptor
        {
            ClientId = "earlier-machine",
            ClientSecret = MachineSecret,
            DisplayName = "A machine of before",
            Permissions =
            {
                Permissions.Endpoints.Token, Permissions.GrantTypes.ClientCredentials, Permissions.Prefixes.Scope + "notes:read",
            },
        });
        await applications.CreateAsync(new OpenIddictApplicationDescriptor
        {
            ClientId = "earlier-app",
            ClientType = ClientTypes.Public,
            ConsentType = ConsentTypes.Implicit,
            DisplayName = "An app of before",
            RedirectUris = { new Uri(Cast.Redirect) },
            Permissions =
            {
                Permissions.Endpoints.Authorization, Permissions.Endpoints.Token,
                Permissions.GrantTypes.AuthorizationCode, Permissions.GrantTypes.RefreshToken, Permissions.ResponseTypes.Code,
                Permissions.Prefixes.Scope + "notes:read",
            },
            Requirements = { Requirements.Features.ProofKeyForCodeExchange },
        });
    }

    private static X509Certificate2 Certificate(string name, X509KeyUsageFlags usage)
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        request.CertificateExtensions.Add(new X509KeyUsageExtension(usage, critical: true));
        return request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddYears(1));
    }

    private sealed class Tables(DbContextOptions<Tables> options) : IdentityDbContext<IdentityUser>(options);
}
