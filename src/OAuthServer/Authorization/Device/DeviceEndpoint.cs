using OAuthServer.Audit;
using OAuthServer.Grants;
using OAuthServer.Html;
using OAuthServer.Protocol;
using OAuthServer.Stores.Grants;

namespace OAuthServer.Authorization.Device;

/// <summary>
/// /device (RFC 8628 §3.3): whoever is signed in types the code of a device, and goes on to the page of consent. GET changes nothing, with
/// the code in its query neither.
/// </summary>
public sealed class DeviceEndpoint(
    SignedInGate gate, DeviceAttempts attempts, PendingRequests pendingRequests, AuthorizationChecks checks, Cookies cookies,
    AuditLog audit)
{
    private const string Page = "device";

    public Task ShowAsync(HttpContext http)
    {
        var code = UserCode.Read(Parameters.OfQuery(http.Request.QueryString.Value ?? "")[DevicePage.UserCodeField]);
        return gate.ShowAsync(http, code?.PageKey ?? Page, page => http.DeviceAsync(new DeviceView { Page = page, Given = code }));
    }

    public Task EnterAsync(HttpContext http) => gate.ChangeAsync(http, Page, async page =>
    {
        if (page.Parameters[DevicePage.UserCodeField] is not { } typed)
        {
            await AgainAsync(page, "", OAuthError.InvalidRequest("Enter the code that your device shows", "no code was typed",
                "RFC 8628 §3.3", "a code"), null);
            return;
        }

        if ((await attempts.TryAsync(typed, page)).Refused(out var error, out var row))
        {
            await AgainAsync(page, typed, error, null);
            return;
        }

        if ((await OpenAsync(page, row)).Refused(out error, out var opened)) await AgainAsync(page, typed, error, row);
        else http.GoTo($"{Paths.Authorize}/{opened.Id}");
    });

    /// <summary>Says what the device is told; whoever comes here by a link reads that and nothing happens.</summary>
    public static Task DoneAsync(HttpContext http) => http.DeviceDoneAsync(
        Parameters.OfQuery(http.Request.QueryString.Value ?? "")[Delivery.Device.Outcome] == Delivery.Device.Allowed);

    private async Task<Result<PendingRequest>> OpenAsync(PageRequest page, DeviceRequestRow row)
    {
        var (http, address) = (page.Http, page.Context.Address);
        if ((await checks.ReadDeviceAsync(row.Query, Delivery.Device.Of(row), address, http.RequestAborted)).Refused(
            out var error, out var request)) return error;
        return await pendingRequests.OpenAsync(request, row.Query, cookies.KeepBrowser(http), address);
    }

    private async Task AgainAsync(PageRequest page, string typed, OAuthError error, DeviceRequestRow? row)
    {
        var http = page.Http;
        await audit.RefusedAsync(AuditEvents.Device, error, page.Context, subject: page.Session.Subject.ToString(), grant: row?.Id);
        if (row is not null) await Refusals.RefuseAsync(http, error);
        else await http.DeviceAsync(new DeviceView { Page = page, Typed = typed, Error = error });
    }
}
