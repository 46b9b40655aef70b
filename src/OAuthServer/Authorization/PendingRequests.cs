using OAuthServer.Grants;
using OAuthServer.Limits;
using OAuthServer.Protocol;
using OAuthServer.Stores.Grants;

namespace OAuthServer.Authorization;

/// <summary>
/// Requests that wait for a person. What is stored is the query as it came; it is read and checked anew at every step, so that
/// no form can change it and no edit of a client goes unnoticed.
/// </summary>
public sealed class PendingRequests(
    AuthorizationRequestStore store, AuthorizationChecks checks, Settings settings, TimeProvider time) : IDisposable
{
    private readonly AddressLimit limit = new(settings.AuthorizationsPerMinute, "authorization requests");

    /// <summary>
    /// Stores a request for this browser; refused when its address began too many. Anybody may begin one, and each is a row.
    /// </summary>
    /// <param name="browser">SHA-256 of the browser's cookie.</param>
    public async Task<Result<PendingRequest>> OpenAsync(AuthorizationRequest request, string query, byte[] browser, string address)
    {
        if (limit.Refusal(address) is { } tooMany) return tooMany;
        var now = time.GetUtcNow();
        var pending = new PendingRequest { Id = OpaqueToken.Mint(), Browser = browser, StoredAt = now };
        await store.AddAsync(new NewAuthorizationRequest
        {
            IdHash = OpaqueToken.Hash(pending.Id),
            BrowserHash = browser,
            ClientId = request.Client.Id,
            Query = query,
            CreatedAt = now,
            ExpiresAt = now.AddSeconds(settings.RequestSeconds),
            Device = (request.Delivery as Delivery.Device)?.Id,
        });
        return pending;
    }

    /// <summary>The stored request, if this very browser began it and it is neither answered nor too old.</summary>
    public async Task<Result<AuthorizationRequest>> FindAsync(string? id, byte[]? browser, string address, CancellationToken cancel)
    {
        if (id is null || browser is null || await store.FindAsync(OpaqueToken.Hash(id), browser, time.GetUtcNow()) is not { } row)
            return Gone();
        var read = row.Device is { } device
            ? await checks.ReadDeviceAsync(row.Query, Delivery.Device.Of(device), address, cancel)
            : await checks.ReadAsync(row.Query, address, cancel);
        if (read.Refused(out var error, out var request)) return error;
        return request with
        {
            PendingRequest = new PendingRequest
            {
                Id = id,
                Browser = browser,
                StoredAt = row.CreatedAt,
                PolicyUri = row.PolicyUri,
                TosUri = row.TosUri,
            },
        };
    }

    public void Dispose() => limit.Dispose();

    /// <summary>One answer for spent, expired, foreign and made up.</summary>
    public static OAuthError Gone() => OAuthError.InvalidRequest(
        "This request was already answered, has expired, or was started in another browser",
            "no pending request under this id for this browser", "OAuth 2.1 §4.1.2", "an open request of this browser");
}
