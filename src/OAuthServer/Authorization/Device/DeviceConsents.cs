using OAuthServer.Protocol;
using OAuthServer.Stores.Grants;

namespace OAuthServer.Authorization.Device;

/// <summary>What a person answers a device (RFC 8628 §3.3): the first answer stands, whoever types the code.</summary>
public sealed class DeviceConsents(DeviceDecisionStore decisions, Settings settings)
{
    /// <summary>Makes the grant that the device's next poll redeems; null when the request was answered meanwhile or has expired.</summary>
    public async Task<ClientAnswer?> AllowAsync(
        AuthorizationRequest request, Delivery.Device device, Allowance allowed, RequestContext context)
    {
        var (decision, answer) = (allowed.Decision, Delivery.Device.Allow(settings.Issuer));
        string[] granted = [.. request.Scope.Where(allowed.Scope.Contains)];
        string[] withoutOffline = [.. granted.Where(one => one != Scope.OfflineAccess)];
        var offline = granted.Length > withoutOffline.Length;
        var isMade = await decisions.AllowAsync(new DeviceAllowance
        {
            Id = device.Id,
            ClientId = request.Client.Id,
            Subject = decision.Session.Subject,
            SessionHash = decision.Session.IdHash,
            PendingRequestHash = decision.PendingRequestHash,
            BrowserHash = decision.BrowserHash,
            Answer = decision.Seal(answer.ToString()),
            Scope = withoutOffline,
            Resources = request.Resources,
            ResourceNamed = request.ResourceNamed,
            Offline = offline,
            OfflineRequested = offline && request.OfflineRequested,
            HasIdTokens = withoutOffline.Contains(Scope.OpenId),
            Disclosed = request.Disclosed,
            Onward = OnwardRule.Write(allowed.Onward),
            ExpiresAt = context.At + allowed.GrantDuration.Length,
            RequestId = context.RequestId,
            Address = context.Address,
        }, context.At);
        return isMade ? answer : null;
    }

    /// <summary>Tells the device no. False when the request was answered meanwhile, or has expired.</summary>
    /// <param name="answer">Where the browser is sent, sealed.</param>
    public Task<bool> DenyAsync(Delivery.Device device, PostedDecision decision, byte[] answer, RequestContext context) =>
        decisions.DenyAsync(device.Id, decision.PendingRequestHash, decision.BrowserHash, answer, context.At);
}
