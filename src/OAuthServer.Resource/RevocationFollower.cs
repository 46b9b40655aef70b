using System.Net;
using System.Text.Json;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace OAuthServer.ResourceServer;

/// <summary>
/// Follows the server's revocation feed: one question is always under way, answered as soon as there is news or after 25 seconds.
/// What cannot be reached, or answers what cannot be read, is asked again, at first at once and then every few seconds.
/// </summary>
internal sealed class RevocationFollower(
    ServerConnection server, RevocationList list, VerificationKeys keys, OAuthResourceOptions options, ILogger log) : BackgroundService
{
    /// <summary>How long one question waits for news.</summary>
    public static readonly TimeSpan Wait = TimeSpan.FromSeconds(25);

    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(5);

    private string? cursor;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var pause = TimeSpan.Zero;
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await AskAsync(stoppingToken);
                if (pause > TimeSpan.Zero) log.LogInformation("The revocation feed of {Issuer} is back", options.Issuer);
                pause = TimeSpan.Zero;
                list.Prune();
                continue;
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested) { return; }
            catch (Exception fault)
            {
                // Whatever it was, an odd answer too: a loop that ended would take the application with it.
                if (pause == TimeSpan.Zero)
                    log.LogWarning("The revocation feed of {Issuer} cannot be followed ({Reason}); tokens are {Then} after {Stale:0} s",
                        options.Issuer, fault.Message, options.FailOpen ? "taken by their signature" : "refused with 503",
                        options.StaleAfter.TotalSeconds);
                pause = pause == TimeSpan.Zero ? TimeSpan.FromMilliseconds(100) : pause * 2 < LongestPause ? pause * 2 : LongestPause;
            }

            try { await Task.Delay(pause, stoppingToken); }
            catch (OperationCanceledException) { return; }
        }
    }

    // We are not current until we know all that may still matter, which may take several pages: until then no question waits.
    private async Task AskAsync(CancellationToken cancel)
    {
        var feed = await server.EndpointAsync("revocation_feed_endpoint", cancel)
            ?? throw new HttpRequestException("the metadata has no revocation_feed_endpoint");
        using var message = server.HasKey ? server.Post(feed, Wishes()) : Get(feed);
        using var reply = await server.SendAsync(message, Wait + TimeSpan.FromSeconds(10), cancel);
        if (reply.StatusCode == HttpStatusCode.BadRequest && cursor is not null)
        {
            cursor = null;
            throw new HttpRequestException("another database has taken over: from the beginning");
        }

        var answer = await ServerConnection.JsonAsync(reply.EnsureSuccessStatusCode(), cancel);
        var next = answer.GetProperty("cursor").GetString() ?? throw new HttpRequestException("the answer has no cursor");
        var entries = answer.GetProperty("entries");
        foreach (var entry in entries.EnumerateArray()) Take(entry);
        if (entries.GetArrayLength() == 0 || list.Age is not null) list.Heard();
        cursor = next;
    }

    private HttpRequestMessage Get(string feed)
    {
        var query = string.Join('&', Wishes().Select(wish => $"{wish.Key}={Uri.EscapeDataString(wish.Value)}"));
        var message = new HttpRequestMessage(HttpMethod.Get, query.Length == 0 ? feed : $"{feed}?{query}");
        message.Headers.Authorization = server.Basic();
        return message;
    }

    private IEnumerable<KeyValuePair<string, string>> Wishes()
    {
        if (cursor is null) yield break;
        yield return KeyValuePair.Create("after", cursor);
        if (list.Age is not null) yield return KeyValuePair.Create("wait", $"{Wait.TotalSeconds:0}");
    }

    private void Take(JsonElement entry)
    {
        var expires = DateTimeOffset.FromUnixTimeSeconds(entry.GetProperty("exp").GetInt64());
        foreach (var member in entry.EnumerateObject())
        {
            if (member.Value.ValueKind != JsonValueKind.String) continue;
            list.Add(member.Name, member.Value.GetString()!, expires);
            if (member.Name == "kid") keys.Withdraw(member.Value.GetString()!);
        }
    }
}
