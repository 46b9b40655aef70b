using System.Buffers;
using OAuthServer.Limits;
using OAuthServer.Protocol;
using OAuthServer.Stores.Audit;
using OAuthServer.Stores.Postgres;
using OAuthServer.Stores.UsedProofs;

namespace OAuthServer.Audit;

/// <summary>The words the audit log uses for what was decided.</summary>
public static class AuditEvents
{
    public const string Authorize = "authorize";
    public const string Par = "par";
    public const string Token = "token";
    public const string Registration = "registration";
    public const string Consent = "consent";
    public const string SignIn = "sign-in";
    public const string SignOut = "sign-out";
    public const string Federation = "federation";
    public const string Identity = "identity";
    public const string EndSession = "end-session";
    public const string LogoutDelivery = "logout-delivery";
    public const string Revocation = "revocation";
    public const string Introspection = "introspection";
    public const string RevocationFeed = "revocation-feed";
    public const string Page = "page";
    public const string Command = "command";
    public const string Api = "api";
    public const string Host = "host";
    public const string ClientDocument = "client-document";

    /// <summary>Keys of others at a URL: dropped by an operator.</summary>
    public const string KeySet = "key-set";
    public const string Edit = "edit";
    public const string Code = "code";
    public const string Device = "device";
    public const string Export = "export";
    public const string UserInfo = "userinfo";
    public const string Passkey = "passkey";
    public const string SecondFactor = "second-factor";
    public const string Recovery = "recovery";

    /// <summary>One-time links: made, used, revoked, refused.</summary>
    public const string AccountLink = "account-link";

    /// <summary>An account: exported, deleted.</summary>
    public const string Account = "account";
    public const string Mail = "mail";

    /// <summary>What no endpoint decided: a malformed request; a fault or a path nobody has, which are only counted.</summary>
    public const string Request = "request";

    /// <summary>All of them, as somebody searches for them.</summary>
    public static readonly IReadOnlyList<string> All =
        [Token, Code, Device, Authorize, Par, Consent, SignIn, Passkey, SecondFactor, Recovery, SignOut, Federation, Identity, EndSession,
            LogoutDelivery, Revocation, Edit, Registration, ClientDocument, KeySet, Introspection, RevocationFeed, UserInfo, AccountLink,
            Account, Mail, Page, Export, Api, Host, Request, Command];

    /// <summary>Why nothing may be found under a request id.</summary>
    public const string NotKept =
        "Successful introspections, polls of devices that wait for a person, responses 404, 405, 500 and 503, and beyond ten a minute of one address 413, 415 and 429, are recorded only in the access log, the server's log and the counters";
}

/// <summary>
/// Thrown when an address was refused so often without saying who it is that the log keeps no more of it; answered with 429.
/// </summary>
public sealed class TooManyRefusalsException(OAuthError error) : Exception(error.Reason)
{
    /// <summary>What is answered instead of the refusal.</summary>
    public OAuthError Error { get; } = error;
}

/// <summary>
/// The append-only log of decisions. Rows that wait at the same moment are written together; a row is durable when its task
/// completes, and an answer leaves only then.
/// </summary>
public sealed class AuditLog(AuditWriteStore store, Decisions decisions, Settings settings) : IDisposable
{
    // Long enough to recognise, short enough that nobody fills the log with one request.
    private const int LongestField = 512;

    // What comes in floods is explained to whoever meets it for the first time, and no more than that is written.
    private const int MostOfFloods = 10;

    private readonly AddressLimit refusals = new(settings.RefusalsPerMinute, "refusals");
    private readonly AddressLimit floods = new(Math.Min(MostOfFloods, settings.RefusalsPerMinute), "refusals of floods");

    private readonly WriteBatcher<AuditLine, UsedBefore> writer = new("audit", store.InsertAsync);

    /// <summary>
    /// Queues a row; the task completes once it is durable, and faults when it cannot be. The answer is the proof of the row that was used
    /// before: then what succeeded is not written, and must be refused.
    /// </summary>
    public Task<UsedBefore> WriteAsync(AuditRow row, Proofs? proofs = null) =>
        writer.AddAsync(new AuditLine(Fit(row), proofs ?? Proofs.None));

    private static AuditRow Fit(AuditRow row) => row.Outcome == "ok" && IsFit(row) ? row : row with
    {
        ClientId = Sanitize(row.ClientId is ['h', 't', 't', 'p', 's', ':', ..] url ? Redact(row, url) : row.ClientId),
        Subject = Sanitize(row.Subject),
        Reason = Sanitize(Redact(row, row.Reason)),
        Expected = Sanitize(Redact(row, row.Expected)),
        Got = Sanitize(Redact(row, row.Got)),
        Detail = Sanitize(Redact(row, row.Detail)),
    };

    // What was refused may be anything, and in any place; what was accepted is on record elsewhere.
    private static string? Redact(AuditRow row, string? text) => text is null || row.Outcome == "ok" ? text : Presented.Redact(text);

    private static bool IsFit(AuditRow row) => IsFit(row.ClientId) && IsFit(row.Subject) && IsFit(row.Reason) && IsFit(row.Expected)
        && IsFit(row.Got) && IsFit(row.Detail);

    private static bool IsFit(string? text) => text is null || (text.Length <= LongestField && !text.AsSpan().ContainsAny(Unfit));

    /// <summary>
    /// Queues a refusal. One that the log does not keep (404, 405, 503; of 413, 415 and 429 all but the first ten of an address in a
    /// minute) completes at once. Who is refused without a session could fill the log: past the limit of an address this throws
    /// <see cref="TooManyRefusalsException"/>.
    /// </summary>
    /// <param name="assertion">
    /// What proved the client: spent whatever was refused; a second time does nothing. But where the client is told to come again, it
    /// repeats the request as it was, assertion and all.
    /// </param>
    public Task RefusedAsync(
        string @event, OAuthError error, RequestContext request, string? client = null, string? subject = null, Guid? grant = null,
        string? detail = null, UsedProof? assertion = null)
    {
        var isCounted = error.Audited && subject is null;
        if (isCounted && refusals.Refusal(request.Address) is { } tooMany) throw new TooManyRefusalsException(tooMany);
        decisions.Refused(@event, error);
        if (!error.Audited && !(error.IsOfFloods && floods.Refusal(request.Address) is null)) return Task.CompletedTask;
        return WriteAsync(new AuditRow
        {
            At = request.At,
            RequestId = request.RequestId,
            Event = @event,
            Outcome = "refused",
            ClientId = client,
            Subject = subject,
            GrantId = grant,
            Address = request.Address,
            Error = error.Code,
            Rule = error.Rule,
            Reason = error.Reason,
            Expected = error.Expected,
            Got = error.Got,
            Detail = detail,
        }, assertion is null || error.IsToBeRepeated ? null : new Proofs { Assertion = assertion });
    }

    public void Dispose()
    {
        refusals.Dispose();
        floods.Dispose();
    }

    /// <summary>The one writer.</summary>
    public Task RunAsync(CancellationToken cancel) => writer.RunAsync(cancel);

    // What came from outside may hold anything: control characters would forge lines, NUL and lone surrogates PostgreSQL refuses.
    private static readonly SearchValues<char> Unfit = SearchValues.Create(
        [.. Enumerable.Range(0, char.MaxValue + 1).Select(code => (char)code)
            .Where(character => char.IsControl(character) || char.IsSurrogate(character))]);

    private static string? Sanitize(string? text)
    {
        if (text is null || IsFit(text)) return text;
        if (text.Length > LongestField) text = text[..LongestField] + "…";
        return string.Concat(text.Select(character => Unfit.Contains(character) ? '\uFFFD' : character));
    }
}
