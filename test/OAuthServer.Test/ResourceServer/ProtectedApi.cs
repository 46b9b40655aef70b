using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using OAuthServer.ResourceServer;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.ResourceServer;

/// <summary>An API on a port of its own, protected by the library as its README shows.</summary>
public sealed class ProtectedApi : IAsyncDisposable
{
    private readonly WebApplication app;

    private ProtectedApi(WebApplication app, string url) => (this.app, Url, Http) = (
        app, url, new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = new Uri(url) });

    public string Url { get; }

    public HttpClient Http { get; }

    public RevocationList Revocations => app.Services.GetRequiredService<RevocationList>();

    /// <summary>/read and /write demand their scope, /delete that and the one of /write, /any any good token.</summary>
    /// <param name="client">The API's own client, for feed and introspection; null for neither.</param>
    public static async Task<ProtectedApi> StartAsync(
        TestServer server, TestClient? client = null, Action<OAuthResourceOptions>? change = null, TimeProvider? time = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        var url = $"http://localhost:{TestServer.FreePort()}";
        builder.WebHost.UseUrls(url);
        builder.Services.AddSingleton(time ?? server.Clock);
        builder.Services.AddOAuthResource(server.Issuer, Cast.Notes, options =>
        {
            options.ResourceName = "Notes";
            options.ScopesSupported.Add("notes:read");
            options.ScopesSupported.Add("notes:write");
            (options.ClientId, options.ClientSecret) = (client?.Id, client?.Secret);
            change?.Invoke(options);
        });
        var app = builder.Build();
        app.MapOAuthResourceMetadata();
        app.MapAuthRequest("/auth");
        app.MapGet("/read", (HttpContext http) => http.User.Subject()).RequireScope("notes:read");
        app.MapGet("/write", (HttpContext http) => http.User.ClientId()).RequireScope("notes:write");
        app.MapGet("/delete", () => "ok").RequireScope("notes:write").RequireScope("notes:delete");
        app.MapGet("/any", () => "ok").RequireScope();
        app.MapGet("/actors", (HttpContext http) => string.Join(' ', http.User.Actors())).RequireScope();
        app.MapGet("/only-agent", () => "ok").RequireActor("agent-of-the-tests");
        app.MapGet("/nobody-between", () => "ok").RequireNoActor();
        await app.StartAsync();
        var api = new ProtectedApi(app, url);
        if (client is not null && change is null)
            await Eventually.BecomesTrueAsync(() => Task.FromResult(api.Revocations.Age is not null), TimeSpan.FromSeconds(30));
        return api;
    }

    /// <summary>The same as DPoP, with these proofs.</summary>
    public async Task<Reply> GetBoundAsync(string path, string token, params string[] proofs)
    {
        using var message = new HttpRequestMessage(HttpMethod.Get, path);
        message.Headers.TryAddWithoutValidation("Authorization", $"DPoP {token}");
        foreach (var proof in proofs) message.Headers.TryAddWithoutValidation("DPoP", proof);
        return await Reply.ReadAsync(await Http.SendAsync(message));
    }

    public async Task<Reply> GetAsync(string path, string? token = null, string scheme = "Bearer")
    {
        using var message = new HttpRequestMessage(HttpMethod.Get, path);
        if (token is not null) message.Headers.TryAddWithoutValidation("Authorization", $"{scheme} {token}");
        return await Reply.ReadAsync(await Http.SendAsync(message));
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await app.StopAsync();
        await app.DisposeAsync();
    }
}
