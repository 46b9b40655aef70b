using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Pages;

/// <summary>What every walk finds: a server, apps of both kinds, and another site on the same computer.</summary>
public sealed class World : IAsyncDisposable
{
    public required TestServer Server { get; init; }

    /// <summary>An app the operator registered; its answers go to client.example, where nobody is.</summary>
    public required TestClient App { get; init; }

    /// <summary>An app that registered itself and waits on this computer, at <see cref="Elsewhere"/>.</summary>
    public required TestClient Stranger { get; init; }

    public required TestClient Machine { get; init; }

    /// <summary>The administrator.</summary>
    public required Person Olivia { get; init; }

    /// <summary>What her browser remembers once she has signed in: her pages list her sessions, and a page with hundreds is none anybody would see.</summary>
    public string? OliviaSignedIn { get; set; }

    /// <summary>A machine that is disabled.</summary>
    public required TestClient Idle { get; init; }

    public required Neighbour Elsewhere { get; init; }

    /// <param name="words">What the apps and their rights are called; null: harmless names.</param>
    public static async Task<World> MakeAsync(string? words = null)
    {
        var (server, elsewhere) = (await TestServer.StartAsync(), await Neighbour.StartAsync());
        await Walker.SeedAsync(server);
        var world = new World
        {
            Server = server,
            Elsewhere = elsewhere,
            Olivia = await server.PersonAsync("olivia", "admin"),
            Machine = await server.MachineAsync(),
            Idle = await server.MachineAsync(),
            App = await server.PublicClientAsync(),
            Stranger = await server.PublicClientAsync($"{elsewhere.OtherSite}/callback", origin: "self-registered", resource: null),
        };
        await server.ExecuteAsync("update clients set enabled = false where client_id = @id", new { id = world.Idle.Id });
        if (words is not null)
        {
            await server.ExecuteAsync("update clients set name = @words; update resources set name = @words; update scope_texts set text = @words", new { words });
            // The edits are heard a moment after they were made.
            foreach (var app in new[] { world.App, world.Stranger })
                await Eventually.BecomesTrueAsync(async () => !(await server.NewBrowser().FollowAsync($"{Paths.Authorize}?{app.AuthorizeQuery(TestClient.NewVerifier())}")).Reply.Body.Contains(app.Id));
        }

        return world;
    }

    public async ValueTask DisposeAsync()
    {
        await Elsewhere.DisposeAsync();
        await Server.DisposeAsync();
    }
}
