using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using OAuthServer.Audit;
using OAuthServer.Authorization.Device;
using OAuthServer.Grants;
using OAuthServer.Limits;
using OAuthServer.Protocol;
using OAuthServer.Stores.Audit;
using OAuthServer.Stores.Grants;
using OAuthServer.Stores.Users;

namespace OAuthServer.Authorization;

/// <summary>What a person answers: Allow makes a grant and its code, once; Deny makes nothing.</summary>
public sealed class Consents(
    GrantStore grants, AuthorizationRequestStore requests, DeviceConsents devices, AuditLog audit, Settings settings) : IDisposable
{
    /// <summary>So long the same decision, posted again, gets its answer again.</summary>
    public static readonly TimeSpan AnsweredAgain = TimeSpan.FromSeconds(30);

    // grants.onward of who passes nothing on.
    private const string Nothing = "[]";

    private readonly FailureLimit prompts = new(settings.ConsentsPerMinute, TimeSpan.FromMinutes(1));

    /// <summary>Counts one consent page for this person and client; the refusal when there were too many.</summary>
    public OAuthError? Prompted(AuthorizationRequest request, SessionRow session)
    {
        var key = $"{session.Subject} {request.Client.Id}";
        if (prompts.Exhausted(key))
            return OAuthError.SlowDown($"client {request.Client.Id} has asked this person too often", prompts.RetryAfter);
        prompts.Count(key);
        return null;
    }

    /// <summary>
    /// The code, or null when the pending request was spent meanwhile or the person disabled. The same request
    /// allowed twice is one grant.
    /// </summary>
    public Task<ClientAnswer?> AllowAsync(AuthorizationRequest request, Allowance allowed, RequestContext context)
    {
        if (request.Delivery is Delivery.Device device) return devices.AllowAsync(request, device, allowed, context);
        var ends = context.At + allowed.GrantDuration.Length;
        var before = allowed.Remembered;
        return GrantAsync(request, context, new Granted
        {
            Session = allowed.Decision.Session,
            Scope = allowed.Scope,
            Onward = OnwardRule.Write(allowed.Onward),
            Ends = ends,
            Decision = allowed.Decision,
            Remember = new RememberedConsent
            {
                // What was allowed before without an end and not asked about now still holds; what was unticked now does not.
                Scope =
                [
                    .. request.Scope.Where(allowed.Scope.Contains),
                    .. before is { ExpiresAt: null } ? before.Scope.Except(request.Scope) : [],
                ],
                ExpiresAt = allowed.GrantDuration.Key == GrantDuration.Longest ? null : ends,
                Onward = OnwardRule.Write(allowed.Onward),
            },
        });
    }

    /// <summary>The same, without asking: what is remembered covers it, and bounds how long it lasts.</summary>
    public Task<ClientAnswer?> AllowAgainAsync(
        AuthorizationRequest request, SessionRow session, RememberedConsent remembered, RequestContext context)
    {
        var most = context.At.AddSeconds(request.Client.Row.RefreshTokenSeconds);
        var ends = remembered.ExpiresAt < most ? remembered.ExpiresAt.Value : most;
        return GrantAsync(request, context, new Granted
        {
            Session = session,
            Scope = request.Scope,
            Onward = remembered.Onward,
            Ends = ends,
        });
    }

    /// <summary>The same for an app of the operator's own: nobody is asked. Null when it is none any more.</summary>
    public Task<ClientAnswer?> TrustAsync(AuthorizationRequest request, SessionRow session, RequestContext context)
    {
        var ends = context.At.AddSeconds(request.Client.Row.RefreshTokenSeconds);
        // Nobody is there to say no: an app that only signs people in stays connected when it asks for that, and no longer than they do.
        string[] scope = request.HasOpenId && !request.OfflineRequested
            ? [.. request.Scope.Where(one => one != Scope.OfflineAccess)] : request.Scope;
        return GrantAsync(request, context, new Granted { Session = session, Scope = scope, Ends = ends, IsTrusted = true });
    }

    private async Task<ClientAnswer?> GrantAsync(AuthorizationRequest request, RequestContext context, Granted allowed)
    {
        var (now, session, decision, remember) = (context.At, allowed.Session, allowed.Decision, allowed.Remember);
        var delivery = (Delivery.Redirect)request.Delivery;
        var code = AuthorizationCode.Mint(Guid.CreateVersion7(now));
        string[] granted = [.. request.Scope.Where(allowed.Scope.Contains)];
        string[] withoutOffline = [.. granted.Where(one => one != Scope.OfflineAccess)];
        var offline = granted.Length > withoutOffline.Length;
        var hasIdTokens = withoutOffline.Contains(Scope.OpenId);
        var made = await grants.AllowAsync(new NewGrant
        {
            Id = code.GrantId,
            ClientId = request.Client.Id,
            Subject = session.Subject,
            Fingerprint = Digest(
            [
                request.Client.Id, session.Subject.ToString(), delivery.Uri, delivery.CodeChallenge, Scope.Join(withoutOffline),
                .. request.Resources,
                !offline ? "" : request.OfflineRequested ? "offline requested" : "offline",
                // Nothing without OpenID Connect: the server before this one counts the same request as the same.
                .. hasIdTokens ? [request.Nonce ?? "", request.ResourceNamed ? "resource" : ""] : Array.Empty<string>(),
                .. request.Disclosed,
                .. allowed.Onward == Nothing ? Array.Empty<string>() : [allowed.Onward],
                .. request.Jkt is { } jkt ? [$"dpop_jkt {jkt}"] : Array.Empty<string>(),
            ]),
            RedirectUri = delivery.Uri,
            CodeChallenge = delivery.CodeChallenge,
            Jkt = request.Jkt,
            Scope = withoutOffline,
            Resources = request.Resources,
            Offline = offline,
            OfflineRequested = offline && request.OfflineRequested,
            ExpiresAt = allowed.Ends,
            CodeHash = code.Hash,
            CodeExpiresAt = now.AddSeconds(settings.CodeSeconds),
            SessionHash = session.IdHash,
            PendingRequestHash = request.PendingRequest is { } pending ? OpaqueToken.Hash(pending.Id) : null,
            BrowserHash = request.PendingRequest?.Browser,
            Answer = decision is null ? null : id => decision.Seal(Answer(id).ToString()),
            RememberedKey = remember is null && !allowed.IsTrusted ? Key(request) : null,
            ConsentKey = remember is null ? null : Key(request),
            ConsentScope = remember?.Scope ?? [],
            ConsentExpiresAt = remember?.ExpiresAt,
            IsTrusted = allowed.IsTrusted,
            ResourceNamed = request.ResourceNamed,
            HasIdTokens = hasIdTokens,
            Nonce = hasIdTokens ? request.Nonce : null,
            Disclosed = request.Disclosed,
            Onward = allowed.Onward,
            RequestId = context.RequestId,
            Address = context.Address,
        }, now);
        return made is { } grant ? Answer(grant) : null;

        ClientAnswer Answer(Guid id) => delivery.Code(code.Of(id).Text, settings.Issuer);
    }

    /// <summary>
    /// access_denied, once; null when the pending request was spent meanwhile. Nothing is remembered.
    /// </summary>
    public Task<ClientAnswer?> DenyAsync(AuthorizationRequest request, PostedDecision decision, RequestContext context) =>
        DenyAsync(request, decision, OAuthError.AccessDenied("the person pressed Deny"), context);

    /// <summary>The same at the sign-in, where nobody needs to be signed in; whoever is stays so.</summary>
    public Task<ClientAnswer?> CancelAsync(AuthorizationRequest request, PostedDecision decision, RequestContext context) =>
        DenyAsync(request, decision, OAuthError.AccessDenied("the person pressed Cancel at the sign-in"), context);

    private async Task<ClientAnswer?> DenyAsync(
        AuthorizationRequest request, PostedDecision decision, OAuthError denied, RequestContext context)
    {
        var answer = request.Delivery.Error(denied, settings.Issuer);
        var box = decision.Seal(answer.ToString());
        var isAnswered = request.Delivery is Delivery.Device device
            ? await devices.DenyAsync(device, decision, box, context)
            : await requests.ConsumeAsync(decision.PendingRequestHash, decision.BrowserHash, box, context.At);
        if (!isAnswered) return null;
        await audit.RefusedAsync(AuditEvents.Consent, denied, context, request.Client.Id, decision.Subject);
        return answer;
    }

    /// <summary>
    /// What this decision answered the same browser a moment ago; null for another decision, browser or session, and later. Nothing
    /// is decided again: the code in it is the one that was made.
    /// </summary>
    public async Task<ClientAnswer?> AnswerAgainAsync(PostedDecision decision, RequestContext context)
    {
        var now = context.At;
        var since = now - AnsweredAgain;
        var box = await requests.AnswerAsync(decision.PendingRequestHash, decision.BrowserHash, since, CancellationToken.None);
        if (box is null || decision.Open(box) is not { } answer) return null;
        await audit.WriteAsync(new AuditRow
        {
            At = now,
            RequestId = context.RequestId,
            Event = AuditEvents.Consent,
            Outcome = "ok",
            Subject = decision.Subject,
            Address = context.Address,
            Detail = "the same decision was posted again: the same answer",
        });
        return ClientAnswer.Read(answer);
    }

    /// <summary>
    /// Under what a consent is remembered: client, redirect URI as registered, resources, what these are told of the person, and which
    /// agents would act elsewhere: another one, or one that may do more, was not allowed.
    /// </summary>
    public static byte[] Key(AuthorizationRequest request) => Digest(
        [
            request.Client.Id, request.Delivery.Name, .. request.Resources.Order(StringComparer.Ordinal),
            .. request.Shown.Order(StringComparer.Ordinal),
        ]);

    public void Dispose() => prompts.Dispose();

    // Each part behind its length, so that no two lists of parts make the same octets.
    internal static byte[] Digest(IEnumerable<string> parts)
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

    // What becomes a grant, whether the person was asked or had allowed it before.
    private sealed record Granted
    {
        public required SessionRow Session { get; init; }
        public required IReadOnlyCollection<string> Scope { get; init; }
        public required DateTimeOffset Ends { get; init; }

        /// <summary>What agents may do with it elsewhere: nothing that nobody was shown.</summary>
        public string Onward { get; init; } = Nothing;

        /// <summary>Null: nobody was asked.</summary>
        public PostedDecision? Decision { get; init; }

        /// <summary>Nobody is asked, and nothing remembered: an app of the operator's own.</summary>
        public bool IsTrusted { get; init; }

        /// <summary>What later requests need not ask about; null: what is remembered stays as it is.</summary>
        public RememberedConsent? Remember { get; init; }
    }
}
