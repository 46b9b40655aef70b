using System.Diagnostics.Metrics;
using Npgsql;
using OAuthServer.Fetch;
using OAuthServer.Protocol;
using OAuthServer.Stores.Users;

namespace OAuthServer.Logout;

/// <summary>
/// Tells apps that a sign-in has ended (OpenID Connect Back-Channel Logout 1.0 §2.5), after the fact: whoever signs out waits for
/// nothing. 200 or 204 is done, 400 is the app's last word, all else is tried three times more; then it is given up.
/// </summary>
public sealed class LogoutDeliveries : IDisposable
{
    private const int MostAtOnce = 8;
    private const int LongestAnswer = 200;

    // Well past the deadline of a fetch: a delivery still unfinished then belongs to a server that is gone.
    private static readonly TimeSpan Lease = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(5), Shortest = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan[] Again = [TimeSpan.FromSeconds(10), TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(10)];

    private readonly Meter meter = Telemetry.NewMeter();
    private readonly Counter<long> attempts;
    private readonly LoopPause pause = new();
    private readonly LogoutDeliveryStore store;
    private readonly LogoutTokens tokens;
    private readonly Fetcher fetcher;
    private readonly TimeProvider time;
    private readonly ILogger<LogoutDeliveries> log;

    public LogoutDeliveries(
        LogoutDeliveryStore store, LogoutTokens tokens, Fetcher fetcher, TimeProvider time, ILogger<LogoutDeliveries> log)
    {
        (this.store, this.tokens, this.fetcher, this.time, this.log) = (store, tokens, fetcher, time, log);
        attempts = meter.CreateCounter<long>("oauth.logout_deliveries",
            description: "Attempts to tell an app that a sign-in has ended: delivered, refused, given_up, or to be tried again.");
    }

    /// <summary>Looks again soon: something was queued.</summary>
    public void Wake() => pause.End();

    /// <summary>Delivers until <paramref name="cancel"/>; what is under way then is taken up by another server, or by the next.</summary>
    public async Task RunAsync(CancellationToken cancel)
    {
        var running = new HashSet<Task>();
        while (!cancel.IsCancellationRequested)
        {
            // A fault nobody foresaw ends the loop, and with it the server.
            foreach (var task in running.Where(task => task.IsFaulted)) await task;
            running.RemoveWhere(task => task.IsCompleted);
            var wait = Longest;
            try
            {
                var next = await store.NextAsync(time.GetUtcNow(), cancel);
                if (next > TimeSpan.Zero && next < Longest) wait = next.Value;
                if (next <= TimeSpan.Zero)
                    foreach (var attempt in await store.ClaimAsync(MostAtOnce, Lease, time))
                        running.Add(DeliverAsync(attempt, cancel));
            }
            catch (OperationCanceledException) when (cancel.IsCancellationRequested) { break; }
            catch (PostgresException fault) when (fault.SqlState != PostgresErrorCodes.UndefinedTable)
            {
                log.LogWarning("Apps are not told that people have signed out: {Reason}", fault.MessageText);
            }
            catch (Exception fault) when (fault is NpgsqlException or TimeoutException)
            {
                log.LogDebug("Apps are told of nothing while the database is away: {Reason}", fault.Message);
            }

            try { await pause.WaitAsync(wait < Shortest ? Shortest : wait, cancel); }
            catch (OperationCanceledException) { break; }
        }

        await Task.WhenAll(running);
    }

    public void Dispose() => meter.Dispose();

    private async Task DeliverAsync(LogoutAttempt attempt, CancellationToken cancel)
    {
        try
        {
            var outcome = await AttemptAsync(attempt, cancel);
            var request = TimedId.NewRequestId(time.GetUtcNow());
            if (!await store.FinishAsync(attempt, outcome, request, TimedId.TimeOf(request)!.Value)) return;
            attempts.Add(1, new KeyValuePair<string, object?>("outcome", outcome.Outcome ?? "again"));
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
        }
        catch (Exception fault) when (fault is NpgsqlException or TimeoutException)
        {
            log.LogDebug("What an app answered to a logout token could not be kept: {Reason}", fault.Message);
        }
        finally
        {
            pause.End();
        }
    }

    private async Task<LogoutOutcome> AttemptAsync(LogoutAttempt attempt, CancellationToken cancel)
    {
        if (!Uri.TryCreate(attempt.BackchannelLogoutUri, UriKind.Absolute, out var uri))
            return new LogoutOutcome { Outcome = "given_up", Answer = "the app is disabled, or has no backchannel_logout_uri any more" };
        var now = time.GetUtcNow();
        var claims = new LogoutClaims { Subject = attempt.Subject, ClientId = attempt.ClientId, Sid = attempt.Sid, IssuedAt = now };
        if (tokens.Issue(attempt.IdTokenAlg, claims) is not { } token) return Failed(attempt, $"no {attempt.IdTokenAlg} key signs");
        if ((await fetcher.PostAsync(uri, "logout_token", token, cancel)).Refused(out var error, out var status))
            return Failed(attempt, Visible($"{error.Reason}: {error.Got}"));
        return status switch
        {
            200 or 204 => new LogoutOutcome { Outcome = "delivered", Answer = $"{status}" },
            400 => new LogoutOutcome { Outcome = "refused", Answer = "400" },
            _ => Failed(attempt, $"{status}"),
        };
    }

    // A receiver chooses some of it: its status line, say.
    private static string Visible(string answer) =>
        string.Concat(Presented.Redact(answer).Take(LongestAnswer).Select(character => character is >= ' ' and <= '~' ? character : '?'));

    private LogoutOutcome Failed(LogoutAttempt attempt, string answer) => attempt.Attempts > Again.Length
        ? new LogoutOutcome { Outcome = "given_up", Answer = answer }
        : new LogoutOutcome { Outcome = null, Answer = answer, DueAt = time.GetUtcNow() + Again[attempt.Attempts - 1] };
}
