using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Html;

/// <summary>What every walk finds: a server, apps of both kinds, and another site on the same computer.</summary>
public sealed class PageFixture : IAsyncDisposable
{
    public required TestServer Server { get; init; }

    /// <summary>An app the operator registered; its answers go to client.example, where nobody is.</summary>
    public required TestClient App { get; init; }

    /// <summary>An app that registered itself and waits on this computer, at <see cref="ExternalServer"/>.</summary>
    public required TestClient Stranger { get; init; }

    /// <summary>An app that is known by its document, and waits there, too.</summary>
    public required TestClient Document { get; init; }

    /// <summary>A television, which shows codes.</summary>
    public required TestClient Tv { get; init; }

    public required TestClient Machine { get; init; }

    /// <summary>The administrator.</summary>
    public required Person Olivia { get; init; }

    /// <summary>
    /// What her browser remembers once she has signed in: her pages list her sessions, and a page with hundreds is none anybody
    /// would see.
    /// </summary>
    public string? OliviaSignedIn { get; set; }

    /// <summary>A machine that is disabled.</summary>
    public required TestClient Idle { get; init; }

    public required OtherSite ExternalServer { get; init; }

    /// <summary>Where <see cref="Company"/> is.</summary>
    public required LyingProvider Companies { get; init; }

    /// <summary>A company that people sign in at, once a walk has made a row for it.</summary>
    public required Company Company { get; init; }

    /// <summary>What somebody else calls a row while it is open in a form.</summary>
    public required string Words { get; init; }

    /// <param name="words">What the apps and their rights are called; null: harmless names.</param>
    public static async Task<PageFixture> MakeAsync(string? words = null)
    {
        var (server, elsewhere) = (await TestServer.StartAsync(Narrow), await OtherSite.StartAsync());
        var companies = await LyingProvider.StartAsync();
        await PageTourFixture.SeedAsync(server);
        var world = new PageFixture
        {
            Server = server,
            ExternalServer = elsewhere,
            Companies = companies,
            Company = companies.NewCompany(),
            Words = words ?? "Changed meanwhile",
            Olivia = await server.UserAsync("olivia", "admin"),
            Machine = await server.MachineAsync(),
            Idle = await server.MachineAsync(),
            App = await server.PublicClientAsync(),
            Stranger = await server.PublicClientAsync($"{elsewhere.CrossSite}/callback", origin: "self-registered", resource: null),
            Tv = await server.AddClientAsync("tv", "user-facing", "none", [], "notes:read notes:write offline_access", "operator",
            Cast.Notes,
                null),
            Document = await server.DocumentClientAsync($"{elsewhere.CrossSite}/callback"),
        };
        await server.ExecuteAsync("update clients set enabled = false where client_id = @id", new { id = world.Idle.Id });
        await server.ExecuteAsync("update clients set grant_types = '{device_code,refresh_token}' where client_id = @Id", new { world.Tv.Id });
        await server.HearsOfAsync(world.Tv, row => row.GrantTypes.Length == 2);
        if (words is not null)
        {
            await server.ExecuteAsync(
                "update clients set name = @words; update resources set name = @words; update scope_texts set text = @words",
                new { words });
            // The edits are heard a moment after they were made.
            foreach (var app in new[] { world.App, world.Stranger, world.Document })
                await Eventually.BecomesTrueAsync(async () =>
                    !(await server.NewBrowser().FollowAsync($"{Paths.Authorize}?{app.AuthorizeQuery(TestClient.NewVerifier())}")).Reply.Body
                    .Contains(app.Id));
        }

        return world;
    }

    // Few enough failed sign-ins for a walk to use them up, at an address of its own that a proxy names.
    private static Settings Narrow(Settings settings) => settings with { LoginsPerMinute = 20, TrustedProxies = "127.0.0.1 ::1" };

    public async ValueTask DisposeAsync()
    {
        await ExternalServer.DisposeAsync();
        await Companies.DisposeAsync();
        await Server.DisposeAsync();
    }
}
