using System.Text;
using OAuthServer.Http;
using OAuthServer.Protocol;
using OAuthServer.Stores.Audit;

namespace OAuthServer.Playground;

/// <summary>
/// Sends the playground's requests to this very server, as any client would: over HTTP, through every check. It has an HTTP
/// client of its own because the one of Fetch is for documents of unregistered clients and must never reach this computer, while this one
/// goes nowhere else: address and paths are our own, and nothing of them comes from a request.
/// </summary>
public sealed class Caller(AuditStore audit, Settings settings) : IDisposable
{
    private static readonly string[] Shown = ["Content-Type", "Cache-Control", "WWW-Authenticate", RequestIds.Header];

    // No traceparent: what is shown is what is sent.
    private readonly HttpClient http = new(
        new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, UseProxy = false, ActivityHeadersPropagator = null })
    {
        BaseAddress = new Uri(settings.Listen.Length > 0 ? settings.Listen : settings.Issuer),
        Timeout = TimeSpan.FromSeconds(10),
    };

    /// <summary>
    /// One request, to its end: a browser that goes away meanwhile must not lose what it brought. Throws when nothing answers.
    /// </summary>
    public async Task<Exchange> SendAsync(PlaygroundRequest ask)
    {
        using var message = new HttpRequestMessage(HttpMethod.Post, new Uri(ask.Url).AbsolutePath)
        {
            Content = new StringContent(ask.Encoded, Encoding.ASCII,
                new System.Net.Http.Headers.MediaTypeHeaderValue("application/x-www-form-urlencoded")),
        };
        message.Headers.Host = settings.IssuerAuthority;
        if (ask.Authorization is { } authorization) message.Headers.Add("Authorization", authorization);
        using var answer = await http.SendAsync(message, CancellationToken.None);
        var headers = Shown.SelectMany(name => Values(answer, name).Select(value => (name, value))).ToArray();
        return new Exchange
        {
            Request = ask,
            Status = (int)answer.StatusCode,
            Headers = headers,
            Body = answer.Content.Headers.ContentType?.MediaType == "application/json"
                ? await answer.Content.ReadAsStringAsync(CancellationToken.None) : "",
            // The rows of an answer are durable before it leaves.
            Audit = Values(answer, RequestIds.Header).FirstOrDefault() is { } id ? await audit.FindAsync(id, CancellationToken.None) : [],
        };
    }

    public void Dispose() => http.Dispose();

    private static IEnumerable<string> Values(HttpResponseMessage answer, string name) =>
        answer.Headers.TryGetValues(name, out var values) || answer.Content.Headers.TryGetValues(name, out values) ? values : [];
}
