using System.Net;
using System.Net.Sockets;
using Dapper;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using OAuthServer.Keys;
using OAuthServer.Protocol;

namespace OAuthServer.Test.Support;

/// <summary>The real server on a real port and a real database, in this process so that its clock can travel.</summary>
public sealed class TestServer : IAsyncDisposable
{
    private const int FirstPort = 10_000;
    private const uint Ports = 10_000;

    // Far from where another run of the tests began.
    private static int lastPort = Environment.ProcessId * 503;

    private readonly WebApplication? app;

    private TestServer(WebApplication? app, Settings settings, Clock clock) => (this.app, Settings, Clock) = (app, settings, clock);

    public Settings Settings { get; }

    public Clock Clock { get; }

    public string Issuer => Settings.Issuer;

    public IServiceProvider Services => app?.Services ?? throw new InvalidOperationException("this server is another process");

    /// <summary>Starts on a free port; limits are wide unless <paramref name="change"/> narrows them.</summary>
    /// <param name="database">Null: a fresh clone of the template.</param>
    /// <param name="services">Replaces services, such as the network documents are fetched over.</param>
    public static async Task<TestServer> StartAsync(Func<Settings, Settings>? change = null, string? database = null, Clock? clock = null,
        bool waitUntilReady = true, Action<IServiceCollection>? services = null)
    {
        var settings = new Settings
        {
            Issuer = $"http://localhost:{FreePort()}",
            Database = database ?? await TestDatabase.CloneAsync(),
            KeyEncryptionKey = Convert.ToBase64String(new byte[32]),
            BcryptCost = 10,
            HashQueueMilliseconds = 60_000,
            FailuresPerSecond = 100_000,
            ClientRequestsPerSecond = 1_000_000,
            ClientBurst = 1_000_000,
            LoginsPerMinute = 100_000,
            PasskeyOptionsPerMinute = 100_000,
            AuthorizationsPerMinute = 100_000,
            RefusalsPerMinute = 100_000,
            ConsentsPerMinute = 100_000,
            FederationStartsPerMinute = 100_000,
            FederationReturnsPerMinute = 100_000,
            RegistrationsPerMinute = 100_000,
            RegistrationsPerMinuteInAll = 100_000,
            SecretRegistrationsPerMinuteInAll = 100_000,
            MaxClockSkewSeconds = int.MaxValue,
            ShutdownGraceSeconds = 0,
            SecondFactor = "optional",
            Development = true,
        };
        settings = change?.Invoke(settings) ?? settings;
        clock ??= new Clock();
        var server = new TestServer(Server.Build(settings, clock, services), settings, clock);
        await server.app!.StartAsync();
        if (waitUntilReady) await server.WaitUntilReadyAsync();
        return server;
    }

    /// <summary>A server that runs elsewhere with these settings: its rows and its replies, not its insides.</summary>
    public static TestServer ExternalServer(Settings settings) => new(null, settings, new Clock());

    /// <summary>A second server on the same database, with the same issuer and keys, on another port.</summary>
    public Task<TestServer> StartSecondInstanceAsync(
        Func<Settings, Settings>? change = null, Action<IServiceCollection>? services = null) =>
        StartAsync(_ => (change ?? (settings => settings))(Settings with { Listen = $"http://localhost:{FreePort()}" }), Settings.Database,
            Clock, services: services);

    public async Task WaitUntilReadyAsync()
    {
        using var http = NewHttp();
        for (var i = 0; i < 200; i++)
        {
            if ((await http.GetAsync(Paths.Ready)).IsSuccessStatusCode) return;
            await Task.Delay(50);
        }

        throw new TimeoutException("the server did not become ready: " + await http.GetStringAsync(Paths.Ready));
    }

    /// <summary>A plain client: no redirects followed, no cookies kept.</summary>
    public HttpClient NewHttp() => new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        UseProxy = false,
        MaxConnectionsPerServer = 256,
        // A proxy of a test has a certificate that the test has made.
        SslOptions = { RemoteCertificateValidationCallback = (_, _, _, _) => true },
    })
    {
        BaseAddress = new Uri(Settings.Listen.Length > 0 ? Settings.Listen : Issuer),
        DefaultRequestHeaders = { Host = Settings.IssuerAuthority },
    };

    /// <summary>Rows by plain SQL, as an operator's psql would see them.</summary>
    public async Task<List<T>> QueryAsync<T>(string sql, object? parameters = null)
    {
        await using var connection = new NpgsqlConnection(Settings.Database);
        return (await connection.QueryAsync<T>(sql, parameters)).AsList();
    }

    public async Task<T> ScalarAsync<T>(string sql, object? parameters = null)
    {
        await using var connection = new NpgsqlConnection(Settings.Database);
        return (await connection.ExecuteScalarAsync<T>(sql, parameters))!;
    }

    public async Task ExecuteAsync(string sql, object? parameters = null)
    {
        await using var connection = new NpgsqlConnection(Settings.Database);
        await connection.ExecuteAsync(sql, parameters);
    }

    /// <summary>A public native client that no other test knows.</summary>
    public Task<TestClient> PublicClientAsync(string redirect = Cast.Redirect,
        string scopes = "notes:read notes:write notes:delete offline_access", string origin = "operator", string? resource = Cast.Notes) =>
        AddClientAsync("pub", "user-facing", "none", [redirect], scopes, origin, resource, null);

    /// <summary>A client that is known by its document, which is fresh: nobody fetches it.</summary>
    public async Task<TestClient> DocumentClientAsync(string redirect = Cast.Redirect)
    {
        var id = $"https://{Guid.NewGuid().ToString("N")[..12]}.example/client.json";
        await ExecuteAsync(
            """
            insert into clients (client_id, kind, name, origin, redirect_uris, auth_method)
                values (@id, 'user-facing', @name, 'document', array[@redirect], 'none');
            insert into client_documents (client_id, fetched_at, fresh_until, body_hash, trust_hash)
                values (@id, now(), now() + interval '1 year', sha256('the document'), sha256('the document'));
            """,
            new { id, name = $"The {id} app", redirect });
        return new TestClient(this, id, null, "none", redirect);
    }

    /// <summary>A confidential web client.</summary>
    public Task<TestClient> ConfidentialClientAsync(
        string method = "client_secret_basic", string redirect = Cast.Redirect, string scopes = "notes:read notes:write offline_access") =>
        AddClientAsync("conf", "user-facing", method, [redirect], scopes, "operator", Cast.Notes, Cast.Secret);

    /// <summary>A machine with a secret.</summary>
    public Task<TestClient> MachineAsync(
        string method = "client_secret_basic", string scopes = "notes:read read_sensors", string defaultScopes = "notes:read") =>
        AddClientAsync("m2m", "machine", method, [], scopes, "operator", Cast.Notes, Cast.Secret, defaultScopes);

    /// <summary>A resource server that introspects for one resource.</summary>
    public Task<TestClient> ResourceServerAsync(string resource = Cast.Notes) =>
        AddClientAsync("rs", "resource-server", "client_secret_basic", [], "", "operator", resource, Cast.Secret);

    public async Task<TestClient> AddClientAsync(
        string prefix, string kind, string method, string[] redirects, string scopes, string origin, string? resource, string? secret,
            string defaultScopes = "")
    {
        var id = $"{prefix}-{Guid.NewGuid().ToString("N")[..12]}";
        await ExecuteAsync(
            """
            insert into clients (client_id, kind, name, origin, redirect_uris,
                scopes, default_scopes, resources, default_resource, auth_method)
            values (@id, @kind, @name, @origin, @redirects, @scopes, @defaults, @resources, @resource, @method)
            """,
            new
            {
                id,
                kind,
                method,
                origin,
                resource,
                redirects,
                name = $"The {id} app",
                scopes = Words(scopes),
                defaults = Words(defaultScopes),
                resources = kind == "resource-server" ? new[] { resource! } : origin == "operator" ? [Cast.Notes, Cast.Sensors] : [],
            });
        if (secret is not null)
            await ExecuteAsync("insert into client_secrets (client_id, hash) values (@id, @hash)", new { id, hash = Cast.SecretHashed });
        return new TestClient(this, id, secret, method, redirects.FirstOrDefault() ?? "");
    }

    /// <summary>A person with <see cref="Cast.Password"/>.</summary>
    public async Task<Person> UserAsync(string name = "alice", string role = "user")
    {
        var username = $"{name}-{Guid.NewGuid().ToString("N")[..8]}";
        var subject =
            await ScalarAsync<Guid>("insert into users (username, password_hash, role) values (@username, @hash, @role) returning subject",
            new { username, hash = Cast.PasswordHash, role });
        return new Person(username, subject);
    }

    /// <summary>What the audit log kept for an answer.</summary>
    public Task<List<AuditLine>> AuditAsync(Reply reply) => QueryAsync<AuditLine>(
        "select event, outcome, client_id, subject, error, rule, reason, expected, got, detail from audit_events "
            + "where request_id = @id order by at", new { id = reply.RequestId });

    public T Get<T>() where T : notnull => Services.GetRequiredService<T>();

    /// <summary>Makes a hash as an operator's tool would.</summary>
    public static string Hash(string secret) => SecretHash.Make(secret, 10);

    public async ValueTask DisposeAsync()
    {
        if (app is null) return;
        await app.StopAsync();
        await app.DisposeAsync();
        await using var connection = new NpgsqlConnection(Settings.Database);
        NpgsqlConnection.ClearPool(connection);
    }

    /// <summary>
    /// A port nobody listens on, another one each time. Below the range that outgoing connections take theirs from, so that none
    /// of them has it before its server does, and below the ports of `make smoke` and `make interop`.
    /// </summary>
    public static int FreePort()
    {
        while (true)
        {
            var port = FirstPort + (int)((uint)Interlocked.Increment(ref lastPort) % Ports);
            try
            {
                using var listener = new TcpListener(IPAddress.Loopback, port);
                listener.Start();
                return port;
            }
            catch (SocketException fault) when (fault.SocketErrorCode == SocketError.AddressAlreadyInUse)
            {
                // Somebody else's.
            }
        }
    }

    private static string[] Words(string text) => text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
}

/// <summary>A person of one test.</summary>
public sealed record Person(string Username, Guid Subject)
{
    public string Password => Cast.Password;
}

/// <summary>A row of the audit log, as tests read it.</summary>
public sealed record AuditLine
{
    public string Event { get; init; } = "";
    public string Outcome { get; init; } = "";
    public string? ClientId { get; init; }
    public string? Subject { get; init; }
    public string? Error { get; init; }
    public string? Rule { get; init; }
    public string? Reason { get; init; }
    public string? Expected { get; init; }
    public string? Got { get; init; }
    public string? Detail { get; init; }
}
