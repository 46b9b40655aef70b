using System.Buffers.Text;
using System.Diagnostics.Metrics;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using OAuthServer.Protocol;
using OAuthServer.Stores.Grants;
using OAuthServer.Stores.Postgres;

namespace OAuthServer.Revocation;

/// <summary>
/// What a resource server is told: entries, the cursor to go on from, and the tag of these entries (RFC 9110 §8.8.1, weak).
/// </summary>
public sealed record FeedAnswer(IReadOnlyList<RevocationRow> Entries, string Cursor, string ETag);

/// <summary>
/// Everything that died before it expired, for the resource servers it concerns. One LISTEN connection wakes all who wait; one
/// that is away costs a look every second.
/// </summary>
public sealed class RevocationFeed : IDisposable
{
    /// <summary>Seconds a reader may wait: proxies cut a silent connection after a minute.</summary>
    public const int LongestWait = 55;

    private static readonly TimeSpan Glance = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan GlanceWhileDeaf = TimeSpan.FromSeconds(1);

    private readonly Meter meter = Telemetry.NewMeter();
    private readonly Histogram<double> lag;
    private readonly RevocationFeedStore store;
    private readonly Notifications notifications;
    private readonly TimeProvider time;
    private TaskCompletionSource<long> news = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public RevocationFeed(RevocationFeedStore store, Notifications notifications, TimeProvider time)
    {
        (this.store, this.notifications, this.time) = (store, notifications, time);
        lag = meter.CreateHistogram("oauth.revocation.lag", "s",
            "From PostgreSQL's word that something was revoked to the answer a resource server waited for.", advice: Telemetry.Seconds);
        notifications.Changed += what =>
        {
            if (what is null or "revocations")
                Interlocked.Exchange(ref news, new(TaskCreationOptions.RunContinuationsAsynchronously)).SetResult(time.GetTimestamp());
        };
    }

    /// <summary>
    /// What concerns these resources and was not heard since <paramref name="cursor"/> (null: all that may still matter). Waits while
    /// there is nothing, or only what it has by a tag that is <paramref name="known"/> (null: it named none). Null: not a cursor of ours.
    /// </summary>
    /// <param name="stop">Ends the wait with what there is.</param>
    public async Task<FeedAnswer?> ReadAsync(
        string[] audiences, string? cursor, TimeSpan wait, Func<string, bool>? known, CancellationToken stop, CancellationToken cancel)
    {
        if (Position(cursor) is not { } position) return null;
        var began = time.GetTimestamp();
        Task<long>? woken = null;
        while (true)
        {
            // Before reading: what commits while we read is news for the next round.
            var heard = Volatile.Read(ref news).Task;
            if (await store.ReadAsync(position, audiences, time.GetUtcNow(), cancel) is not { } page) return null;
            var answer = new FeedAnswer(page.Rows, Text(page.Next), Tag(page.Rows));
            if (woken is { IsCompletedSuccessfully: true } && page.Rows.Count > 0)
                lag.Record(time.GetElapsedTime(await woken).TotalSeconds);
            var left = wait - time.GetElapsedTime(began);
            if (left <= TimeSpan.Zero || stop.IsCancellationRequested) return answer;
            if (known is null ? page.Rows.Count > 0 : !known(answer.ETag)) return answer;

            using var waiting = CancellationTokenSource.CreateLinkedTokenSource(stop, cancel);
            var glance = notifications.Listening ? Glance : GlanceWhileDeaf;
            await Task.WhenAny(heard, Task.Delay(left < glance ? left : glance, waiting.Token));
            woken = heard;
            await waiting.CancelAsync();
            cancel.ThrowIfCancellationRequested();
        }
    }

    public void Dispose() => meter.Dispose();

    private static string Tag(IReadOnlyList<RevocationRow> rows) =>
        $"W/\"{Convert.ToHexStringLower(SHA256.HashData(
            Encoding.UTF8.GetBytes(string.Join(' ', rows.Select(row => row.Id)))).AsSpan(0, 8))}\"";

    private static string Text(FeedPosition position) => Base64Url.EncodeToString(JsonSerializer.SerializeToUtf8Bytes(position));

    private static FeedPosition? Position(string? cursor)
    {
        if (cursor is null) return new FeedPosition();
        try { return JsonSerializer.Deserialize<FeedPosition>(Base64Url.DecodeFromChars(cursor)); }
        catch (Exception fault) when (fault is FormatException or JsonException) { return null; }
    }
}
