using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace OAuthServer.Diagnosis;

/// <summary>
/// Requests to the server that is examined: no redirect is followed, no body is read beyond its limit, each has a deadline. A
/// failure is an answer, too.
/// </summary>
internal sealed class Remote : IDisposable
{
    private const int MostBytes = 512 * 1024;

    private readonly DoctorOptions options;
    private readonly TimeProvider time;
    private readonly HttpClient http;
    private readonly CookieJar? cookies;

    /// <param name="verifies">
    /// True: for a sign-in, with cookies. False: whatever the certificate is, to examine the rest; no secret is sent by it then.
    /// </param>
    public Remote(DoctorOptions options, TimeProvider time, bool verifies)
    {
        (this.options, this.time) = (options, time);
        if (verifies) cookies = new CookieJar();
        var tls = new SslClientAuthenticationOptions { CertificateChainPolicy = Trust(options) };
        if (!verifies) tls.RemoteCertificateValidationCallback = (_, _, _, _) => true;
        http = new HttpClient(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            AutomaticDecompression = DecompressionMethods.All,
            MaxResponseHeadersLength = 64,
            ConnectTimeout = options.PerRequest,
            SslOptions = tls,
        })
        { Timeout = Timeout.InfiniteTimeSpan };
        http.DefaultRequestHeaders.TryAddWithoutValidation("User-Agent", "oauth-server-doctor");
    }

    /// <summary>Which certificates are trusted. Nothing that a certificate names is fetched.</summary>
    public static X509ChainPolicy Trust(DoctorOptions options)
    {
        var policy = new X509ChainPolicy { RevocationMode = X509RevocationMode.NoCheck, DisableCertificateDownloads = true };
        if (options.Roots is null) return policy;
        policy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        policy.CustomTrustStore.AddRange(options.Roots);
        return policy;
    }

    public Task<RemoteAnswer> GetAsync(Uri url, CancellationToken cancel, params (string Name, string Value)[] headers) =>
        SendAsync(HttpMethod.Get, url, null, headers, cancel);

    /// <summary>A form (RFC 6749 App. B).</summary>
    public Task<RemoteAnswer> PostAsync(
        Uri url, IEnumerable<(string Name, string Value)> form, CancellationToken cancel, params (string Name, string Value)[] headers) =>
        SendAsync(HttpMethod.Post, url,
            new FormUrlEncodedContent(form.Select(field => KeyValuePair.Create(field.Name, field.Value))), headers, cancel);

    public Task<RemoteAnswer> PostJsonAsync(Uri url, string json, CancellationToken cancel) =>
        SendAsync(HttpMethod.Post, url, new StringContent(json, Encoding.UTF8, "application/json"), [], cancel);

    public async Task<RemoteAnswer> SendAsync(
        HttpMethod method, Uri url, HttpContent? content, (string Name, string Value)[] headers, CancellationToken cancel)
    {
        using var request = new HttpRequestMessage(method, url) { Content = content };
        foreach (var (name, value) in headers) request.Headers.TryAddWithoutValidation(name, value);
        if (cookies?.HeaderFor(url) is { } cookie) request.Headers.TryAddWithoutValidation("Cookie", cookie);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        patience.CancelAfter(options.PerRequest);
        var before = time.GetUtcNow();
        try
        {
            using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, patience.Token);
            cookies?.Keep(url, response.Headers, time.GetUtcNow());
            var body = await ReadAsync(response.Content, patience.Token);
            return new RemoteAnswer(url)
            {
                Status = (int)response.StatusCode,
                Headers = response.Headers,
                ContentType = response.Content.Headers.ContentType?.MediaType ?? "",
                Body = body ?? "",
                Problem = body is null ? $"an answer of more than {MostBytes / 1024} KiB" : null,
                At = before + ((time.GetUtcNow() - before) / 2),
            };
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            return new RemoteAnswer(url) { Problem = $"no complete answer within {options.PerRequest.TotalSeconds:0} s" };
        }
        catch (Exception fault) when (fault is HttpRequestException or IOException or AuthenticationException or SocketException)
        {
            return new RemoteAnswer(url) { Problem = $"no answer: {Innermost(fault).Message}" };
        }
    }

    public void Dispose() => http.Dispose();

    /// <summary>What went wrong below.</summary>
    public static Exception Innermost(Exception fault) => fault.InnerException is { } inner ? Innermost(inner) : fault;

    // Null: longer than it may be. Reading stops right there.
    private static async Task<string?> ReadAsync(HttpContent content, CancellationToken cancel)
    {
        await using var stream = await content.ReadAsStreamAsync(cancel);
        var buffer = new byte[MostBytes + 1];
        var length = await stream.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancel);
        return length > MostBytes ? null : Encoding.UTF8.GetString(buffer, 0, length);
    }
}
