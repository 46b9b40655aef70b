using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using OAuthServer.Limits;
using OAuthServer.Protocol;

namespace OAuthServer.Fetch;

/// <summary>
/// Fetches a small JSON document from a host that anybody may name, or posts a form to it, and reaches nothing else: https, public
/// addresses only, each checked before and after connecting, no redirect, no proxy, no cookie, 5 s and 5 KB for everything. Never
/// keeps a failure.
/// </summary>
public sealed class Fetcher(Network network, Settings settings, TimeProvider time) : IDisposable
{
    public const int MostBytes = 5 * 1024;
    public static readonly TimeSpan Deadline = TimeSpan.FromSeconds(5);

    private const int MostAtOnce = 64;
    private const int KeptForNew = 16;
    private const int MostAddresses = 4;
    private const int MostHeaderKilobytes = 16;
    private static readonly TimeSpan PerAddress = TimeSpan.FromSeconds(2);

    private readonly HostLimit perHost = new(time);
    private readonly SemaphoreSlim places = new(MostAtOnce);
    private readonly bool loopbackAllowed = settings.ClientDocumentsOnLoopback && new Uri(settings.Issuer).IsLoopback;

    /// <summary>The document, or that its owner took it away, or the refusal, whose public face is the caller's to choose.</summary>
    /// <param name="known">A document that was good before; see <see cref="HostLimit"/>.</param>
    public async Task<Result<Fetched>> FetchAsync(Uri url, bool known)
    {
        if (url.Scheme != Uri.UriSchemeHttps) return Refuse("RFC 9110 §4.2.2", "not https", "https", url.Scheme);
        if (perHost.Take(url.IdnHost, known) is { } wait)
            return OAuthError.SlowDown($"more than {HostLimit.PerMinute} fetches a minute from {url.IdnHost}", wait);
        // Old documents on hosts that fell silent shall not hold every place: who asks for one has the last good one to fall back on.
        if ((known && places.CurrentCount <= KeptForNew) || !places.Wait(0))
            return OAuthError.TemporarilyUnavailable("too many documents are being fetched at once");

        try { return await ReachAsync(url, RequestAsync, CancellationToken.None); }
        finally { places.Release(); }
    }

    /// <summary>
    /// Posts a form of one field to an address that its host named itself, under the same guards; http is for this computer only. The
    /// status, whatever it is, or why there is none. What else was answered is not read.
    /// </summary>
    public Task<Result<int>> PostAsync(Uri url, string field, string value, CancellationToken cancel) =>
        url.Scheme == Uri.UriSchemeHttps || (url.Scheme == Uri.UriSchemeHttp && loopbackAllowed && url.IsLoopback)
            ? ReachAsync(url, (to, addresses, until) => PostAsync(to, addresses, [new(field, value)], until), cancel)
            : Task.FromResult<Result<int>>(Refuse("RFC 9110 §4.2.2", "not https", "https", url.Scheme));

    // Within the deadline, at addresses that may be reached.
    private async Task<Result<T>> ReachAsync<T>(
        Uri url, Func<Uri, IPAddress[], CancellationToken, Task<Result<T>>> request, CancellationToken cancel) where T : notnull
    {
        using var deadline = new CancellationTokenSource(Deadline, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancel);
        try
        {
            if ((await AddressesAsync(url.IdnHost, either.Token)).Refused(out var error, out var addresses)) return error;
            return await request(url, addresses, either.Token);
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested) { throw; }
        catch (OperationCanceledException) when (deadline.IsCancellationRequested)
        {
            return Refuse("CIMD §5", "no complete answer in time", $"{Deadline.TotalSeconds} s", "longer");
        }
        catch (Exception fault) when (fault is HttpRequestException or IOException or OperationCanceledException)
        {
            return Refuse("CIMD §5", "the connection failed", "an answer over verified TLS", (fault.InnerException ?? fault).Message);
        }
    }

    public void Dispose() => places.Dispose();

    // One bad answer refuses the whole name: a host with a foot inside is no public host.
    private async Task<Result<IPAddress[]>> AddressesAsync(string host, CancellationToken cancel)
    {
        IPAddress[] addresses;
        try
        {
            addresses = IPAddress.TryParse(host, out var literal) ? [literal] : await network.ResolveAsync(host, cancel).WaitAsync(cancel);
        }
        catch (Exception fault) when (fault is System.Net.Sockets.SocketException or ArgumentException)
        {
            return Refuse("CIMD §5", "the name does not resolve", "a public address", host);
        }

        addresses = [.. addresses.Select(address => address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address)];
        if (addresses.Length == 0) return Refuse("CIMD §5", "the name has no address", "a public address", host);
        return Array.Find(addresses, address => !MayReach(address)) is { } special
            ? Refuse("CIMD §8.6, RFC 6890", "the host has a special-use address", "public addresses only", $"{host} at {special}")
            : addresses;
    }

    private bool MayReach(IPAddress address) => !SpecialUse.Contains(address) || (loopbackAllowed && IPAddress.IsLoopback(address));

    private async Task<Result<Fetched>> RequestAsync(Uri url, IPAddress[] addresses, CancellationToken cancel)
    {
        using var http = new HttpMessageInvoker(Handler(addresses));
        using var request = Message(HttpMethod.Get, url);
        request.Headers.Accept.ParseAdd("application/json");
        using var response = await http.SendAsync(request, cancel);

        if (response.StatusCode is HttpStatusCode.NotFound or HttpStatusCode.Gone)
            return new Fetched { IsGone = true, Body = [], FreshFor = null };
        if (response.StatusCode != HttpStatusCode.OK)
            return Refuse("CIMD §5", "another status; redirects are not followed", "200", $"{(int)response.StatusCode}");
        if (!IsJson(response.Content.Headers.ContentType))
            return Refuse("CIMD §4", "another content type", "application/json or application/*+json",
                response.Content.Headers.ContentType?.MediaType ?? "none");
        if (response.Content.Headers.ContentEncoding.Count > 0)
            return Refuse("CIMD §5", "a content coding nobody asked for", "none",
                string.Join(' ', response.Content.Headers.ContentEncoding));
        if (await ReadAsync(response.Content, cancel) is not { } body)
            return Refuse("CIMD §8.7", "the document is too long", $"at most {MostBytes} bytes", "more");
        return new Fetched { IsGone = false, Body = body, FreshFor = FreshFor(response) };
    }

    private async Task<Result<int>> PostAsync(
        Uri url, IPAddress[] addresses, KeyValuePair<string, string>[] form, CancellationToken cancel)
    {
        using var http = new HttpMessageInvoker(Handler(addresses));
        using var request = Message(HttpMethod.Post, url);
        request.Content = new FormUrlEncodedContent(form);
        using var response = await http.SendAsync(request, cancel);
        return (int)response.StatusCode;
    }

    private HttpRequestMessage Message(HttpMethod method, Uri url)
    {
        var request = new HttpRequestMessage(method, url)
        {
            Version = HttpVersion.Version11,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        request.Headers.TryAddWithoutValidation("User-Agent", $"oauth-server (+{settings.Issuer})");
        request.Headers.ConnectionClose = true;
        return request;
    }

    // A handler of its own for every fetch: no connection outlives the check of its address.
    private SocketsHttpHandler Handler(IPAddress[] addresses) => new()
    {
        AllowAutoRedirect = false,
        UseProxy = false,
        UseCookies = false,
        AutomaticDecompression = DecompressionMethods.None,
        PooledConnectionLifetime = TimeSpan.Zero,
        MaxResponseHeadersLength = MostHeaderKilobytes,
        MaxResponseDrainSize = 0,
        ActivityHeadersPropagator = null,
        SslOptions = new SslClientAuthenticationOptions { CertificateChainPolicy = Trust() },
        ConnectCallback = async (context, cancel) => await ConnectAsync(addresses, context.DnsEndPoint.Port, cancel),
    };

    // A certificate names places to ask for its issuer and its revocation: those are chosen by the host, so they are never asked.
    private X509ChainPolicy Trust()
    {
        var policy = new X509ChainPolicy { RevocationMode = X509RevocationMode.NoCheck, DisableCertificateDownloads = true };
        if (network.Roots is null) return policy;
        policy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        policy.CustomTrustStore.AddRange(network.Roots);
        return policy;
    }

    private async ValueTask<Stream> ConnectAsync(IPAddress[] addresses, int port, CancellationToken cancel)
    {
        Exception? last = null;
        foreach (var address in addresses.Take(MostAddresses))
        {
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancel);
            patience.CancelAfter(PerAddress);
            try
            {
                var socket = await network.ConnectAsync(new IPEndPoint(address, port), patience.Token);
                var reached = (socket.RemoteEndPoint as IPEndPoint)?.Address;
                if (reached is not null && reached.Equals(address) && MayReach(reached))
                    return new System.Net.Sockets.NetworkStream(socket, ownsSocket: true);
                socket.Dispose();
                throw new IOException($"asked for {address}, connected to {reached}");
            }
            catch (Exception fault) when (fault is System.Net.Sockets.SocketException
                || (fault is OperationCanceledException && !cancel.IsCancellationRequested))
            {
                last = fault;
            }
        }

        throw new IOException(last?.Message ?? "no address", last);
    }

    private static bool IsJson(MediaTypeHeaderValue? type) =>
        type?.MediaType is { } media
        && (media.Equals("application/json", StringComparison.OrdinalIgnoreCase)
            || (media.StartsWith("application/", StringComparison.OrdinalIgnoreCase)
                && media.EndsWith("+json", StringComparison.OrdinalIgnoreCase)));

    // Null: longer than it may be. Reading stops right there.
    private static async Task<byte[]?> ReadAsync(HttpContent content, CancellationToken cancel)
    {
        if (content.Headers.ContentLength > MostBytes) return null;
        await using var stream = await content.ReadAsStreamAsync(cancel);
        var buffer = new byte[MostBytes + 1];
        var length = await stream.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancel);
        return length > MostBytes ? null : buffer[..length];
    }

    private TimeSpan? FreshFor(HttpResponseMessage response)
    {
        var age = response.Headers.Age ?? TimeSpan.Zero;
        return response.Headers.CacheControl switch
        {
            { NoStore: true } or { NoCache: true } => TimeSpan.Zero,
            { MaxAge: { } most } => most - age,
            _ when response.Content.Headers.Expires is { } expires => expires - (response.Headers.Date ?? time.GetUtcNow()) - age,
            _ => null,
        };
    }

    private static OAuthError Refuse(string rule, string reason, string expected, string got) =>
        OAuthError.InvalidRequest("A document could not be fetched", reason, rule, expected, got);
}
