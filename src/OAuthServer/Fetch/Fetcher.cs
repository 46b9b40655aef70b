using System.Net;
using OAuthServer.Limits;
using OAuthServer.Protocol;

namespace OAuthServer.Fetch;

/// <summary>
/// Fetches a small JSON document from a host that anybody may name, or posts a form to it, and reaches nothing else: https, public
/// addresses only, each checked before and after connecting, no redirect, no proxy, no cookie, and a deadline and a length for
/// everything. Never keeps a failure.
/// </summary>
public sealed class Fetcher(Network network, Settings settings, TimeProvider time) : IDisposable
{
    /// <summary>Of a client id document.</summary>
    public const int MostBytes = 5 * 1024;
    public static readonly TimeSpan Deadline = TimeSpan.FromSeconds(5);

    private const int MostAtOnce = 64;
    private const int KeptForNew = 16;

    // Counted apart: a flood of documents stops no key set, nor the other way round.
    private readonly HostLimit documentsPerHost = new(time), keysPerHost = new(time);
    private readonly SemaphoreSlim places = new(MostAtOnce);
    private readonly GuardedNetwork documents =
        new(network, settings.ClientDocumentsOnLoopback && new Uri(settings.Issuer).IsLoopback);
    private readonly GuardedNetwork providers = new(network, new Uri(settings.Issuer).IsLoopback, PrivateHosts.Read(settings.PrivateHosts));

    /// <summary>The document, or that its owner took it away, or the refusal, whose public face is the caller's to choose.</summary>
    /// <param name="goodAt">When a good one came from there last; null: never.</param>
    public async Task<Result<Fetched>> FetchAsync(Uri url, DateTimeOffset? goodAt)
    {
        if (url.Scheme != Uri.UriSchemeHttps) return Refuse("RFC 9110 §4.2.2", "not https", "https", url.Scheme);
        var call = new Call { Url = url, MostBytes = MostBytes, Deadline = Deadline };
        return (await GetAsync(call, documentsPerHost, goodAt)).Refused(out var error, out var answer) ? error : Document(answer);
    }

    /// <summary>A key set, or whatever else is answered, of a host that anybody may name, under the same guards and limits.</summary>
    /// <param name="goodAt">When a good one came from there last; null: never.</param>
    public Task<Result<Answered>> GetKeysAsync(Call call, DateTimeOffset? goodAt) => GetAsync(call, keysPerHost, goodAt);

    private async Task<Result<Answered>> GetAsync(Call call, HostLimit perHost, DateTimeOffset? goodAt)
    {
        // Old documents on hosts that fell silent shall not hold every place: who asks for one has the last good one to fall back on.
        if ((goodAt is not null && places.CurrentCount <= KeptForNew) || !places.Wait(0))
            return OAuthError.TemporarilyUnavailable("too many documents are being fetched at once");
        try
        {
            return perHost.Take(call.Url, goodAt) is { } wait
                ? OAuthError.SlowDown($"more than {HostLimit.PerMinute} fetches a minute from {call.Url.IdnHost}", wait)
                : await ReachAsync(call, documents, CancellationToken.None);
        }
        finally
        {
            places.Release();
        }
    }

    /// <summary>
    /// Posts a form of one field to an address that its host named itself, under the same guards; http is for this computer only. The
    /// status, whatever it is, or why there is none. What else was answered is not read.
    /// </summary>
    public async Task<Result<int>> PostAsync(Uri url, string field, string value, CancellationToken cancel)
    {
        var call = new Call { Url = url, Form = [new(field, value)], MostBytes = 0, Deadline = Deadline };
        return (await ReachAsync(call, documents, cancel)).Refused(out var error, out var answer) ? error : answer.Status;
    }

    /// <summary>
    /// One request to a host that an operator named, or that such a host named itself: http is for this computer only, and only where
    /// the issuer is on it. The answer, whatever its status, or why there is none.
    /// </summary>
    public Task<Result<Answered>> CallAsync(Call call, CancellationToken cancel) => ReachAsync(call, providers, cancel);

    public void Dispose() => places.Dispose();

    internal static OAuthError Refuse(string rule, string reason, string expected, string got) =>
        OAuthError.InvalidRequest("A document could not be fetched", reason, rule, expected, got);

    // Within the deadline, at addresses that may be reached.
    private async Task<Result<Answered>> ReachAsync(Call call, GuardedNetwork guarded, CancellationToken cancel)
    {
        if (!guarded.Takes(call.Url)) return Refuse("RFC 9110 §4.2.2", "not https", "https", call.Url.Scheme);
        using var deadline = new CancellationTokenSource(call.Deadline, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancel);
        try
        {
            if ((await guarded.AddressesAsync(call.Url.IdnHost, either.Token)).Refused(out var error, out var addresses)) return error;
            using var http = new HttpMessageInvoker(guarded.Handler(call.Url.IdnHost, addresses));
            return await SendAsync(http, call, either.Token);
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested) { throw; }
        catch (OperationCanceledException) when (deadline.IsCancellationRequested)
        {
            return Refuse("CIMD §5", "no complete answer in time", $"{call.Deadline.TotalSeconds} s", "longer");
        }
        catch (Exception fault) when (fault is HttpRequestException or IOException or OperationCanceledException)
        {
            return Refuse("CIMD §5", "the connection failed", "an answer over verified TLS", (fault.InnerException ?? fault).Message);
        }
    }

    private async Task<Result<Answered>> SendAsync(HttpMessageInvoker http, Call call, CancellationToken cancel)
    {
        using var request = new HttpRequestMessage(call.Form is null ? HttpMethod.Get : HttpMethod.Post, call.Url)
        {
            Version = HttpVersion.Version11,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = call.Form is null ? null : new FormUrlEncodedContent(call.Form),
        };
        request.Headers.TryAddWithoutValidation("User-Agent", $"oauth-server (+{settings.Issuer})");
        request.Headers.ConnectionClose = true;
        request.Headers.Authorization = call.Authorization;
        if (call.MostBytes > 0) request.Headers.Accept.ParseAdd("application/json");
        using var response = await http.SendAsync(request, cancel);

        var content = response.Content.Headers;
        var answer = new Answered { Status = (int)response.StatusCode, Body = [], FreshFor = null, Type = content.ContentType?.MediaType };
        // What was not asked for is not read; of what is posted, an error has words of its own.
        if (call.MostBytes == 0 || (call.Form is null && answer is not { Status: 200, IsJson: true })) return answer;
        if (content.ContentEncoding.Count > 0)
            return Refuse("CIMD §5", "a content coding nobody asked for", "none", string.Join(' ', content.ContentEncoding));
        if (await ReadAsync(response.Content, call.MostBytes, cancel) is not { } body)
            return Refuse("CIMD §8.7", "the document is too long", $"at most {call.MostBytes} bytes", "more");
        return answer with { Body = body, FreshFor = FreshFor(response) };
    }

    private static Result<Fetched> Document(Answered answer) => answer switch
    {
        { Status: 404 or 410 } => new Fetched { IsGone = true, Body = [], FreshFor = null },
        { Status: not 200 } => Refuse("CIMD §5", "another status; redirects are not followed", "200", $"{answer.Status}"),
        { IsJson: false } => Refuse("CIMD §4", "another content type", "application/json or application/*+json", answer.Type ?? "none"),
        _ => new Fetched { IsGone = false, Body = answer.Body, FreshFor = answer.FreshFor },
    };

    // Null: longer than it may be. Reading stops right there.
    private static async Task<byte[]?> ReadAsync(HttpContent content, int most, CancellationToken cancel)
    {
        if (content.Headers.ContentLength > most) return null;
        await using var stream = await content.ReadAsStreamAsync(cancel);
        var buffer = new byte[most + 1];
        var length = await stream.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancel);
        return length > most ? null : buffer[..length];
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
}
