using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace OAuthServer.Bench;

/// <summary>
/// What the server is held against, under its own host settings: what ASP.NET Core alone answers (F), and what it answers when every
/// request also builds and signs an ES256 JWT (J). Nothing is stored.
/// </summary>
internal static class Limits
{
    /// <summary>F: a form in, 900 bytes out.</summary>
    public const string BarePath = "/bare";

    /// <summary>J: the same, with a JWT built and signed.</summary>
    public const string JwtPath = "/jwt";

    private static readonly string Header =
        Base64Url.EncodeToString("{\"alg\":\"ES256\",\"kid\":\"5RQ-UW6zusrDCzMzvq-sny_UY5WXq2JJdpCYuD1-Tfs\",\"typ\":\"at+jwt\"}"u8);

    /// <summary>Serves both until it is ended.</summary>
    public static async Task RunAsync(string url)
    {
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions
        {
            EnvironmentName = Environments.Production,
            ContentRootPath = AppContext.BaseDirectory,
        });
        builder.Logging.AddFilter("Microsoft", LogLevel.Warning);
        builder.WebHost.UseUrls(url);
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.AddServerHeader = false);
        await using var app = builder.Build();
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var filler = new string('x', 900);

        app.MapPost(BarePath, async (HttpContext http) =>
        {
            await http.Request.ReadFormAsync(http.RequestAborted);
            return Results.Text(filler, "application/json");
        });
        app.MapPost(JwtPath, async (HttpContext http) =>
        {
            await http.Request.ReadFormAsync(http.RequestAborted);
            return Results.Text(
                $$"""{"access_token":"{{Jwt(key)}}","token_type":"Bearer","expires_in":600,"scope":"notes:read"}""", "application/json");
        });
        await app.RunAsync();
    }

    private static string Jwt(ECDsa key)
    {
        var now = TimeProvider.System.GetUtcNow().ToUnixTimeSeconds();
        var jti = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(16));
        var payload =
            """{"iss":"http://localhost:8080","sub":"nightly-etl","aud":"http://localhost:9000"""
            + $$"""/mcp","client_id":"nightly-etl","scope":"notes:read","iat":{{now}},"exp":{{now + 600}},"jti":"{{jti}}"}""";
        var input = $"{Header}.{Base64Url.EncodeToString(Encoding.UTF8.GetBytes(payload))}";
        return $"{input}.{Base64Url.EncodeToString(key.SignData(Encoding.ASCII.GetBytes(input), HashAlgorithmName.SHA256))}";
    }
}
