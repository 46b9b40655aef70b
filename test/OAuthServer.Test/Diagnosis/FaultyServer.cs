using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.IdentityModel.Tokens;
using OAuthServer.Diagnosis;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Diagnosis;

/// <summary>
/// A small authorization server of the tests that does everything right but for the one fault it was started with, which is named
/// in words. <see cref="FaultyEndpoints"/> has what a client calls; here is what it reads first.
/// </summary>
internal sealed class FaultyServer : IAsyncDisposable
{
    private readonly string fault;
    private readonly WebApplication app;
    private readonly FaultyEndpoints endpoints;

    private FaultyServer(string fault, WebApplication app, string url, int plainPort)
    {
        (this.fault, this.app, Url, PlainPort) = (fault, app, url, plainPort);
        endpoints = new FaultyEndpoints(this);
    }

    public string Url { get; }

    public int PlainPort { get; }

    /// <summary>As it calls itself.</summary>
    public string Issuer => Has("another issuer") ? "https://other.example" : Url;

    /// <summary>How many registrations were deleted.</summary>
    public int Deleted { get; set; }

    public ECDsa Key { get; } = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    /// <summary>How it is examined: with a sign-in.</summary>
    public DoctorOptions Options => new()
    {
        Issuer = new Uri(Url),
        Username = "alice",
        Password = Cast.Password,
        PerRequest = TimeSpan.FromSeconds(5),
        PlainPort = PlainPort,
    };

    public bool Has(string name) => fault == name;

    /// <param name="certificate">Null: plain HTTP.</param>
    public static async Task<FaultyServer> StartAsync(string fault, X509Certificate2? certificate = null)
    {
        var (port, plainPort) = (TestServer.FreePort(), TestServer.FreePort());
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.ListenLocalhost(port, listen =>
            {
                if (certificate is not null) listen.UseHttps(certificate);
            });
            if (certificate is not null) kestrel.ListenLocalhost(plainPort);
        });
        var server = new FaultyServer(fault, builder.Build(), $"{(certificate is null ? "http" : "https")}://localhost:{port}", plainPort);
        server.app.Run(server.HandleAsync);
        await server.app.StartAsync();
        return server;
    }

    public async ValueTask DisposeAsync()
    {
        await app.StopAsync();
        await app.DisposeAsync();
        Key.Dispose();
    }

    private async Task HandleAsync(HttpContext http)
    {
        var headers = http.Response.Headers;
        if (Has("the clock is two minutes ahead")) headers.Date = DateTimeOffset.UtcNow.AddMinutes(2).ToString("R");
        if (Has("the clock is ten seconds behind")) headers.Date = DateTimeOffset.UtcNow.AddSeconds(-10).ToString("R");
        if (http.Request.IsHttps && !Has("no HSTS")) headers.StrictTransportSecurity = "max-age=31536000";
        if (Url.StartsWith("https", StringComparison.Ordinal) && !http.Request.IsHttps && !Has("plain HTTP is answered"))
        {
            http.Response.Redirect(Has("plain HTTP stays plain") ? "http://localhost/" : Url + http.Request.Path, permanent: true);
            return;
        }

        switch (http.Request.Path.Value)
        {
            case Paths.ServerMetadata or "/moved": await MetadataAsync(http); break;
            case Paths.OpenIdConfiguration: await OpenIdAsync(http); break;
            case Paths.ResourceMetadata:
                await JsonAsync(http, new
                {
                    resource = Has("the resource has another name") ? "https://other.example/" : Url,
                    authorization_servers = new[] { Has("the resource trusts another issuer") ? "https://other.example" : Issuer },
                });
                break;
            case Paths.Jwks: await KeysAsync(http); break;
            default: await endpoints.HandleAsync(http); break;
        }
    }

    private async Task MetadataAsync(HttpContext http)
    {
        if (Has("no metadata for OAuth")) http.Response.StatusCode = 404;
        else if (Has("a fault at the metadata")) http.Response.StatusCode = 500;
        else if (Has("metadata behind a redirect") && http.Request.Path != "/moved") http.Response.Redirect(Url + "/moved");
        else if (Has("metadata that is a page")) await FaultyEndpoints.PageAsync(http, 200, "<h1>Welcome</h1>");
        else if (Has("metadata without end"))
        {
            http.Response.ContentType = "application/json";
            for (var i = 0; i < 2000; i++) await http.Response.WriteAsync(new string(' ', 1000));
        }
        else await JsonAsync(http, Metadata(), Has("metadata is text") ? "text/plain" : "application/json", "no CORS at the metadata");
    }

    private Task OpenIdAsync(HttpContext http)
    {
        var metadata = Metadata();
        if (Has("the documents differ")) metadata["token_endpoint"] = Url + "/another";
        return JsonAsync(http, metadata);
    }

    private Dictionary<string, object> Metadata()
    {
        var metadata = new Dictionary<string, object>
        {
            ["issuer"] = Issuer,
            ["authorization_endpoint"] = Url + Paths.Authorize,
            ["token_endpoint"] = Url + (Has("the token endpoint redirects") ? "/old-token" : Paths.Token),
            ["jwks_uri"] = Url + Paths.Jwks,
            ["registration_endpoint"] = Url + Paths.Register,
            ["revocation_endpoint"] = Url + Paths.Revoke + (Has("a fragment in a URL") ? "#part" : ""),
            ["introspection_endpoint"] = Url + Paths.Introspect,
            ["response_types_supported"] = Has("implicit is announced") ? new[] { "code", "token" } : ["code"],
            ["grant_types_supported"] = Has("password is announced") ? new[] { "authorization_code", "refresh_token", "password" }
                : ["authorization_code", "refresh_token"],
            ["code_challenge_methods_supported"] = Has("only plain is announced") ? new[] { "plain" }
                : Has("plain is announced") ? ["S256", "plain"] : ["S256"],
            ["token_endpoint_auth_methods_supported"] = new[] { "none", "client_secret_basic" },
            ["id_token_signing_alg_values_supported"] = Has("none is announced") ? new[] { "ES256", "none" } : ["ES256"],
            ["scopes_supported"] = new[] { "notes:read" },
            ["authorization_response_iss_parameter_supported"] = !Has("iss is not announced"),
        };
        if (Has("response types are missing")) metadata.Remove("response_types_supported");
        if (Has("grant types are missing")) metadata.Remove("grant_types_supported");
        if (Has("authentication methods are missing")) metadata.Remove("token_endpoint_auth_methods_supported");
        if (Has("PKCE is not announced")) metadata.Remove("code_challenge_methods_supported");
        if (Has("nobody can register")) metadata.Remove("registration_endpoint");
        return metadata;
    }

    private Task KeysAsync(HttpContext http)
    {
        var keys = new List<Dictionary<string, string>> { Jwk(Key, "first") };
        if (Has("no keys")) keys.Clear();
        if (Has("a private key is published")) keys[0]["d"] = Base64UrlEncoder.Encode(Key.ExportParameters(true).D!);
        if (Has("a kid comes twice")) keys.Add(Jwk(Key, "first"));
        if (Has("a key without use")) keys[0].Remove("use");
        if (Has("a key for HS256")) keys.Add(Jwk(Key, "second", "HS256"));
        if (Has("an RSA key of 1024 bits"))
        {
            using var weak = RSA.Create(1024);
            var part = weak.ExportParameters(false);
            keys.Add(new()
            {
                ["kty"] = "RSA",
                ["kid"] = "weak",
                ["use"] = "sig",
                ["alg"] = "RS256",
                ["n"] = Base64UrlEncoder.Encode(part.Modulus!),
                ["e"] = Base64UrlEncoder.Encode(part.Exponent!)
            });
        }

        return JsonAsync(http, new { keys }, unlessFault: "no CORS at the keys");
    }

    private static Dictionary<string, string> Jwk(ECDsa key, string kid, string alg = "ES256")
    {
        var point = key.ExportParameters(false).Q;
        return new()
        {
            ["kty"] = "EC",
            ["crv"] = "P-256",
            ["kid"] = kid,
            ["use"] = "sig",
            ["alg"] = alg,
            ["x"] = Base64UrlEncoder.Encode(point.X!),
            ["y"] = Base64UrlEncoder.Encode(point.Y!),
        };
    }

    /// <summary>JSON that any origin may read, unless that is the fault.</summary>
    internal async Task JsonAsync(
        HttpContext http, object body, string type = "application/json", string unlessFault = "", int status = 200, bool stored = true)
    {
        AllowOrigin(http, unlessFault);
        http.Response.StatusCode = status;
        if (!stored) http.Response.Headers.CacheControl = "no-store";
        http.Response.ContentType = type;
        await http.Response.WriteAsync(JsonSerializer.Serialize(body));
    }

    internal void AllowOrigin(HttpContext http, string unlessFault)
    {
        if (http.Request.Headers.Origin.Count == 0 || (unlessFault.Length > 0 && Has(unlessFault))) return;
        http.Response.Headers.AccessControlAllowOrigin = Has("CORS with credentials") ? http.Request.Headers.Origin : "*";
        if (Has("CORS with credentials")) http.Response.Headers.AccessControlAllowCredentials = "true";
    }
}
