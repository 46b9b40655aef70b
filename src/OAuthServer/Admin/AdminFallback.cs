using OAuthServer.Html;

namespace OAuthServer.Admin;

/// <summary>
/// /admin/ and whatever is not there: answered as what is there, so that nobody but an administrator can tell which is which.
/// </summary>
public sealed class AdminFallback(SignedInGate gate)
{
    public Task HandleAsync(HttpContext http) => HttpMethods.IsPost(http.Request.Method)
        ? gate.ChangeAdminAsync(http, SignedInGate.NotFoundAsync)
        : gate.ShowAdminAsync(http, SignedInGate.NotFoundAsync);
}
