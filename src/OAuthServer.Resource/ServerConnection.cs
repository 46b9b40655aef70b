using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;

namespace OAuthServer.ResourceServer;

/// <summary>The authorization server as this API sees it: its metadata (RFC 8414), found once an hour, and requests to it.</summary>
internal sealed class ServerConnection : IDisposable
{
    private const int LargestAnswer = 1024 * 1024;

    private readonly OAuthResourceOptions options;
    private readonly TimeProvider time;
    private readonly HttpClient http;
    private readonly ClientAssertion? assertion;
    private Found? found;

    public ServerConnection(OAuthResourceOptions options, TimeProvider time)
    {
        (this.options, this.time) = (options, time);
        assertion = string.IsNullOrEmpty(options.ClientKey) ? null : new ClientAssertion(options, time);
        http = new HttpClient(options.Backchannel
            ?? new SocketsHttpHandler
            {
                AllowAutoRedirect = false,
                PooledConnectionLifetime = TimeSpan.FromMinutes(5),
                ConnectTimeout = TimeSpan.FromSeconds(5)
            }, options.Backchannel is null)
        {
            Timeout = Timeout.InfiniteTimeSpan,
            MaxResponseContentBufferSize = LargestAnswer,
        };
    }

    /// <summary>A URL of the metadata document; null when it lists none. Throws when the document is not this issuer's.</summary>
    public async Task<string?> EndpointAsync(string member, CancellationToken cancel)
    {
        if (found is not { } known || time.GetElapsedTime(known.At) > options.KeysLiveFor)
            found = known = new Found(await DiscoverAsync(cancel), time.GetTimestamp());
        if (!known.Metadata.TryGetProperty(member, out var url) || url.GetString() is not { } text) return null;
        return OAuthResourceOptions.IsSafe(text) ? text : throw new HttpRequestException($"{member} of {options.Issuer} is not https");
    }

    /// <summary>Sends within <paramref name="patience"/>; the answer may be any status.</summary>
    public async Task<HttpResponseMessage> SendAsync(HttpRequestMessage message, TimeSpan patience, CancellationToken cancel)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(patience);
        try { return await http.SendAsync(message, HttpCompletionOption.ResponseContentRead, limit.Token); }
        catch (OperationCanceledException fault) when (!cancel.IsCancellationRequested)
        {
            throw new HttpRequestException(
                $"{message.RequestUri!.GetLeftPart(UriPartial.Path)} did not answer within {patience.TotalSeconds:0} s", fault);
        }
    }

    /// <summary>Whether this API's client proves itself by key: then what it asks is a form.</summary>
    public bool HasKey => assertion is not null;

    /// <summary>A form as this API's client posts it: with HTTP Basic, or with an assertion in it.</summary>
    public HttpRequestMessage Post(string url, IEnumerable<KeyValuePair<string, string>> form)
    {
        var message = new HttpRequestMessage(HttpMethod.Post, url)
        {
            Content = new FormUrlEncodedContent(assertion is null ? form : form.Concat(assertion.Fields())),
        };
        if (assertion is null) message.Headers.Authorization = Basic();
        return message;
    }

    /// <summary>This API's client, form-urlencoded into HTTP Basic (RFC 6749 §2.3.1).</summary>
    public AuthenticationHeaderValue Basic() =>
        new("Basic",
            Convert.ToBase64String(Encoding.ASCII
            .GetBytes($"{Uri.EscapeDataString(options.ClientId!)}:{Uri.EscapeDataString(options.ClientSecret!)}")));

    /// <summary>A JSON document that must be there; repeated members are refused.</summary>
    public async Task<JsonElement> JsonAsync(string url, CancellationToken cancel)
    {
        using var message = new HttpRequestMessage(HttpMethod.Get, url);
        using var reply = await SendAsync(message, TimeSpan.FromSeconds(5), cancel);
        return await JsonAsync(reply.EnsureSuccessStatusCode(), cancel);
    }

    /// <summary>The JSON object of an answer.</summary>
    public static async Task<JsonElement> JsonAsync(HttpResponseMessage reply, CancellationToken cancel)
    {
        try
        {
            using var document =
                JsonDocument.Parse(await reply.Content.ReadAsByteArrayAsync(cancel),
                    new JsonDocumentOptions { AllowDuplicateProperties = false });
            return document.RootElement.ValueKind == JsonValueKind.Object ? document.RootElement.Clone()
                : throw new HttpRequestException("the answer is no JSON object");
        }
        catch (JsonException fault)
        {
            throw new HttpRequestException("the answer is no JSON", fault);
        }
    }

    public void Dispose()
    {
        http.Dispose();
        assertion?.Dispose();
    }

    // RFC 8414 §3.1: between host and path; §3.3: issuer must be the very string.
    private async Task<JsonElement> DiscoverAsync(CancellationToken cancel)
    {
        var issuer = new Uri(options.Issuer);
        var metadata =
            await JsonAsync(
                $"{issuer.GetLeftPart(UriPartial.Authority)}/.well-known/oauth-authorization-server{issuer.AbsolutePath.TrimEnd('/')}",
                cancel);
        return metadata.TryGetProperty("issuer", out var named) && named.ValueEquals(options.Issuer) ? metadata
            : throw new HttpRequestException($"the metadata found for {options.Issuer} names another issuer");
    }

    private sealed record Found(JsonElement Metadata, long At);
}
