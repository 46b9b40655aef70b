using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using OAuthServer.Audit;
using OAuthServer.Keys;
using OAuthServer.Protocol;
using OAuthServer.Stores;

namespace OAuthServer.Authorize;

/// <summary>What a person answers: Allow makes a grant and its code, once; Deny makes nothing.</summary>
public sealed class Consents(GrantStore grants, AuthorizationRequestStore requests, AuditLog audit, Settings settings, TimeProvider time) : IDisposable
{
    private readonly FailureLimit prompts = new(settings.ConsentsPerMinute, TimeSpan.FromMinutes(1));

    /// <summary>Counts one consent page for this person and client; the refusal when there were too many.</summary>
    public OAuthError? Prompted(AuthorizationRequest request, SessionRow session)
    {
        var key = $"{session.Subject} {request.Client.Id}";
        if (prompts.Exhausted(key)) return OAuthError.SlowDown($"client {request.Client.Id} has asked this person too often", prompts.RetryAfter);
        prompts.Count(key);
        return null;
    }

    /// <summary>
    /// The code, or null when the ticket was spent meanwhile or the person disabled. The same request allowed twice is one grant.
    /// </summary>
    /// <param name="scope">What the person left ticked: a part of the request's scope.</param>
    /// <param name="lasting">For how long.</param>
    /// <param name="remembered">What was allowed last time, and is now asked about again; null: never asked before.</param>
    public Task<string?> AllowAsync(
        AuthorizationRequest request, SessionRow session, IReadOnlyCollection<string> scope, Lasting lasting, RememberedConsent? remembered, RequestContext context)
    {
        var ends = time.GetUtcNow() + lasting.Length;
        return GrantAsync(request, session, scope, ends, context, new RememberedConsent
        {
            // What was allowed before without an end and not asked about now still holds; what was unticked now does not.
            Scope = [.. request.Scope.Where(scope.Contains).Union(remembered is { ExpiresAt: null } ? remembered.Scope.Except(request.Scope) : [])],
            ExpiresAt = lasting.Key == Lasting.Longest ? null : ends,
        });
    }

    /// <summary>The same, without asking: what is remembered covers it, and bounds how long it lasts.</summary>
    public Task<string?> AllowAgainAsync(AuthorizationRequest request, SessionRow session, RememberedConsent remembered, RequestContext context)
    {
        var most = time.GetUtcNow().AddSeconds(request.Client.Row.RefreshTokenSeconds);
        return GrantAsync(request, session, request.Scope, remembered.ExpiresAt < most ? remembered.ExpiresAt.Value : most, context, null);
    }

    private async Task<string?> GrantAsync(
        AuthorizationRequest request, SessionRow session, IReadOnlyCollection<string> scope, DateTimeOffset ends, RequestContext context, RememberedConsent? remember)
    {
        var now = time.GetUtcNow();
        var code = OpaqueToken.Mint();
        string[] granted = [.. request.Scope.Where(scope.Contains)];
        string[] withoutOffline = [.. granted.Where(one => one != Scope.OfflineAccess)];
        var offline = granted.Length > withoutOffline.Length;
        var made = await grants.AllowAsync(new NewGrant
        {
            Id = Guid.CreateVersion7(now),
            ClientId = request.Client.Id,
            Subject = session.Subject,
            Fingerprint = Digest([request.Client.Id, session.Subject.ToString(), request.RedirectUri, request.CodeChallenge, Scope.Join(withoutOffline), .. request.Resources, offline ? "offline" : ""]),
            RedirectUri = request.RedirectUri,
            CodeChallenge = request.CodeChallenge,
            Scope = withoutOffline,
            Resources = request.Resources,
            Offline = offline,
            ExpiresAt = ends,
            CodeHash = OpaqueToken.Hash(code),
            CodeExpiresAt = now.AddSeconds(settings.CodeSeconds),
            SessionHash = session.IdHash,
            TicketHash = request.Ticket is { } ticket ? OpaqueToken.Hash(ticket.Id) : null,
            BrowserHash = request.Ticket?.Browser,
            RememberedKey = remember is null ? Key(request) : null,
            ConsentKey = remember is null ? null : Key(request),
            ConsentScope = remember?.Scope ?? [],
            ConsentExpiresAt = remember?.ExpiresAt,
            RequestId = context.RequestId,
            Address = context.Address,
        }, now);
        return made is null ? null : code;
    }

    /// <summary>Answers with access_denied, once; null when the ticket was spent meanwhile. Nothing is remembered.</summary>
    public async Task<OAuthError?> DenyAsync(AuthorizationRequest request, SessionRow session, RequestContext context)
    {
        if (request.Ticket is not { } ticket || !await requests.ConsumeAsync(OpaqueToken.Hash(ticket.Id), ticket.Browser, time.GetUtcNow())) return null;
        var denied = OAuthError.AccessDenied("the person pressed Deny");
        await audit.RefusedAsync(Decisions.Consent, denied, context, request.Client.Id, session.Subject.ToString());
        return denied;
    }

    /// <summary>Under what a consent is remembered: client, redirect URI as registered, resources.</summary>
    public static byte[] Key(AuthorizationRequest request) => Digest([request.Client.Id, request.RegisteredUri, .. request.Resources.Order(StringComparer.Ordinal)]);

    public void Dispose() => prompts.Dispose();

    // Each part behind its length, so that no two lists of parts make the same octets.
    private static byte[] Digest(IEnumerable<string> parts)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> length = stackalloc byte[4];
        foreach (var part in parts)
        {
            var octets = Encoding.UTF8.GetBytes(part);
            BinaryPrimitives.WriteInt32BigEndian(length, octets.Length);
            hash.AppendData(length);
            hash.AppendData(octets);
        }

        return hash.GetHashAndReset();
    }
}
