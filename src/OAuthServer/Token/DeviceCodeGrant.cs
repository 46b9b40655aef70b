using OAuthServer.Clients;
using OAuthServer.Grants;
using OAuthServer.Protocol;
using OAuthServer.Stores.Grants;

namespace OAuthServer.Token;

/// <summary>
/// RFC 8628 §3.4: a device polls until somebody has decided; a poll after Allow redeems the grant, once. A later one is refused and revokes
/// nothing, as §3.5 tells devices to repeat a poll whose answer was lost.
/// </summary>
public sealed class DeviceCodeGrant(
    DeviceRequestStore requests, PresentedTokens presented, CodeRedemption redemption) : IGrant
{
    private const string Rule = "RFC 8628 §3.5";

    public GrantType Type => GrantType.DeviceCode;

    public async Task<Result<TokenResponse>> RedeemAsync(TokenRequest request, CancellationToken cancel)
    {
        if (request.Parameters["device_code"] is not { } text)
            return OAuthError.InvalidRequest("device_code is required", "no device_code came", "RFC 8628 §3.4", "device_code");
        if (AuthorizationCode.Read(text) is not { } code) return NoSuchCode();
        var (client, now) = (request.Client.Id, request.Context.At);
        var poll = new DevicePoll
        {
            Id = code.GrantId,
            Hash = code.Hash,
            ClientId = client,
            Proofs = request.Proofs,
            Jkt = request.Jkt,
            Now = now,
        };
        if (await requests.PollAsync(poll) is { } waits) return ProofRefusals.Of(waits.UsedBefore) ?? Wait(waits, client, now);
        if (await presented.CodeAsync(text, cancel) is not { } allowed) return NoSuchCode();
        return await redemption.RedeemAsync(
            request, allowed, new CodeTerms { Kind = Redemption.DeviceCode, NoSuchCode = NoSuchCode, Refusal = Refusal }, cancel);
    }

    private static OAuthError Wait(PolledDeviceRequest waits, string client, DateTimeOffset now) =>
        waits.ClientId != client ? OAuthError.InvalidGrant("another client's device code", "RFC 8628 §3.4", waits.ClientId, client)
        : waits.IsDenied ? DeviceErrors.Denied()
        : waits.ExpiresAt <= now ? DeviceErrors.Expired(waits.ExpiresAt, now)
        : waits.IsEarly ? DeviceErrors.SlowDown(waits.PollSeconds)
        : DeviceErrors.AuthorizationPending();

    private static OAuthError NoSuchCode() => OAuthError.InvalidGrant("no such device code", Rule, "a device code this server issued");

    // The private reason, from the row as it stood under the statement's lock.
    private static OAuthError Refusal(RedeemedCode found, Redemption redemption, OAuthError? problem)
    {
        if (found.ClientId != redemption.ClientId)
            return OAuthError.InvalidGrant("another client's device code", "RFC 8628 §3.4", found.ClientId, redemption.ClientId);
        if (found.Kind != redemption.Kind)
            return OAuthError.InvalidGrant(
                "an authorization code in the place of a device code", "RFC 8628 §3.4", redemption.Kind, found.Kind);
        if (!found.KeyFits)
            return OAuthError.InvalidGrant(
                "the device code is bound to another key", "RFC 9449 §5", "a proof by that key", "another, or none");
        if (found.EndedReason is { } ended)
            return OAuthError.InvalidGrant($"the grant has ended: {ended}", Rule, "a living grant", ended);
        if (found.WasRedeemed)
            return OAuthError.InvalidGrant(
                "the device code was redeemed before; nothing is revoked", Rule, "a device code not redeemed before");
        if (found.CodeExpiresAt <= redemption.Now) return DeviceErrors.Expired(found.CodeExpiresAt, redemption.Now);
        if (found.ExpiresAt <= redemption.Now)
            return OAuthError.InvalidGrant(
                "the consent has run out", Rule, $"redeemed before {found.ExpiresAt:u}", $"{redemption.Now:u}");
        return problem ?? OAuthError.ServerError("a device code that could be redeemed was not");
    }
}
