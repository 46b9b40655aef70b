// The limits the server is held against, on the same machine in the same run: what ASP.NET Core alone answers, and what it
// answers when every request also builds and signs an ES256 JWT. Nothing is stored. As `flood URL HOST METHOD` it is what a
// server has to withstand.
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using OAuthServer.Bench;

if (args is ["flood", var server, var host, var method])
{
    await new Flood(new Uri(server), host, method).RunAsync(Console.In, Console.Out);
    return;
}

var builder = WebApplication.CreateSlimBuilder(args);
builder.Logging.ClearProviders();
var app = builder.Build();
using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
var filler = new string('x', 900);
var header = Base64Url.EncodeToString("{\"alg\":\"ES256\",\"kid\":\"5RQ-UW6zusrDCzMzvq-sny_UY5WXq2JJdpCYuD1-Tfs\",\"typ\":\"at+jwt\"}"u8);

app.MapPost("/bare", async (HttpContext http) =>
{
    await http.Request.ReadFormAsync();
    return Results.Text(filler, "application/json");
});

app.MapPost("/jwt", async (HttpContext http) =>
{
    await http.Request.ReadFormAsync();
    var now = TimeProvider.System.GetUtcNow().ToUnixTimeSeconds();
    var jti = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(16));
    var payload =
        """{"iss":"http://localhost:8080","sub":"nightly-etl","aud":"http://localhost:9000"""
        + $$"""/mcp","client_id":"nightly-etl","scope":"notes:read","iat":{{now}},"exp":{{now + 600}},"jti":"{{jti}}"}""";
    var input = $"{header}.{Base64Url.EncodeToString(Encoding.UTF8.GetBytes(payload))}";
    var signature = Base64Url.EncodeToString(key.SignData(Encoding.ASCII.GetBytes(input), HashAlgorithmName.SHA256));
    return Results.Text($$"""{"access_token":"{{input}}.{{signature}}","token_type":"Bearer","expires_in":600,"scope":"notes:read"}""",
        "application/json");
});

app.Run();
