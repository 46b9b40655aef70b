using OAuthServer.Html;
using OAuthServer.Protocol;

namespace OAuthServer.Admin;

/// <summary>/admin/ and whatever is not there: answered as what is there, so that nobody but an administrator can tell which is which.</summary>
public static class AdminFallbackRoutes
{
    extension(IEndpointRouteBuilder app)
    {
        public void MapAdminFallback()
        {
            var gate = app.ServiceProvider.GetRequiredService<SignedInGate>();
            app.Map(Paths.Admin + "/{**rest}", (RequestDelegate)(http => HttpMethods.IsPost(http.Request.Method)
                ? gate.ChangeAdminAsync(http, SignedInGate.NotFoundAsync)
                : gate.ShowAdminAsync(http, SignedInGate.NotFoundAsync)));
        }
    }
}
