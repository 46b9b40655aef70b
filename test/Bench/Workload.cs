namespace OAuthServer.Bench;

/// <summary>What a workload is a share of.</summary>
internal enum Limit
{
    /// <summary>F: ASP.NET Core alone.</summary>
    Bare,

    /// <summary>J: the same with a signed JWT.</summary>
    Jwt,

    /// <summary>C: what is left when J and the server's own statement must both be paid, 1 / (1/J + 1/P).</summary>
    JwtAndStatement,
}

/// <summary>One kind of request, as wrk sends it.</summary>
internal sealed record Workload
{
    public required string Name { get; init; }
    public required string Title { get; init; }
    public required string Path { get; init; }

    /// <summary>The script in load/; null: a plain GET.</summary>
    public string? Script { get; init; }
    public int Connections { get; init; } = 32;

    /// <summary>What its clients sign with; null: they sign nothing.</summary>
    public string? ProofAlg { get; init; }
    public Limit Against { get; init; }

    /// <summary>The least share of the limit.</summary>
    public double Target { get; init; }

    /// <summary>The most bytes a request may allocate; null: not judged.</summary>
    public double? MostBytes { get; init; }

    /// <summary>F.</summary>
    public static Workload Bare { get; } = new()
    {
        Name = "F",
        Title = "F: ASP.NET Core alone, a form in, 900 bytes out",
        Path = Limits.BarePath,
        Script = "machine",
    };

    /// <summary>J.</summary>
    public static Workload Jwt { get; } = new()
    {
        Name = "J",
        Title = "J: the same, an ES256 JWT built and signed",
        Path = Limits.JwtPath,
        Script = "machine",
    };

    public static IReadOnlyList<Workload> All { get; } =
    [
        new()
        {
            Name = "client_credentials",
            Title = "client_credentials, an audit row each",
            Path = "/token",
            Script = "machine",
            Against = Limit.Jwt,
            Target = 0.55,
            MostBytes = 3 * 1024,
        },
        new()
        {
            Name = "client_credentials_64",
            Title = "client_credentials, 64 connections",
            Path = "/token",
            Script = "machine",
            Connections = 64,
            Against = Limit.Jwt,
            Target = 0.60,
        },
        new()
        {
            Name = "code",
            Title = "code and PKCE redeemed, with a refresh token",
            Path = "/token",
            Script = "code",
            Against = Limit.JwtAndStatement,
            Target = 0.55,
        },
        new()
        {
            Name = "refresh",
            Title = "refresh with rotation",
            Path = "/token",
            Script = "rotation",
            Against = Limit.JwtAndStatement,
            Target = 0.60,
            MostBytes = 6 * 1024,
        },
        new()
        {
            Name = "introspection",
            Title = "introspection, the database read every time",
            Path = "/introspect",
            Script = "introspection",
            Against = Limit.Bare,
            Target = 0.45,
            MostBytes = 2 * 1024,
        },
        new()
        {
            Name = "metadata",
            Title = "metadata",
            Path = MetadataPath,
            Against = Limit.Bare,
            Target = 0.90,
        },
        new() { Name = "jwks", Title = "JWKS", Path = "/jwks", Against = Limit.Bare, Target = 0.90 },
        new()
        {
            Name = "authorize",
            Title = "/authorize to rendered consent, signed in",
            Path = "/authorize",
            Script = "authorize",
            Against = Limit.Bare,
            Target = 0.10,
        },
    ];

    /// <summary>client_credentials with an assertion in place of the secret, signed with this algorithm.</summary>
    public static Workload ByKey(string alg) => new()
    {
        Name = $"client_credentials_by_{(alg == "ES256" ? "" : "rsa_")}key",
        Title = $"client_credentials by key (private_key_jwt, {alg})",
        Path = "/token",
        Script = "by_key",
        ProofAlg = alg,
    };

    /// <summary>refresh with a proof of a key (DPoP), signed with this algorithm.</summary>
    public static Workload BoundRefresh(string alg) => new()
    {
        Name = $"refresh_dpop{(alg == "ES256" ? "" : "_rsa")}",
        Title = $"refresh with rotation, with DPoP ({alg})",
        Path = "/token",
        Script = "rotation",
        ProofAlg = alg,
    };

    public const string MetadataPath = "/.well-known/oauth-authorization-server";
    public const string ColdStart = "cold_start";
    public const string Memory = "memory";
    public const string WrongSecrets = Flood.WrongSecrets;
    public const string TwoInstances = "two_instances";

    /// <summary>All that prove something by a key.</summary>
    public const string Proofs = "proofs";

    /// <summary>What --only accepts.</summary>
    public static IReadOnlyList<string> Names { get; } =
        [.. All.Select(workload => workload.Name), ColdStart, Memory, WrongSecrets, TwoInstances, Proofs];

    public static Workload Named(string name) => All.Single(workload => workload.Name == name);
}
