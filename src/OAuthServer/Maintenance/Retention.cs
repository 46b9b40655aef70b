using Npgsql;
using OAuthServer.Protocol;
using OAuthServer.Stores.Audit;
using OAuthServer.Stores.Clients;
using OAuthServer.Stores.Federation;
using OAuthServer.Stores.Grants;
using OAuthServer.Stores.Keys;
using OAuthServer.Stores.Mail;
using OAuthServer.Stores.UsedProofs;
using OAuthServer.Stores.Users;

namespace OAuthServer.Maintenance;

/// <summary>
/// Deletes expired rows in small batches that no request waits for and that skip what others hold: grants with their
/// codes and refresh tokens, requests, sessions, revoked tokens, the feed, registrations and documents of clients nobody uses,
/// invitations; the audit log by whole months, whose hours are added up for the dashboard.
/// </summary>
public sealed class Retention(
    GrantSweepStore grants, AuthorizationRequestStore requests, PushedRequestStore pushed, DeviceRequestStore devices,
    DeviceAttemptStore deviceAttempts, FederationRequestStore federations, KeySetStore keySets,
    SessionStore sessions, PendingSignInStore pendingSignIns, UsedProofStore proofs, LogoutDeliveryStore logouts, AccountLinkStore links,
    OutboxStore outbox,
    RevokedTokenStore revokedTokens, ImportedKeyStore importedKeys, RevocationFeedStore feed, RegistrationSweepStore registrations,
    InvitationStore invitations, ClientDocumentStore documents, DashboardStore dashboard, AuditPartitions audit,
    Settings settings, TimeProvider time, ILogger<Retention> log)
{
    private static readonly TimeSpan Pause = TimeSpan.FromMinutes(1);
    private const int MostBatches = 20;

    // How far back the dashboard looks.
    private static readonly TimeSpan AddedUp = TimeSpan.FromDays(31);

    // The last ones that were looked at; the next round goes on there.
    private string lastRegistration = "";
    private string lastDocument = "";

    /// <summary>Sweeps once a minute until <paramref name="cancel"/>.</summary>
    public async Task RunAsync(CancellationToken cancel)
    {
        // At once: a month that begins in the default partition stays there, and the dashboard waits for hours that nobody added up.
        try
        {
            await KeepAuditAsync(cancel);
            for (var hours = 0; hours < AddedUp.TotalHours; hours += MostBatches * DashboardStore.HoursAtOnce) await AddUpAsync(cancel);
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested) { return; }

        while (!cancel.IsCancellationRequested)
        {
            try { await Task.Delay(Pause, cancel); }
            catch (OperationCanceledException) { return; }

            try { await OnceAsync(cancel); }
            catch (OperationCanceledException) when (cancel.IsCancellationRequested) { return; }
        }
    }

    /// <summary>One round over all tables; what the database refuses is left for the next one.</summary>
    public async Task OnceAsync(CancellationToken cancel)
    {
        var now = time.GetUtcNow();
        await EmptyAsync(() => requests.SweepAsync(now, cancel));
        await EmptyAsync(() => pushed.SweepAsync(now, cancel));
        await EmptyAsync(() => devices.SweepAsync(now, cancel));
        await EmptyAsync(() => deviceAttempts.SweepAsync(now, cancel));
        await EmptyAsync(() => federations.SweepAsync(now, cancel));
        await EmptyAsync(() => keySets.SweepAsync(now, cancel));
        await EmptyAsync(() => sessions.SweepAsync(now, now.AddSeconds(-settings.SessionIdleSeconds), cancel));
        await EmptyAsync(() => pendingSignIns.SweepAsync(now, cancel));
        await EmptyAsync(() => pendingSignIns.SweepAttemptsAsync(now, cancel));
        await EmptyAsync(() => proofs.SweepAsync(now, cancel));
        await EmptyAsync(() => logouts.SweepAsync(now, cancel));
        await EmptyAsync(() => links.SweepAsync(now, cancel));
        await EmptyAsync(() => outbox.SweepAsync(now, cancel));
        await EmptyAsync(() => grants.ExpiredAsync(now, cancel));
        await EmptyAsync(() => grants.EndedAsync(now, cancel));
        await EmptyAsync(() => grants.NeverRedeemedAsync(now, cancel));
        await EmptyAsync(() => grants.OldTokensAsync(now, cancel));
        await EmptyAsync(() => grants.DelegationsAsync(now, cancel));
        await EmptyAsync(() => revokedTokens.SweepAsync(now, cancel));
        await EmptyAsync(() => importedKeys.SweepAsync(now, cancel));
        var (unused, idle) = (now.AddHours(-settings.RegistrationUnusedHours), now.AddDays(-settings.RegistrationIdleDays));
        await EmptyAsync(async () => (lastRegistration =
            await registrations.SweepAsync(lastRegistration, unused, idle, now, cancel) ?? "").Length);
        await EmptyAsync(() => invitations.SweepAsync(now, cancel));
        await EmptyAsync(() => feed.SweepAsync(now, cancel));
        await EmptyAsync(async () => (lastDocument = await documents.SweepAsync(lastDocument, now, cancel) ?? "").Length);
        await AddUpAsync(cancel);
        await KeepAuditAsync(cancel);
    }

    private Task AddUpAsync(CancellationToken cancel) => EmptyAsync(() =>
    {
        var (now, since) = (time.GetUtcNow(), time.GetUtcNow() - AddedUp);
        return dashboard.CloseHoursAsync(since.AddTicks(-(since.Ticks % TimeSpan.TicksPerHour)), now, cancel);
    });

    private Task KeepAuditAsync(CancellationToken cancel) => EmptyAsync(async () =>
    {
        await audit.MaintainAsync(cancel);
        return 0;
    });

    // Each table by itself: a row that will not go keeps nothing else from going.
    private async Task EmptyAsync(Func<Task<int>> batch)
    {
        try
        {
            for (var i = 0; i < MostBatches && await batch() > 0; i++) { }
        }
        catch (PostgresException fault)
            when (fault.SqlState is not (PostgresErrorCodes.UndefinedTable or PostgresErrorCodes.UndefinedFunction))
        {
            log.LogWarning("Some rows could not be swept: {Reason}", fault.MessageText);
        }
        catch (NpgsqlException fault) when (fault.InnerException is TimeoutException)
        {
            log.LogWarning("A sweep was called off because it took too long; it is tried again in a minute");
        }
        catch (Exception fault) when (fault is NpgsqlException or TimeoutException)
        {
            log.LogDebug("Sweeping waits for the database: {Reason}", fault.Message);
        }
    }
}
