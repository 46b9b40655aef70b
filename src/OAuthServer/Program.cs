using OAuthServer.Account;
using OAuthServer.Admin;
using OAuthServer.Audit;
using OAuthServer.Authorization;
using OAuthServer.Cli;
using OAuthServer.Clients;
using OAuthServer.Discovery;
using OAuthServer.Factors;
using OAuthServer.Federation;
using OAuthServer.Fetch;
using OAuthServer.Grants;
using OAuthServer.Html;
using OAuthServer.Http;
using OAuthServer.Keys;
using OAuthServer.Limits;
using OAuthServer.Logout;
using OAuthServer.Mail;
using OAuthServer.Maintenance;
using OAuthServer.Observability;
using OAuthServer.Playground;
using OAuthServer.Protocol;
using OAuthServer.Registration;
using OAuthServer.Revocation;
using OAuthServer.Stores;
using OAuthServer.Token;
using OAuthServer.Tokens;
using OAuthServer.Trust;
using OAuthServer.UserInfo;
using OAuthServer.Users;

return await Commands.RunAsync(args, (settings, cancel) =>
    Serving.RunAsync(settings, () => Server.Build(settings, TimeProvider.System), Preparation.PrepareAsync, cancel));

/// <summary>The table of contents: every room. Every URL is in <see cref="OAuthServer.Routes"/>.</summary>
public static class Server
{
    /// <summary>The whole server, ready to run.</summary>
    /// <param name="change">Replaces services, such as the network documents are fetched over; tests only.</param>
    public static WebApplication Build(Settings settings, TimeProvider time, Action<IServiceCollection>? change = null)
    {
        var builder = HttpRoom.CreateHost(settings, time);
        var rooms = builder.Services;
        rooms.AddProtocol(); rooms.AddStores(settings);
        rooms.AddAudit(); rooms.AddFetch(); rooms.AddLimits(); rooms.AddKeys(); rooms.AddGrants(); rooms.AddTokens();
        rooms.AddClients(); rooms.AddUsers(); rooms.AddFactors(); rooms.AddFederation(); rooms.AddTrust();
        rooms.AddMail(); rooms.AddLogout(); rooms.AddMaintenance();
        rooms.AddHttp(settings); rooms.AddObservability(settings); rooms.AddHtml(settings);
        // By the name of its class: ASP.NET Core has an AddAuthorization of its own.
        AuthorizationRoom.AddAuthorization(rooms);
        rooms.AddToken(); rooms.AddUserInfo(); rooms.AddRevocation(); rooms.AddRegistration();
        rooms.AddDiscovery(); rooms.AddAccount(); rooms.AddAdmin(); rooms.AddPlayground();
        change?.Invoke(rooms);

        var app = builder.Build();
        app.UsePipeline(settings, Refusals.RefuseAsync);
        app.UseEarlierSessions(settings);
        OAuthServer.Routes.Map(app, settings);
        return app;
    }
}
