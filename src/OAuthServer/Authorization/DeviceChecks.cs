using OAuthServer.Clients;
using OAuthServer.Protocol;

namespace OAuthServer.Authorization;

/// <content>Requests of devices (RFC 8628 §3.1): the same checks of what is requested, and none of a redirect.</content>
public sealed partial class AuthorizationChecks
{
    private static readonly Func<Client, OAuthError?>[] OfTheDevicesClient = [client => IsEnabled(client, new()), IsForDevices];

    /// <summary>A device's request as it was stored, checked anew: its client may have changed. Refusals are for a page.</summary>
    /// <param name="address">Who typed the code.</param>
    public async Task<Result<AuthorizationRequest>> ReadDeviceAsync(
        string query, Delivery.Device device, string address, CancellationToken cancel)
    {
        var parameters = Parameters.OfQuery(query);
        if (ClientId(parameters).Refused(out var error, out var id)) return error;
        if ((await clients.ResolveAsync(id, address, cancel)).Refused(out error, out var client)) return error;
        foreach (var check in OfTheDevicesClient)
            if ((error = check(client)) is not null)
                return error;
        return await ReadDeviceAsync(client, parameters, device, cancel);
    }

    /// <summary>The request of a client that is authenticated and may use the grant, perhaps with a problem.</summary>
    public async Task<AuthorizationRequest> ReadDeviceAsync(
        Client client, Parameters parameters, Delivery.Device device, CancellationToken cancel)
    {
        var request = new AuthorizationRequest
        {
            Client = client,
            Delivery = device,
            Scope = Scope.Parse(parameters["scope"]) ?? [],
            Prompt = [],
            LoginHint = null,
            UiLocales = null,
        };
        return await JudgeAsync(request, parameters, [.. OfTheParameters, .. OfWhatIsRequested], cancel);
    }

    private static OAuthError? IsForDevices(Client client) =>
        client.IsUserFacing && client.MayUse(GrantType.DeviceCode) ? null
        : OAuthError.UnauthorizedClient("the client may not use device_code", "a user-facing client with device_code",
            $"{client.Row.Kind}: {Scope.Join(client.Row.GrantTypes)}") with
        { Description = "This app cannot sign people in" };
}
