using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace OAuthServer.Test.Support;

/// <summary>Octets as no HTTP library would send them.</summary>
public static class RawHttp
{
    /// <summary>Sends the text as it is and reads until the server closes, or has been silent for a while after it spoke.</summary>
    public static async Task<RawReply> SendRawAsync(this TestServer server, string text)
    {
        using var socket = new TcpClient();
        await socket.ConnectAsync("127.0.0.1", new Uri(server.Settings.Listen.Length > 0 ? server.Settings.Listen : server.Issuer).Port);
        var stream = socket.GetStream();
        await stream.WriteAsync(Encoding.Latin1.GetBytes(text));
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        using var read = new MemoryStream();
        try
        {
            var buffer = new byte[4096];
            while (await stream.ReadAsync(buffer, patience.Token) is > 0 and var length)
            {
                read.Write(buffer, 0, length);
                if (IsWhole(read)) break;
                patience.CancelAfter(TimeSpan.FromSeconds(3));
            }
        }
        catch (Exception fault) when (fault is IOException or OperationCanceledException)
        {
            // Closed with a reset, or kept open: what came before is the answer.
        }

        return Final(Encoding.UTF8.GetString(read.ToArray()));
    }

    private static RawReply Final(string text) => new(text.Replace("HTTP/1.1 100 Continue\r\n\r\n", "", StringComparison.Ordinal));

    // Head and as much body as its Content-Length says: nothing else comes.
    private static bool IsWhole(MemoryStream read)
    {
        var reply = Final(Encoding.Latin1.GetString(read.GetBuffer(), 0, (int)read.Length));
        return reply.Header("Content-Length") is { } length && reply.Body.Length == int.Parse(length, CultureInfo.InvariantCulture);
    }

    /// <summary>A POST of a form, spelt out.</summary>
    public static string Post(this TestServer server, string target, string form, string version = "HTTP/1.1", string? headers = null) =>
        $"POST {target} {version}\r\n{headers ?? $"Host: {server.Settings.IssuerAuthority}\r\n"}Content-Type: "
            + $"application/x-www-form-urlencoded\r\nContent-Length: {form.Length}\r\nConnection: close\r\n\r\n{form}";
}

/// <summary>What came back, headers and all.</summary>
public sealed record RawReply(string Text)
{
    public int Status => Text.Split(' ') is [_, var status, ..] && int.TryParse(status, out var number) ? number : 0;

    /// <summary>The first header of this name, or null.</summary>
    public string? Header(string name) =>
        Text.Split("\r\n\r\n")[0].Split("\r\n").Skip(1).Select(line => line.Split(':', 2))
            .FirstOrDefault(pair => pair.Length == 2 && pair[0].Equals(name, StringComparison.OrdinalIgnoreCase))?[1].Trim();

    public string Body => Text.IndexOf("\r\n\r\n", StringComparison.Ordinal) is > 0 and var at ? Text[(at + 4)..] : "";
}
