using System.Net;
using Microsoft.AspNetCore.HttpOverrides;
using OAuthServer.Audit;
using OAuthServer.Protocol;

namespace OAuthServer.Http;

/// <summary>What every request passes on its way to its handler, in this order.</summary>
public static class Pipeline
{
    extension(WebApplication app)
    {
        /// <param name="refuse">Writes a refusal in the form the client can use: a page or JSON.</param>
        public void UsePipeline(Settings settings, Func<HttpContext, OAuthError, Task> refuse)
        {
            var (audit, decisions) = (app.Services.GetRequiredService<AuditLog>(), app.Services.GetRequiredService<Decisions>());
            app.UseRequestIds(settings);
            if (settings.TrustedProxies.Length > 0 || ListenAddress.Of(settings, out _)?.Socket is not null)
                app.UseForwardedHeaders(Forwarded(settings));
            app.UseAccessLog();
            app.UseFaults(refuse);
            // The route is known from here on, and HEAD has become GET before it is looked for.
            app.UseHead();
            app.UseRouting();
            app.UseExactCookies();
            app.UseCrossOrigin();
            app.UseHeaderText(async (http, error) => await refuse(http, await Faults.NoteAsync(audit, decisions, http, error)));
            if (settings.IsHttps) app.UseHsts();
            app.UseIssuerHost(settings, async (http, error) =>
            {
                await audit.RefusedAsync(AuditEvents.Host, error, http.Context());
                await refuse(http, error);
            });
            app.UseClockGuard(settings, refuse);
            app.UseSpendingHead();
        }
    }

    private static ForwardedHeadersOptions Forwarded(Settings settings)
    {
        var options = new ForwardedHeadersOptions
        {
            ForwardedHeaders = ForwardedHeaders.XForwardedFor | ForwardedHeaders.XForwardedProto,
            ForwardLimit = null,
        };
        options.KnownIPNetworks.Clear();
        foreach (var network in ProxyNetworks.Read(settings.TrustedProxies) ?? []) options.KnownIPNetworks.Add(network);
        // The peer of a unix socket has no address, and is believed; without any known proxy, every other hop would be, too.
        options.KnownProxies.Clear();
        options.KnownProxies.Add(IPAddress.None);
        return options;
    }
}
