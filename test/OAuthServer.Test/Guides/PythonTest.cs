using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Test.ResourceServer;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Guides;

/// <summary>The Python of the pages, run as it stands there by the machine's own Python.</summary>
[Category("Interop"), Behaviour(24, 38)]
public sealed class PythonTest : ServerFixture
{
    private const string Python = "/usr/bin/python3";

    [OneTimeSetUp]
    public async Task RegisterAsync()
    {
        foreach (var package in new[] { "python3-jwt", "python3-cryptography", "python3-requests" }) Tools.Need(package);
        await Guide.RegisterAsync(Server);
    }

    [Test, Rfc(9068, "4")]
    public async Task An_API_takes_good_tokens_and_refuses_the_rest()
    {
        var machine = await Server.AddClientAsync("m2m", "machine", "client_secret_basic", [], "tasks:read tasks:write", "operator",
            Guide.Resource, Cast.Secret, "tasks:read");
        var token = (await machine.CredentialsAsync()).AccessToken;
        var sensors = await Server.MachineAsync();
        var other = (await sensors.CredentialsAsync(("scope", "read_sensors"), ("resource", Cast.Sensors))).AccessToken;
        var script = Guide.Snippet("python").Replace("https://auth.example.com", Server.Issuer) + """

            import sys
            for line in sys.stdin:
                token, *scopes = line.split()
                try:
                    print(claims_of(token, *scopes)["sub"])
                except Exception as refusal:
                    print(type(refusal).__name__, "PermissionError" == type(refusal).__name__ and refusal or "")
            """;

        var said = await RunAsync(script, $"{token} tasks:read", $"{token} tasks:read tasks:write", $"{token[..^4]}AAAA tasks:read",
            $"{other} tasks:read", $"{token.Split('.')[0]}.e30. tasks:read");

        said.Should().Equal(machine.Id, "PermissionError tasks:write", "InvalidSignatureError ", "InvalidAudienceError ",
            "InvalidSignatureError ");
    }

    [Test, Rfc(6749, "4.4")]
    public async Task A_machine_keeps_its_token_waits_where_it_is_told_to_and_stops_where_nothing_helps()
    {
        var machine = await Server.MachineAsync();
        var script = PageOf("docs/guide-machines.md") + $"""

            tokens = Tokens("{Server.Issuer}/token", "{machine.Id}", "{machine.Secret}", scope="notes:read")
            first = tokens.get()
            print(first == tokens.get(), first == tokens.get(refused=first))
            try:
                Tokens("{Server.Issuer}/token", "{machine.Id}", "wrong").get()
            except RuntimeError as refusal:
                print(str(refusal)[:3], "invalid_client" in str(refusal), len(str(refusal).split("Request-Id ")[1]))
            """ + """

            import http.server
            class Busy(http.server.BaseHTTPRequestHandler):
                answers = [(503, {"Retry-After": "1"}, b"{}"), (429, {"Retry-After": "2"}, b"{}"), (500, {}, b"{}"),
                           (200, {}, b'{"access_token":"late","expires_in":600}')]
                def do_POST(self):
                    status, headers, body = self.answers.pop(0)
                    self.send_response(status)
                    for name, value in headers.items(): self.send_header(name, value)
                    self.end_headers()
                    self.wfile.write(body)
                def log_message(self, *words): pass
            busy = http.server.HTTPServer(("127.0.0.1", 0), Busy)
            threading.Thread(target=busy.serve_forever, daemon=True).start()
            waits, time.sleep = [], lambda seconds: waits.append(seconds)
            print(Tokens(f"http://127.0.0.1:{busy.server_port}/token", "a", "b").get(), waits)
            busy.shutdown(); busy.server_close()
            try:
                Tokens(f"http://127.0.0.1:{busy.server_port}/token", "a", "b").fetch(patience=5)
            except TimeoutError as refusal:
                print(refusal)
            """;

        (await RunAsync(script)).Should().Equal("True False", "401 True 20", "late [1, 2, 4]",
            "the authorization server could not be reached in time");
    }

    private static string PageOf(string page) => Block.All.Single(block => block.Page == page && block.Language == "python").Text;

    private static async Task<string[]> RunAsync(string script, params string[] lines)
    {
        var folder = Directory.CreateTempSubdirectory("oauth-python-").FullName;
        try
        {
            await File.WriteAllTextAsync(Path.Combine(folder, "script.py"), script);
            await File.WriteAllLinesAsync(Path.Combine(folder, "lines"), lines);
            return (await Command.MustAsync(folder, "bash", "-c", $"exec {Python} script.py < lines"))
                .Split('\n', StringSplitOptions.RemoveEmptyEntries);
        }
        finally { Directory.Delete(folder, recursive: true); }
    }
}
