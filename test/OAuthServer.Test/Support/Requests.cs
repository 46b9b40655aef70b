using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using OAuthServer.Protocol;

namespace OAuthServer.Test.Support;

/// <summary>Requests that no well-behaved client makes.</summary>
public static class Requests
{
    public static async Task<Reply> SendAsync(
        this TestServer server, HttpMethod method, string path, HttpContent? content = null, params (string Name, string Value)[] headers)
    {
        using var http = server.NewHttp();
        return await http.ReplyAsync(method, path, content, headers);
    }

    public static Task<Reply> GetAsync(this TestServer server, string path, params (string Name, string Value)[] headers) =>
        server.SendAsync(HttpMethod.Get, path, null, headers);

    public static async Task<Reply> ReplyAsync(
        this HttpClient http, HttpMethod method, string path, HttpContent? content = null, params (string Name, string Value)[] headers)
    {
        using var message = new HttpRequestMessage(method, path) { Content = content };
        foreach (var (name, value) in headers)
        {
            if (name == "Host") message.Headers.Host = value;
            else if (!message.Headers.TryAddWithoutValidation(name, value)) message.Content?.Headers.TryAddWithoutValidation(name, value);
        }

        return await Reply.ReadAsync(await http.SendAsync(message));
    }

    /// <summary>A form POST to /token, octet for octet.</summary>
    public static Task<Reply> PostTokenAsync(this TestServer server, string form, params (string Name, string Value)[] headers) =>
        server.SendAsync(HttpMethod.Post, server.Settings.IssuerPath + Paths.Token, Form(form), headers);

    /// <summary>A body with a content type of one's choice; null for none.</summary>
    public static ByteArrayContent Form(string text, string? type = "application/x-www-form-urlencoded")
    {
        var content = new ByteArrayContent(Encoding.UTF8.GetBytes(text));
        if (type is not null) content.Headers.TryAddWithoutValidation("Content-Type", type);
        return content;
    }

    /// <summary>The value of an Authorization header with these octets in it.</summary>
    public static string BasicOf(string pair, string scheme = "Basic") =>
        $"{scheme} {Convert.ToBase64String(Encoding.UTF8.GetBytes(pair))}";

    /// <summary>An HTTP client whose connections come from another address of this machine.</summary>
    public static HttpClient NewHttpFrom(this TestServer server, string address)
    {
        var at = new IPEndPoint(IPAddress.Loopback,
            new Uri(server.Settings.Listen.Length > 0 ? server.Settings.Listen : server.Issuer).Port);
        return new HttpClient(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            UseProxy = false,
            ConnectCallback = async (_, cancel) =>
            {
                var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
                socket.Bind(new IPEndPoint(IPAddress.Parse(address), 0));
                await socket.ConnectAsync(at, cancel);
                return new NetworkStream(socket, ownsSocket: true);
            },
        })
        { BaseAddress = new Uri(server.Issuer), DefaultRequestHeaders = { Host = server.Settings.IssuerAuthority } };
    }

    public static AuthenticationHeaderValue Bearer(string token) => new("Bearer", token);
}
