using OAuthServer.Grants;
using OAuthServer.Protocol;
using OAuthServer.Stores.Users;

namespace OAuthServer.Users;

/// <summary>A session that has begun.</summary>
/// <param name="Id">Its secret, for the cookie only.</param>
/// <param name="RememberedUntil">How long the browser keeps the cookie; null: until it closes.</param>
public sealed record StartedSession(string Id, DateTimeOffset? RememberedUntil);

/// <summary>
/// Browser sessions: 256 random bits in a cookie, their SHA-256 in the database. A sign-in always gets a new id (CWE-384); a
/// session ends by itself when idle or old, and at once when its person is disabled or gets a new password.
/// </summary>
public sealed class Sessions(SessionStore store, Settings settings, TimeProvider time)
{
    private const int LongestAgent = 200;
    private static readonly TimeSpan SeenEvery = TimeSpan.FromMinutes(1);

    /// <summary>The live session behind a cookie, or null.</summary>
    public async Task<SessionRow?> FindAsync(string? id, CancellationToken cancel)
    {
        if (id is null) return null;
        var now = time.GetUtcNow();
        if (await store.FindAsync(OpaqueToken.Hash(id), now.AddSeconds(-settings.SessionIdleSeconds), now) is not { } session)
            return null;
        if (now - session.LastSeenAt >= SeenEvery) await store.SeenAsync(session.IdHash, now, cancel);
        return session;
    }

    /// <summary>A new session under a new id for a person who has just authenticated; null when disabled meanwhile.</summary>
    /// <param name="previous">The browser's session until now, which ends.</param>
    /// <param name="agent">As the browser names itself.</param>
    public async Task<StartedSession?> StartAsync(Authenticated person, string? previous, string agent, RequestContext request)
    {
        var id = OpaqueToken.Mint();
        DateTimeOffset? rememberedUntil = person.Remember && settings.RememberDays > 0 ? request.At.AddDays(settings.RememberDays) : null;
        var remembered = await store.StartAsync(new NewSession
        {
            Id = OpaqueToken.Hash(id),
            Previous = previous is null ? null : OpaqueToken.Hash(previous),
            Subject = person.Subject,
            PasswordHash = person.PasswordHash,
            Acr = person.Acr,
            Amr = person.Amr,
            Idp = person.Idp,
            AuthenticatedAt = person.AuthenticatedAt,
            Continues = person.Continues,
            ConfirmedAt = person.Confirms ? request.At : null,
            ExpiresAt = request.At.AddSeconds(settings.SessionSeconds),
            RememberedUntil = rememberedUntil,
            Agent = Printable(agent),
            How = person.How,
        }, request.Address, request.RequestId, request.At);
        return remembered is null ? null : new StartedSession(id, remembered.Value ? rememberedUntil : null);
    }

    /// <summary>
    /// A new id for a session that was imported from another server, whose cookie the browser still sends; null when there is none any
    /// more.
    /// </summary>
    /// <param name="agent">As the browser names itself.</param>
    public async Task<string?> ExchangeAsync(string earlier, string agent, RequestContext request)
    {
        var id = OpaqueToken.Mint();
        var exchanged = await store.ExchangeAsync(OpaqueToken.Hash(id), OpaqueToken.Hash(earlier),
            request.At.AddSeconds(settings.SessionSeconds), request.Address, Printable(agent), request.RequestId, request.At);
        return exchanged ? id : null;
    }

    /// <summary>Ends this session, on the server.</summary>
    /// <param name="client">The app that requested it; null: the person.</param>
    public Task EndAsync(SessionRow session, string? client, RequestContext request) => store.EndAsync(
        session.IdHash, client, request.RequestId, request.Address, request.At);

    private static string Printable(string agent) =>
        string.Concat(agent.Take(LongestAgent).Select(character => character is >= ' ' and <= '~' ? character : '?'));
}
