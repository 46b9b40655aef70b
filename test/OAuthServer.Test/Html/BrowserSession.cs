using System.Collections.Concurrent;
using FluentAssertions;
using Microsoft.Playwright;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;
using OAuthServer.Users;

namespace OAuthServer.Test.Html;

/// <summary>
/// Somebody in front of Chromium, who opens addresses, types and presses. What they use is named by a CSS selector, never by words:
/// the same walk goes through every language.
/// </summary>
public sealed class BrowserSession : IAsyncDisposable
{
    private readonly IBrowserContext context;

    private BrowserSession(PageFixture world, Person? person, IBrowserContext context, IPage page)
    {
        (PageFixture, Person, this.context, Page) = (world, person, context, page);
        page.Response += (_, response) =>
        {
            if (response.Request.IsNavigationRequest && response.Frame == page.MainFrame) Status = response.Status;
        };
        page.Dialog += async (_, dialog) =>
        {
            Alarms.Enqueue(dialog.Message);
            await dialog.DismissAsync();
        };
        page.Console += (_, message) => Alarms.Enqueue(message.Text);
    }

    public PageFixture PageFixture { get; }

    /// <summary>Who they are, signed in or not; null for nobody.</summary>
    public Person? Person { get; }

    public IPage Page { get; }

    /// <summary>Of the answer they look at.</summary>
    public int Status { get; private set; }

    /// <summary>What scripts said or showed, and what the browser complained about.</summary>
    public ConcurrentQueue<string> Alarms { get; } = [];

    /// <summary>Adds an authenticator app: recovery codes are shown.</summary>
    public async Task AddAppAsync()
    {
        await OpenAsync(Paths.SecondFactor);
        await PressAsync("main form button");
        var app = new AuthenticatorApp(await Page.InnerTextAsync("code.setup-key"), PageFixture.Server.Clock);
        await Page.FillAsync("input[name=code]", app.Code());
        await PressAsync("main form button.primary");
    }

    /// <summary>A person of one's own, who has not done anything yet; Olivia is always the same.</summary>
    public static async Task<BrowserSession> ArriveAsync(PageFixture world, PageViewer who, Look look)
    {
        var person = who switch
        {
            PageViewer.Nobody => null,
            PageViewer.Olivia => world.Olivia,
            PageViewer.Oscar => await world.Server.UserAsync("oscar", "admin"),
            _ => await world.Server.UserAsync(who.ToString().ToLowerInvariant()),
        };
        var context = await Chromium.OpenAsync(who == PageViewer.Olivia ? look with { Remembered = world.OliviaSignedIn } : look);
        return new BrowserSession(world, person, context, await context.NewPageAsync());
    }

    /// <summary>Opens one page of the table, and makes sure that it is the one.</summary>
    public static async Task<BrowserSession> OpenAsync(PageFixture world, PageCase pageCase, Look look)
    {
        var visitor = await ArriveAsync(world, pageCase.Viewer, look);
        try
        {
            if (visitor.Person is not null && (pageCase.Viewer != PageViewer.Olivia || world.OliviaSignedIn is null))
                await visitor.SignInAsync();
            if (pageCase.Viewer == PageViewer.Oscar) await visitor.WaitAnHourAsync();
            if (pageCase.Viewer == PageViewer.Olivia) world.OliviaSignedIn ??= await visitor.context.StorageStateAsync();
            await pageCase.Open(visitor);
            var path = new Uri(visitor.Page.Url).AbsolutePath;
            return visitor.Page.Url.StartsWith(world.Server.Issuer, StringComparison.Ordinal) && path == pageCase.Path
                && visitor.Status == pageCase.Status
                ? visitor
                : throw new InvalidOperationException(
                    $"The walk to '{pageCase}' ended at {visitor.Page.Url} with "
                        + $"{visitor.Status}:\n{await visitor.Page.InnerTextAsync("body")}");
        }
        catch
        {
            await visitor.DisposeAsync();
            throw;
        }
    }

    // By the row of the session: the clock is everybody's.
    private Task WaitAnHourAsync() => PageFixture.Server.ExecuteAsync(
        "update sessions set authenticated_at = authenticated_at - interval '1 hour' where subject = @Subject", Person);

    /// <summary>Comes by a proxy from an address nobody else has, and mistypes there until that is too often.</summary>
    public async Task MistypeTooOftenAsync()
    {
        var address = $"2001:db8:{Guid.NewGuid().ToString("N")[..4]}:{Guid.NewGuid().ToString("N")[..4]}::1";
        await Page.SetExtraHTTPHeadersAsync(new Dictionary<string, string> { ["X-Forwarded-For"] = address });
        await AskedByAsync(PageFixture.App);
        var now = PageFixture.Server.Clock.GetUtcNow();
        var (signIn, request) =
            (PageFixture.Server.Get<SignIn>(), new RequestContext { RequestId = TimedId.NewRequestId(now), At = now, Address = address });
        // One try comes back every three seconds, and a busy browser may take longer for one: the last ones are not typed.
        for (var tries = 0; tries < 5 && Status != 429; tries++)
        {
            while ((await signIn.AuthenticateAsync("somebody", "not the password", request, CancellationToken.None))
                .Refused(out var error, out _) && error.Status != 429) { }
            await SignInAsync("somebody", "not the password");
        }
    }

    /// <summary>The code a television shows.</summary>
    public async Task<string> DeviceCodeAsync() =>
        (await PageFixture.Tv.PostAsync(Paths.DeviceAuthorization)).Json.GetProperty("user_code").GetString()!;

    /// <summary>Types the code of a device.</summary>
    public async Task TypeCodeAsync(string code)
    {
        await OpenAsync(Paths.Device);
        await Page.FillAsync("input[name=user_code]", code);
        await PressAsync("main form button.primary");
    }

    /// <summary>Types an address of ours into the bar.</summary>
    public Task OpenAsync(string pathAndQuery) => Page.GotoAsync(PageFixture.Server.Issuer + pathAndQuery);

    /// <summary>Is sent to /authorize by an app.</summary>
    public Task AskedByAsync(TestClient client, params (string Name, string? Value)[] changes) =>
        OpenAsync($"{Paths.Authorize}?{client.AuthorizeQuery(TestClient.NewVerifier(), changes)}");

    /// <summary>Lets the stranger in, who takes what there is to take.</summary>
    public async Task ConnectAsync(string scope)
    {
        var verifier = TestClient.NewVerifier();
        await OpenAsync($"{Paths.Authorize}?{PageFixture.Stranger.AuthorizeQuery(verifier, ("scope", scope), ("prompt", "consent"))}");
        await PressAsync("button[value=allow]");
        (await PageFixture.Stranger
            .RedeemAsync(new Code(Parameters.OfQuery(new Uri(Page.Url).Query)["code"]!, verifier, PageFixture.Stranger.Redirect)))
            .Should().HaveIssuedTokens();
    }

    /// <summary>Signs in where that is asked, or else at /login.</summary>
    public async Task SignInAsync(string? username = null, string? password = null)
    {
        if (await Page.Locator("input[name=password]").CountAsync() == 0) await OpenAsync(Paths.Login);
        await TypeAsync("input[name=username]", username ?? Person!.Username);
        await TypeAsync("input[name=password]", password ?? Cast.Password);
        await PressAsync("main button.primary");
    }

    public Task TypeAsync(string selector, string text) => Page.Locator(selector).FillAsync(text);

    /// <summary>Presses a button or follows a link, and waits for the page it leads to.</summary>
    public Task PressAsync(string selector) => LeaveAsync(() => Page.Locator(selector).First.ClickAsync());

    /// <summary>Does what leads to another page, and waits for it.</summary>
    public async Task LeaveAsync(Func<Task> act)
    {
        var arrived = new TaskCompletionSource();
        void Arrive(object? sender, IPage page) => arrived.TrySetResult();
        Page.Load += Arrive;
        try
        {
            await act();
            await arrived.Task.WaitAsync(TimeSpan.FromSeconds(15));
        }
        finally
        {
            Page.Load -= Arrive;
        }
    }

    /// <summary>Another tab of the same browser.</summary>
    public Task<IPage> NewTabAsync() => context.NewPageAsync();

    public ValueTask DisposeAsync() => context.DisposeAsync();
}
