using System.Net;
using Microsoft.AspNetCore.HttpOverrides;
using Npgsql;
using OAuthServer.Account;
using OAuthServer.Admin;
using OAuthServer.Admin.Audit;
using OAuthServer.Admin.Clients;
using OAuthServer.Admin.Resources;
using OAuthServer.Admin.Users;
using OAuthServer.Audit;
using OAuthServer.Authorization;
using OAuthServer.Cli;
using OAuthServer.Clients;
using OAuthServer.Discovery;
using OAuthServer.Fetch;
using OAuthServer.Grants;
using OAuthServer.Html;
using OAuthServer.Http;
using OAuthServer.Keys;
using OAuthServer.Limits;
using OAuthServer.Maintenance;
using OAuthServer.Playground;
using OAuthServer.Protocol;
using OAuthServer.Registration;
using OAuthServer.Revocation;
using OAuthServer.Stores.Audit;
using OAuthServer.Stores.Clients;
using OAuthServer.Stores.Grants;
using OAuthServer.Stores.Keys;
using OAuthServer.Stores.Postgres;
using OAuthServer.Stores.Resources;
using OAuthServer.Stores.Users;
using OAuthServer.Token;
using OAuthServer.Tokens;
using OAuthServer.Users;

return await Commands.RunAsync(args, async (settings, cancel) =>
{
    if (Listening.Problem(settings) is { } problem)
    {
        Console.Error.WriteLine($"oauth-server: {problem}");
        return 2;
    }

    await using var app = Server.Build(settings, TimeProvider.System);
    try
    {
        await app.StartAsync(cancel);
    }
    catch (IOException fault)
    {
        Console.Error.WriteLine($"oauth-server: {fault.Message} Choose another port with OAuth__Listen and OAuth__Issuer.");
        return 1;
    }

    var stop = app.Lifetime.ApplicationStopping;
    var prepared = settings.Development ? Server.PrepareAsync(app, settings, stop) : Task.CompletedTask;
    await app.WaitForShutdownAsync(cancel);
    await prepared;
    return app.Services.GetRequiredService<BackgroundLoops>().Died is null ? 0 : BackgroundLoops.ExitCode;
});

/// <summary>The table of contents: every service, every background loop, every URL.</summary>
public static class Server
{
    /// <summary>The whole server, ready to run.</summary>
    /// <param name="change">Replaces services, such as the network documents are fetched over; tests only.</param>
    public static WebApplication Build(Settings settings, TimeProvider time, Action<IServiceCollection>? change = null)
    {
        // Production for the framework always: its developer exception page would show stack traces.
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { EnvironmentName = Environments.Production, ContentRootPath = AppContext.BaseDirectory });
        builder.Logging.AddFilter("Microsoft", LogLevel.Warning);
        // It looks for its keys before a first migration has made the table, and looks again when it needs one.
        builder.Logging.AddFilter("Microsoft.AspNetCore.DataProtection", LogLevel.Critical);
        // /readyz says why it is not ready to whoever polls it, on a first start several times; Readiness logs what it did not expect.
        builder.Logging.AddFilter("Microsoft.Extensions.Diagnostics.HealthChecks", LogLevel.Critical);
        // It writes a stack trace for every junk cookie; the form is refused, with its reason in the audit log.
        builder.Logging.AddFilter("Microsoft.AspNetCore.Antiforgery", LogLevel.Critical);
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel => Listening.Configure(kestrel, settings, time));
        Register(builder.Services, settings, time);
        change?.Invoke(builder.Services);
        var app = builder.Build();
        Pipeline(app, settings);
        Map(app, settings);
        return app;
    }

    /// <summary>Development: brings the schema up to date and seeds the demo while the listener answers already; waits for a database that is away.</summary>
    public static async Task PrepareAsync(WebApplication app, Settings settings, CancellationToken stop)
    {
        var database = app.Services.GetRequiredService<Database>();
        for (var waits = 0; !stop.IsCancellationRequested; waits++)
        {
            try
            {
                await app.Services.GetRequiredService<Migrations>().ApplyAsync(stop);
                await app.Services.GetRequiredService<AuditPartitions>().MaintainAsync(stop);
                await OwnResource.EnsureAsync(database, settings, stop);
                var refused = settings.Demo ? await Demo.SeedAsync(database, settings, stop) : null;
                await app.Services.GetRequiredService<KeyRing>().StartAsync(stop);
                Console.WriteLine(refused is null ? Banner.Text(settings) : $"{refused}\n{Banner.Text(settings with { Demo = false })}");
                return;
            }
            catch (Exception fault) when (fault is NpgsqlException or TimeoutException)
            {
                if (waits == 0) Console.WriteLine(VisibleText.Escape($"Waiting for PostgreSQL: {Waits(fault)}"));
            }
            catch (OperationCanceledException)
            {
                return;
            }

            await Task.Delay(TimeSpan.FromSeconds(1), CancellationToken.None);
        }
    }

    // What PostgreSQL itself refused (two rows that a migration cannot tell apart, say) comes with what to do about it.
    private static string Waits(Exception fault) =>
        fault is PostgresException && DatabaseFault.Explain(fault) is var (problem, hint) ? $"{problem}. {hint}" : fault.Message;

    private static void Register(IServiceCollection services, Settings settings, TimeProvider time)
    {
        services.AddSingleton(settings);
        services.AddSingleton(time);

        // Stores
        services.AddSingleton(_ => new Database(settings.Database));
        services.AddSingleton<Migrations>();
        services.AddSingleton<Notifications>();
        services.AddSingleton<UnreadableRows>();
        services.AddSingleton<DatabaseClock>();
        services.AddSingleton<AuditStore>();
        services.AddSingleton<AuthorizationRequestStore>();
        services.AddSingleton<ClientDocumentStore>();
        services.AddSingleton<ClientEdits>();
        services.AddSingleton<ClientQueries>();
        services.AddSingleton<ClientStore>();
        services.AddSingleton<ConsentStore>();
        services.AddSingleton<DataProtectionKeyStore>();
        services.AddSingleton<GrantStore>();
        services.AddSingleton<GrantRevocationStore>();
        services.AddSingleton<GrantSweepStore>();
        services.AddSingleton<PresentedGrantStore>();
        services.AddSingleton<RedemptionStore>();
        services.AddSingleton<RotationStore>();
        services.AddSingleton<OwnGrantStore>();
        services.AddSingleton<OwnSessionStore>();
        services.AddSingleton<AccountEventStore>();
        services.AddSingleton<RegistrationStore>();
        services.AddSingleton<InvitationStore>();
        services.AddSingleton<ResourceStore>();
        services.AddSingleton<RevokedTokenStore>();
        services.AddSingleton<RevocationFeedStore>();
        services.AddSingleton<SessionStore>();
        services.AddSingleton<SigningKeyStore>();
        services.AddSingleton<UserStore>();
        services.AddSingleton<AccessEdits>();
        services.AddSingleton<DashboardStore>();
        services.AddSingleton<ResourceEdits>();
        services.AddSingleton<ScopeEdits>();
        services.AddSingleton<UserEdits>();

        // Audit, Keys, Tokens, Revocation
        services.AddSingleton<AuditLog>();
        services.AddSingleton<AuditPartitions>();
        services.AddSingleton<KeyEncryption>();
        services.AddSingleton<KeyRing>();
        services.AddSingleton<HashQueue>();
        services.AddSingleton<AccessTokens>();
        services.AddSingleton<Revocations>();
        services.AddSingleton<RevocationFeed>();
        services.AddSingleton<Retention>();

        // Fetch, Clients
        services.AddSingleton(Network.OfTheSystem);
        services.AddSingleton<Fetcher>();
        services.AddSingleton<ClientDirectory>();
        services.AddSingleton<ClientDocuments>();
        services.AddSingleton<ResourceDirectory>();
        services.AddSingleton<ClientAuthentication>();
        services.AddSingleton<ClientUse>();
        services.AddSingleton<SecretLimit>();
        services.AddSingleton<Registrations>();

        // Users, Authorize, Pages
        services.AddSingleton<SignIn>();
        services.AddSingleton<Sessions>();
        services.AddSingleton<AuthorizationChecks>();
        services.AddSingleton<PendingRequests>();
        services.AddSingleton<NextStep>();
        services.AddSingleton<Consents>();
        services.AddPages(settings);

        // Grants: one line each; discovery lists them.
        services.AddSingleton<PresentedTokens>();
        services.AddSingleton<IGrant, AuthorizationCodeGrant>();
        services.AddSingleton<IGrant, RefreshTokenGrant>();
        services.AddSingleton<IGrant, ClientCredentialsGrant>();

        // Wire, Endpoints
        services.AddCors();
        services.AddHsts(options => options.MaxAge = TimeSpan.FromDays(365));
        services.AddSingleton<BackgroundLoops>();
        services.AddSingleton<AccessLog>();
        services.AddSingleton<ClientLimit>();
        services.AddSingleton<RegistrationLimit>();
        services.AddSingleton<ClientEndpoint>();
        services.AddSingleton<TokenEndpoint>();
        services.AddSingleton<RevocationEndpoint>();
        services.AddSingleton<IntrospectionEndpoint>();
        services.AddSingleton<RegistrationEndpoint>();
        services.AddSingleton<RevocationFeedEndpoint>();
        services.AddSingleton<DiscoveryEndpoint>();
        services.AddSingleton<JwksEndpoint>();
        services.AddSingleton<WhyEndpoint>();
        services.AddSingleton<SignedInGate>();
        services.AddSingleton<AuthorizeEndpoint>();
        services.AddSingleton<LoginEndpoint>();
        services.AddSingleton<LogoutEndpoint>();
        services.AddSingleton<ConsentEndpoint>();
        services.AddSingleton<ConnectedAppsEndpoint>();
        services.AddSingleton<OwnSessionsEndpoint>();
        services.AddSingleton<PasswordEndpoint>();
        services.AddSingleton<DashboardEndpoint>();
        services.AddSingleton<ResourceEndpoint>();
        services.AddSingleton<ScopeEndpoint>();
        services.AddSingleton<UsersEndpoint>();
        services.AddSingleton<UserEndpoint>();
        services.AddSingleton<KeysEndpoint>();
        services.AddSingleton<AuditEndpoint>();
        services.AddSingleton<ClientsEndpoint>();
        services.AddSingleton<ClientAddEndpoint>();
        services.AddSingleton<ClientSettingsEndpoint>();
        services.AddSingleton<ClientSecretsEndpoint>();
        services.AddSingleton<ClientLifecycleEndpoint>();
        services.AddSingleton<Walkthroughs>();
        services.AddSingleton<Caller>();
        services.AddSingleton<PlaygroundEndpoint>();
        services.AddHealthChecks().AddCheck<Readiness>("reason");
        services.AddSingleton<Shutdown>();
        services.AddHostedService(provider => provider.GetRequiredService<Shutdown>());
        services.Configure<HostOptions>(options =>
            options.ShutdownTimeout = TimeSpan.FromSeconds(settings.ShutdownGraceSeconds) + Shutdown.InFlight);

        // Background loops, stopped after the listener.
        services.AddLoop<Notifications>((room, cancel) => room.RunAsync(cancel));
        services.AddLoop<KeyRing>((room, cancel) => room.RunAsync(cancel));
        services.AddLoop<DatabaseClock>((room, cancel) => room.RunAsync(cancel));
        services.AddLoop<AuditLog>((room, cancel) => room.RunAsync(cancel));
        services.AddLoop<RedemptionStore>((room, cancel) => room.RunAsync(cancel));
        services.AddLoop<RotationStore>((room, cancel) => room.RunAsync(cancel));
        services.AddLoop<RevokedTokenStore>((room, cancel) => room.RunAsync(cancel));
        services.AddLoop<ClientUse>((room, cancel) => room.RunAsync(cancel));
        services.AddLoop<AccessLog>((room, cancel) => room.RunAsync(cancel));
        services.AddLoop<Retention>((room, cancel) => room.RunAsync(cancel));
    }

    private static void Pipeline(WebApplication app, Settings settings)
    {
        var keys = app.Services.GetRequiredService<KeyRing>();
        var audit = app.Services.GetRequiredService<AuditLog>();
        app.Services.GetRequiredService<Notifications>().Changed += what =>
        {
            if (what is null or "signing_keys") keys.Wake();
        };

        app.UseRequestIds();
        if (settings.TrustedProxies.Length > 0 || ListenAddress.Of(settings, out _)?.Socket is not null)
            app.UseForwardedHeaders(Forwarded(settings));
        app.UseAccessLog();
        app.UseFaults(Refusals.RefuseAsync);
        app.UseExactCookies();
        app.UseCrossOrigin(settings);
        app.UseHeaderText(Refusals.RefuseAsync);
        if (settings.IsHttps) app.UseHsts();
        app.UseIssuerHost(settings, async (http, error) =>
        {
            await audit.RefusedAsync(AuditEvents.Host, error, http.Context());
            await Refusals.RefuseAsync(http, error);
        });
        app.UseClockGuard(settings, Refusals.RefuseAsync);
        app.UseHead(settings);
        // Here, not first of all: HEAD has become GET.
        app.UseRouting();
    }

    private static void Map(WebApplication app, Settings settings)
    {
        app.MapHealth();
        app.MapSecurityText();
        app.MapChangePassword();
        app.MapDiscovery(settings);
        app.MapPlayground(settings);
        var issuer = app.MapGroup(settings.IssuerPath);
        issuer.MapToken();
        issuer.MapRevocation();
        issuer.MapIntrospection();
        issuer.MapRegistration(settings);
        issuer.MapRevocationFeed();
        issuer.MapJwks();
        issuer.MapWhy();
        issuer.MapAuthorize();
        issuer.MapLogin();
        issuer.MapLogout();
        issuer.MapConsent();
        issuer.MapConnectedApps();
        issuer.MapOwnSessions();
        issuer.MapPassword();
        issuer.MapAdminDashboard();
        issuer.MapAdminResources();
        issuer.MapAdminScopes();
        issuer.MapAdminUsers();
        issuer.MapAdminUser();
        issuer.MapAdminKeys();
        issuer.MapAdminAudit();
        issuer.MapAdminClients();
        issuer.MapAdminClientAdd();
        issuer.MapAdminClient();
        issuer.MapAdminClientSecrets();
        issuer.MapAdminClientLifecycle();
        issuer.MapAdminFallback();
        issuer.MapPages(settings);
    }

    private static ForwardedHeadersOptions Forwarded(Settings settings)
    {
        var options = new ForwardedHeadersOptions { ForwardedHeaders = ForwardedHeaders.XForwardedFor | ForwardedHeaders.XForwardedProto, ForwardLimit = null };
        options.KnownIPNetworks.Clear();
        foreach (var network in ProxyNetworks.Read(settings.TrustedProxies) ?? []) options.KnownIPNetworks.Add(network);
        // The peer of a unix socket has no address, and is believed; without any known proxy, every other hop would be, too.
        options.KnownProxies.Clear();
        options.KnownProxies.Add(IPAddress.None);
        return options;
    }
}
