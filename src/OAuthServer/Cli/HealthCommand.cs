using System.CommandLine;
using System.Net.Security;
using System.Net.Sockets;
using System.Text.Json;
using OAuthServer.Protocol;

namespace OAuthServer.Cli;

/// <summary>
/// health: whether the server that runs here is ready, by its own /readyz. For probes in images without a shell or curl; it opens no
/// database. Exit codes: 0 ready, 1 not ready or not reached.
/// </summary>
internal static class HealthCommand
{
    // /readyz answers within three seconds, also while PostgreSQL is unavailable.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    public static CliCommand Make()
    {
        var url = new Option<string?>("--url") { HelpName = "URL", Description = "Ask there instead of where OAuth__Listen says" };
        url.Validators.Add(result =>
        {
            if (result.Tokens is [{ Value: var text }]
                && !(Uri.TryCreate(text, UriKind.Absolute, out var parsed) && parsed.Scheme is "http" or "https"))
                result.AddError("--url: write http:// or https://, an address and a port, such as http://127.0.0.1:8080");
        });
        return CliCommand.Alone("health", "Tell whether the server that runs here is ready", "oauth-server health", [url],
            async (parse, output, cancel) =>
        {
            if (parse.GetValue(url) is { } text)
                return await AskAsync(new Uri(new Uri(text), Paths.Ready), null, output, cancel);
            if (CliCommand.Settings(output, withKey: false, out var settings) is { } misuse) return misuse;
            if (ListenAddress.Of(settings, out var problem) is not { } at)
                return output.Misuse("The settings cannot be used", [$"OAuth__Listen: {problem}"], "Nothing was asked.");
            return await AskAsync(UrlOf(at), at.Socket, output, cancel);
        }).Exits("0 ready, 1 not ready or not reached");
    }

    // Whoever listens at all addresses is also on loopback, and a socket has no name.
    private static Uri UrlOf(ListenAddress at)
    {
        var host = at.Socket is not null ? "localhost" : at.Host is "::" or "0.0.0.0" ? "127.0.0.1" : at.Host;
        return at.Socket is not null
            ? new UriBuilder(at.Tls ? "https" : "http", host) { Path = Paths.Ready }.Uri
            : new UriBuilder(at.Tls ? "https" : "http", host, at.Port, Paths.Ready).Uri;
    }

    private static async Task<int> AskAsync(Uri ready, string? socket, Output output, CancellationToken cancel)
    {
        using var http = new HttpClient(Handler(socket)) { Timeout = Patience };
        var place = socket ?? ready.GetLeftPart(UriPartial.Authority);
        try
        {
            using var answer = await http.GetAsync(ready, cancel);
            var (status, reason) = Read(await answer.Content.ReadAsStringAsync(cancel));
            if (answer.IsSuccessStatusCode) return output.Done(new { status, reason, place }, $"{place} is {status}: {reason}");
            return output.Refuse(reason is null
                    ? $"{place} answers {(int)answer.StatusCode} at {Paths.Ready}"
                    : $"{place} is not ready: {reason}",
                reason is null ? "Is it this server that listens there?" : "Its log says more.");
        }
        catch (Exception fault) when (fault is HttpRequestException or TaskCanceledException && !cancel.IsCancellationRequested)
        {
            return output.Refuse(
                fault is TaskCanceledException ? $"{place} did not answer within {Patience.TotalSeconds:0} s"
                    : $"{place} cannot be reached: {(fault.InnerException ?? fault).Message}",
                "Start the server, or name its place with OAuth__Listen or --url.");
        }
    }

    // Nothing is sent that a false server could use, and the certificate is the issuer's, not the address's.
    private static SocketsHttpHandler Handler(string? socket)
    {
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseProxy = false,
            SslOptions = new SslClientAuthenticationOptions { RemoteCertificateValidationCallback = (_, _, _, _) => true },
        };
        if (socket is not null)
            handler.ConnectCallback = async (_, cancel) =>
            {
                var connection = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                try { await connection.ConnectAsync(new UnixDomainSocketEndPoint(socket), cancel); }
                catch { connection.Dispose(); throw; }
                return new NetworkStream(connection, ownsSocket: true);
            };
        return handler;
    }

    private static (string? Status, string? Reason) Read(string body)
    {
        try
        {
            using var json = JsonDocument.Parse(body);
            return json.RootElement.ValueKind is not JsonValueKind.Object ? (null, null) : (Text("status"), Text("reason"));

            string? Text(string name) =>
                json.RootElement.TryGetProperty(name, out var value) && value.ValueKind is JsonValueKind.String ? value.GetString() : null;
        }
        catch (JsonException)
        {
            return (null, null);
        }
    }
}
