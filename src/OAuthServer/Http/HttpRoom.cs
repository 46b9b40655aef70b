using OAuthServer.Protocol;

namespace OAuthServer.Http;

/// <summary>The host, what requests pass, and what runs beside them.</summary>
public static class HttpRoom
{
    extension(IServiceCollection services)
    {
        public void AddHttp(Settings settings)
        {
            services.AddCors();
            services.AddHsts(options => options.MaxAge = TimeSpan.FromDays(365));
            services.AddSingleton<MappedRoutes>();
            services.AddSingleton<ClientEndpoint>();
            services.AddSingleton<DpopRequests>();
            services.AddSingleton<BackgroundLoops>();
            services.AddSingleton<AccessLog>();
            services.AddLoop<AccessLog>((log, cancel) => log.RunAsync(cancel));
            services.AddSingleton<Shutdown>();
            services.AddHostedService(provider => provider.GetRequiredService<Shutdown>());
            services.AddHostedService<LoopRunner>();
            services.Configure<HostOptions>(options =>
                options.ShutdownTimeout = TimeSpan.FromSeconds(settings.ShutdownGraceSeconds) + Shutdown.InFlight);
        }
    }

    /// <summary>A host that listens as the settings say, and logs what an operator can use.</summary>
    public static WebApplicationBuilder CreateHost(Settings settings, TimeProvider time)
    {
        // Production for the framework always: its developer exception page would show stack traces.
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions
        {
            EnvironmentName = Environments.Production,
            ContentRootPath = AppContext.BaseDirectory,
        });
        builder.Logging.AddFilter("Microsoft", LogLevel.Warning);
        // It never says anything, but where it might it makes an activity and a scope for each request. Whoever listens to its source,
        // as tracing does, gets activities all the same.
        builder.Logging.AddFilter("Microsoft.AspNetCore.Hosting.Diagnostics", LogLevel.None);
        // It looks for its keys before a first migration has made the table, and looks again when it needs one.
        builder.Logging.AddFilter("Microsoft.AspNetCore.DataProtection", LogLevel.Critical);
        // /readyz says why it is not ready to whoever polls it, on a first start several times; Readiness logs what it did not expect.
        builder.Logging.AddFilter("Microsoft.Extensions.Diagnostics.HealthChecks", LogLevel.Critical);
        // It writes a stack trace for every junk cookie; the form is refused, with its reason in the audit log.
        builder.Logging.AddFilter("Microsoft.AspNetCore.Antiforgery", LogLevel.Critical);
        if (settings.LogFormat == "json")
            builder.Logging.AddJsonConsole(console =>
            {
                (console.UseUtcTimestamp, console.TimestampFormat, console.IncludeScopes) = (true, "yyyy-MM-ddTHH:mm:ss.fffZ", true);
            });
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel => Listening.Configure(kestrel, settings, time));
        builder.Services.AddSingleton(settings);
        builder.Services.AddSingleton(time);
        return builder;
    }
}
