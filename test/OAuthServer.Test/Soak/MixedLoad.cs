using System.Collections.Concurrent;
using System.Diagnostics;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Soak;

/// <summary>
/// What clients, people and passers-by ask of a server, fifty requests a second on the beat, from one address and within the limits a
/// server has by default: tokens for machines, whole code flows, refreshes, introspection, refused authorization requests,
/// registrations, sign-ins, wrong secrets, pages and metadata.
/// </summary>
public sealed class MixedLoad
{
    public const int PerSecond = 50;
    private const int Kept = 200;

    // A second of the mix; a code flow is two requests.
    private static readonly (int Times, Func<MixedLoad, Task> Act)[] Mix =
    [
        (15, load => load.MachineAsync()), (3, load => load.CodeFlowAsync()), (10, load => load.RefreshAsync()),
            (8, load => load.IntrospectAsync()),
        (1, load => load.GarbageAsync()), (2, load => load.NoChallengeAsync()), (2, load => load.OtherRedirectAsync()),
            (1, load => load.RevokeAsync()),
        (1, load => load.GetAsync(Paths.ServerMetadata, 200)), (1, load => load.GetAsync(Paths.Jwks, 200)),
            (1, load => load.GetAsync(Paths.Login, 200)),
        (1, load => load.GetAsync("/no-such-page", 404)), (1, load => load.RareAsync()),
    ];

    private static readonly Func<MixedLoad,
        Task>[] Turns = [.. Shuffled(Mix.SelectMany(entry => Enumerable.Repeat(entry.Act, entry.Times)))];

    private readonly TestServer server;
    private readonly TestClient[] machines;
    private readonly TestClient app, api;
    private readonly Browser browser;
    private readonly Person alice;
    private readonly HttpClient http;
    private readonly ConcurrentQueue<string> refreshTokens = [], accessTokens = [];
    private readonly ConcurrentQueue<double> took = [];
    private readonly ConcurrentDictionary<string, int> unexpected = [];
    private int turn, rare, answered, told;

    private MixedLoad(TestServer server, TestClient[] machines, TestClient app, TestClient api, Person alice) =>
        (this.server, this.machines, this.app, this.api, this.alice, browser, http) =
            (server, machines, app, api, alice, server.NewBrowser(), server.NewHttp());

    /// <summary>Requests answered so far.</summary>
    public int Answered => answered;

    /// <summary>Answers nobody expected, by what they were, and how many.</summary>
    public IReadOnlyDictionary<string, int> Unexpected => unexpected;

    /// <summary>All that was unexpected, when there is more of it than when this was last asked; else nothing.</summary>
    public string TakeUnexpected()
    {
        var (before, now) = (told, unexpected.Values.Sum());
        told = now;
        return now == before ? "" : string.Join('\n', unexpected.Select(pair => $"unexpected: {pair.Value} times {pair.Key}"));
    }

    public static async Task<MixedLoad> OfAsync(TestServer server)
    {
        TestClient[] machines = [await server.MachineAsync(), await server.MachineAsync("client_secret_post"), await server.MachineAsync()];
        var load =
            new MixedLoad(server, machines, await server.PublicClientAsync(), await server.ResourceServerAsync(), await server.UserAsync());
        // A cold server pays for each secret's slow hash once: in turn, before fifty a second wait for the same one.
        foreach (var machine in machines) await machine.CredentialsAsync();
        await load.GarbageAsync();
        for (var i = 0; i < 5; i++) await load.CodeFlowAsync();
        return load;
    }

    /// <summary>Sends on the beat, whether or not the one before was answered.</summary>
    public async Task RunAsync(TimeSpan length)
    {
        var began = Stopwatch.GetTimestamp();
        var inFlight = new List<Task>();
        for (var sent = 0; ; sent++)
        {
            var due = TimeSpan.FromSeconds((double)sent / Turns.Length);
            if (due >= length) break;
            var wait = due - Stopwatch.GetElapsedTime(began);
            if (wait > TimeSpan.Zero) await Task.Delay(wait);
            inFlight.RemoveAll(task => task.IsCompleted);
            var act = Turns[turn++ % Turns.Length];
            inFlight.Add(Task.Run(() => TryAsync(act)));
        }

        await Task.WhenAll(inFlight);
    }

    /// <summary>Milliseconds under which 99 of 100 requests stayed since this was last asked.</summary>
    public double TakeP99()
    {
        var since = new List<double>();
        while (took.TryDequeue(out var one)) since.Add(one);
        since.Sort();
        return since.Count == 0 ? 0 : since[(int)(since.Count * 0.99)];
    }

    private async Task TryAsync(Func<MixedLoad, Task> act)
    {
        try { await act(this); }
        catch (Exception fault) { Note(fault.GetType().Name + ": " + fault.Message.Split('\n')[0]); }
    }

    private async Task MachineAsync() => Remember(
        accessTokens, (await ExpectAsync(machines[turn % machines.Length].CredentialsAsync(), 200)).AccessToken);

    private async Task CodeFlowAsync()
    {
        var verifier = TestClient.NewVerifier();
        var landed = await browser.AllowAsync(app.AuthorizeQuery(verifier, ("scope", "notes:read offline_access")), alice);
        Interlocked.Increment(ref answered);
        var code = landed.Parameters["code"] ?? throw new InvalidOperationException($"no code, but {landed.Reply.Status}");
        Remember(refreshTokens, (await ExpectAsync(app.RedeemAsync(new Code(code, verifier, app.Redirect)), 200)).RefreshToken!);
    }

    private async Task RefreshAsync()
    {
        if (!refreshTokens.TryDequeue(out var token)) return;
        var reply = await ExpectAsync(app.RefreshAsync(token), 200);
        Remember(refreshTokens, reply.RefreshToken!);
        Remember(accessTokens, reply.AccessToken);
    }

    private async Task IntrospectAsync()
    {
        if (accessTokens.TryDequeue(out var token)) await ExpectAsync(api.IntrospectAsync(token), 200);
    }

    private Task GarbageAsync() => ExpectAsync(api.IntrospectAsync("no.such.token"), 200);

    private Task NoChallengeAsync() => ExpectAsync(
        new Browser(server, http), $"{Paths.Authorize}?" + app.AuthorizeQuery("", ("code_challenge", null)), 303);

    private Task OtherRedirectAsync() => ExpectAsync(
        new Browser(server, http), $"{Paths.Authorize}?" + app.AuthorizeQuery("", ("redirect_uri", "https://elsewhere.example/cb")), 400);

    private async Task RevokeAsync()
    {
        if (refreshTokens.Count > Kept / 2 && refreshTokens.TryDequeue(out var token)) await ExpectAsync(app.RevokeAsync(token), 200);
    }

    private Task GetAsync(string path, int status) => ExpectAsync(new Browser(server, http), path, status);

    // One in a second: registrations stay below the ten a minute one address has.
    private Task RareAsync() => (rare++ % 10) switch
    {
        0 => RegisterAsync(),
        2 => ExpectAsync(machines[0].With("a-guess").CredentialsAsync(), 401),
        5 => SignInAsync(),
        7 => GetAsync(Paths.Authorize, 400),
        _ => GetAsync(Paths.Ready, 200),
    };

    private async Task RegisterAsync()
    {
        var body =
            Requests.Form("""{"client_name":"Soak","redirect_uris":["http://127.0.0.1/callback"],"token_endpoint_auth_method":"none"}""",
                "application/json");
        await ExpectAsync(http.ReplyAsync(HttpMethod.Post, Paths.Register, body), 201);
    }

    private async Task SignInAsync()
    {
        var fresh = new Browser(server, http);
        var landed = await fresh.SignInAsync(alice);
        Interlocked.Add(ref answered, 2);
        if (!landed.Is(Paths.ConnectedApps)) Note($"sign-in ended at {landed.Url.Split('?')[0]} with {landed.Reply.Status}");
    }

    private Task<Reply> ExpectAsync(Browser browser, string path, int status) => ExpectAsync(browser.GetAsync(path), status);

    private async Task<Reply> ExpectAsync(Task<Reply> asked, int status)
    {
        var began = Stopwatch.GetTimestamp();
        var reply = await asked;
        took.Enqueue(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
        Interlocked.Increment(ref answered);
        return reply.Status == status ? reply : throw new InvalidOperationException($"{reply.Status} {reply.Error} instead of {status}");
    }

    private void Note(string what) => unexpected.AddOrUpdate(what, 1, (_, count) => count + 1);

    private static void Remember(ConcurrentQueue<string> tokens, string token)
    {
        tokens.Enqueue(token);
        while (tokens.Count > Kept) tokens.TryDequeue(out _);
    }

    // Turns of one kind apart from each other; the same order every time.
    private static IEnumerable<T> Shuffled<T>(IEnumerable<T> turns)
    {
        var all = turns.ToArray();
        return all.Select((turn, index) => (turn, Place: index * 29 % all.Length)).OrderBy(entry => entry.Place)
            .Select(entry => entry.turn);
    }
}
