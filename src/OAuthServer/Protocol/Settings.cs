using System.ComponentModel.DataAnnotations;

namespace OAuthServer.Protocol;

/// <summary>
/// Every setting, once. <c>OAuth__Issuer</c> in the environment, <c>"OAuth": { "Issuer": … }</c> in appsettings.json, or a file
/// <c>OAuth__Issuer</c> in the secrets folder. <see cref="SettingsParser"/> reads them.
/// </summary>
public sealed partial record Settings
{
    /// <summary>The issuer, byte for byte as clients will compare it: https (http on loopback only), no trailing slash. Every URL
    /// is built from it.</summary>
    public string Issuer { get; init; } = "http://localhost:8080";

    /// <summary>
    /// Where to listen: http://127.0.0.1:8080, http://[::]:8080 (all addresses), https://… with a certificate, or a unix socket,
    /// http://unix:/run/oauth.sock. A host name is resolved at start. Default: the issuer's port on loopback for an issuer on
    /// loopback, else 127.0.0.1:8080.
    /// </summary>
    public string Listen { get; init; } = "";

    /// <summary>The server's name on its pages.</summary>
    public string DisplayName { get; init; } = "OAuth Server";

    /// <summary>A PNG, JPEG, WebP or SVG file of at most 256 KiB, shown beside the server's name on its pages; read at start.
    /// Empty: none.</summary>
    public string BrandLogoFile { get; init; } = "";

    /// <summary>The accent colour of the pages as #rrggbb, with a contrast of 4.5:1 on white (WCAG 2.2, 1.4.3); one for dark pages
    /// is made from it. Empty: blue.</summary>
    public string BrandAccent { get; init; } = "";

    /// <summary>The https URL of the privacy policy, linked from every page. Empty: no link.</summary>
    [UrlSchemes("https")] public string PrivacyUrl { get; init; } = "";

    /// <summary>The https URL of the terms of service, linked from every page. Empty: no link.</summary>
    [UrlSchemes("https")] public string TermsUrl { get; init; } = "";

    /// <summary>Where people get help, https: or mailto:, linked from every page and offered to those who forgot their password.
    /// Empty: no link.</summary>
    [UrlSchemes("https", "mailto")] public string SupportUrl { get; init; } = "";

    /// <summary>PostgreSQL, as Npgsql writes it or as a postgres:// URL. Usually given as ConnectionStrings__OAuth or
    /// DATABASE_URL.</summary>
    public string Database { get; init; } = "";

    /// <summary>A standby of that PostgreSQL, written the same way, usually given as ConnectionStrings__OAuthReplica. Lists and pages of
    /// the administration and of commands, the audit log's among them, are read from it once it has caught up; nothing that decides
    /// is. Empty: none.</summary>
    [DataType(DataType.Password)] public string ReplicaDatabase { get; init; } = "";

    /// <summary>32 bytes in base64 that seal signing keys and cookies' keys; <c>openssl rand -base64 32</c> makes one. In
    /// Development it is made in the local folder.</summary>
    [DataType(DataType.Password)] public string KeyEncryptionKey { get; init; } = "";

    /// <summary>Another such key, that opens what it has sealed and seals nothing: while one key-encryption key takes the place of
    /// another. Empty: none.</summary>
    [DataType(DataType.Password)] public string SecondKeyEncryptionKey { get; init; } = "";

    /// <summary>Where Development keeps what it makes: the key-encryption key, the private database.</summary>
    public string LocalFolder { get; init; } = ".local";

    /// <summary>Seed the demo world. Development with a loopback issuer only.</summary>
    public bool Demo { get; init; }

    /// <summary>The resource tokens are for when neither the request nor the client names one (RFC 8707), for clients that may have
    /// it; empty: the only enabled one, where there is one only, else such requests are refused.</summary>
    public string DefaultResource { get; init; } = "";

    /// <summary>ES256 or RS256: what signs access tokens.</summary>
    [AllowedValues("ES256", "RS256")] public string Algorithm { get; init; } = "ES256";

    /// <summary>True: apps can sign people in by OpenID Connect, and there is a signing key of either algorithm, as id_tokens are RS256
    /// unless the client has the other. False: openid is an unknown scope, and keys are made for access tokens only.</summary>
    public bool OpenId { get; init; } = true;

    /// <summary>Seconds an authorization code lives (RFC 6749 §4.1.2), 1 to 600.</summary>
    [Range(1, 600)] public int CodeSeconds { get; init; } = 60;

    /// <summary>Seconds an id_token is valid, 60 to 3600. Apps check it once, when they get it.</summary>
    [Range(60, 3600)] public int IdTokenSeconds { get; init; } = 600;

    /// <summary>Seconds a person has to sign in and consent, 60 to 3600.</summary>
    [Range(60, 3600)] public int RequestSeconds { get; init; } = 600;

    /// <summary>Seconds a browser session lives at most.</summary>
    [Range(60, 31_536_000)] public int SessionSeconds { get; init; } = 7 * 24 * 3600;

    /// <summary>Seconds a browser session lives unused.</summary>
    [Range(60, 31_536_000)] public int SessionIdleSeconds { get; init; } = 8 * 3600;

    /// <summary>Days a browser stays signed in whose person asked for it, idle or not; never an administrator's. 0: nobody is
    /// asked.</summary>
    [Range(0, 365)] public int RememberDays { get; init; } = 30;

    /// <summary>Who signs in with a second factor beside the password: everyone; admins, before the administration; optional: who wants;
    /// off: pages do not offer it. Who has one is always asked for it. In Development optional when it is not set.</summary>
    [AllowedValues("off", "optional", "admins", "everyone")] public string SecondFactor { get; init; } = "admins";

    /// <summary>The name of another server's session cookie: a browser that sends one whose session was imported is signed in here, once.
    /// Empty: none.</summary>
    public string EarlierSessionCookie { get; init; } = "";

    /// <summary>Seconds in which a used refresh token yields the same successor again (a lost answer, a second process); 0 turns it
    /// off; at most 300.</summary>
    [Range(0, 300)] public int RetryWindowSeconds { get; init; } = 30;

    /// <summary>True: a replayed refresh token ends the family of an authenticated client too.</summary>
    public bool StrictReuse { get; init; }

    /// <summary>Seconds clients may cache the JWKS.</summary>
    [Range(0, 86_400)] public int JwksMaxAgeSeconds { get; init; } = 3600;

    /// <summary>Seconds a new key is published before it signs (at least a JWKS max-age, and a minute more): some verifiers read
    /// the JWKS twice a day.</summary>
    [Range(0, 2_592_000)] public int KeyNoticeSeconds { get; init; } = 24 * 3600;

    /// <summary>Days after which a new signing key is made by itself; 0: only by command.</summary>
    [Range(0, 3650)] public int KeyRotationDays { get; init; } = 90;

    /// <summary>bcrypt cost of the hashes operators make, 10 to 14; secrets of registrations, random as they are, have 10.</summary>
    [Range(10, 14)] public int BcryptCost { get; init; } = 12;

    /// <summary>How many slow hashes may wait for a core, of people and of clients each; past that, whoever would be served last is
    /// refused with 503.</summary>
    [Range(1, 100_000)] public int HashQueueLength { get; init; } = 64;

    /// <summary>Milliseconds the slow hashes of one attempt may wait for a core, all together.</summary>
    [Range(1, 60_000)] public int HashQueueMilliseconds { get; init; } = 2000;

    /// <summary>True: a client id may be the https URL of a document that describes the client. False: such ids are unknown, those
    /// known before too.</summary>
    public bool ClientDocuments { get; init; } = true;

    /// <summary>True: with an issuer on loopback, such documents may be on loopback as well. Never with any other issuer.</summary>
    public bool ClientDocumentsOnLoopback { get; init; } = true;

    /// <summary>Failed client authentications per second from one address, and per client and address.</summary>
    [Range(1, 1_000_000)] public int FailuresPerSecond { get; init; } = 10;

    /// <summary>Requests per second of one authenticated client, at /token, /revoke, /introspect and the feed together.</summary>
    [Range(1, 10_000_000)] public int ClientRequestsPerSecond { get; init; } = 200;

    /// <summary>Requests one authenticated client may make at once, at the same places.</summary>
    [Range(1, 10_000_000)] public int ClientBurst { get; init; } = 400;

    /// <summary>Failed sign-ins per minute from one address, and per name and address.</summary>
    [Range(1, 1_000_000)] public int LoginsPerMinute { get; init; } = 10;

    /// <summary>Challenges for passkeys a minute from one address; an opened sign-in page takes one.</summary>
    [Range(1, 1_000_000)] public int PasskeyOptionsPerMinute { get; init; } = 30;

    /// <summary>
    /// Authorization requests per minute from one address, IPv6 by its /64, that are kept while a person signs in or consents; many
    /// people may share an address.
    /// </summary>
    [Range(1, 1_000_000)] public int AuthorizationsPerMinute { get; init; } = 600;

    /// <summary>
    /// Refusals per minute of one address, IPv6 by its /64, that are written to the audit log; past that, a refusal is 429 and
    /// only in the access log. What is not refused is never held up by it.
    /// </summary>
    [Range(1, 1_000_000)] public int RefusalsPerMinute { get; init; } = 600;

    /// <summary>Consent pages per minute for one person and client.</summary>
    [Range(1, 1_000_000)] public int ConsentsPerMinute { get; init; } = 50;

    /// <summary>Who may register clients at /register (RFC 7591): open (anybody; machines need an invitation), token (invited ones
    /// only) or off.</summary>
    [AllowedValues("open", "token", "off")] public string Registration { get; init; } = "open";

    /// <summary>Registrations per minute from one address, IPv6 by its /64; hosted clients share few addresses. New client id
    /// documents have a limit of the same size of their own.</summary>
    [Range(1, 1_000_000)] public int RegistrationsPerMinute { get; init; } = 10;

    /// <summary>Registrations per minute from all addresses together, ten seconds' worth of them at once (20 at least). New client
    /// id documents have one of the same size of their own.</summary>
    [Range(1, 1_000_000)] public int RegistrationsPerMinuteInAll { get; init; } = 120;

    /// <summary>Registrations without an invitation per minute from all addresses together that need a secret, ten seconds' worth
    /// of them at once (3 at least): each costs a slow hash (0.1 s of a core).</summary>
    [Range(1, 1_000_000)] public int SecretRegistrationsPerMinuteInAll { get; init; } = 20;

    /// <summary>Private-use schemes (RFC 8252 §7.1) that clients may register redirect URIs with, separated by spaces.</summary>
    public string RegistrationSchemes { get; init; } = "cursor vscode vscode-insiders windsurf";

    /// <summary>True: clients may register http loopback redirect URIs only.</summary>
    public bool RegistrationLoopbackOnly { get; init; }

    /// <summary>How a client authenticates that does not say: none, client_secret_basic or client_secret_post; empty: by secret
    /// when all its redirect URIs are https, else not.</summary>
    public string RegistrationMethod { get; init; } = "";

    /// <summary>Hours after which a client that registered without an invitation and was never used is removed.</summary>
    [Range(1, 87_600)] public int RegistrationUnusedHours { get; init; } = 72;

    /// <summary>Days after which a self-registered client is removed once all its grants have lapsed.</summary>
    [Range(1, 3650)] public int RegistrationIdleDays { get; init; } = 30;

    /// <summary>
    /// Addresses and networks (10.0.0.0/8) of proxies whose X-Forwarded-For and X-Forwarded-Proto are believed, separated by spaces.
    /// On a unix socket whoever connects is believed.
    /// </summary>
    public string TrustedProxies { get; init; } = "";

    /// <summary>
    /// File of the certificate, when this server ends TLS itself: PEM (the server's own first, then the chain) or PFX. All of its
    /// chain is sent; a renewed file is taken within a minute, without a restart.
    /// </summary>
    public string TlsCertificateFile { get; init; } = "";

    /// <summary>PEM file of the certificate's private key; empty: the key is in the certificate's file.</summary>
    public string TlsKeyFile { get; init; } = "";

    /// <summary>Password of the PFX file or of the private key, where it has one.</summary>
    [DataType(DataType.Password)] public string TlsPassword { get; init; } = "";

    /// <summary>True: TLS 1.2 is accepted beside 1.3.</summary>
    public bool Tls12 { get; init; }

    /// <summary>File the access log goes to; empty: no file. A line per request: time, method, path without query, status, ms,
    /// address, request id.</summary>
    public string AccessLogFile { get; init; } = "";

    /// <summary>Where Prometheus finds /metrics: http://127.0.0.1:9464, or http://[::]:9464 for all addresses, an address and port of
    /// its own; whoever reaches it may read it. Empty: nowhere. OTEL_EXPORTER_OTLP_ENDPOINT sends the same to a collector.</summary>
    public string MetricsListen { get; init; } = "";

    /// <summary>text or json: how the log is written to the console. In JSON every line is an object, with the id of the request it is
    /// about.</summary>
    [AllowedValues("text", "json")] public string LogFormat { get; init; } = "text";

    /// <summary>
    /// Seconds between SIGTERM, from when on /readyz answers 503, and the closing of the port: as long as a load balancer takes to
    /// notice, 0 to 300. In Development 0 when it is not set. Requests in flight then have 30 seconds to end.
    /// </summary>
    [Range(0, 300)] public int ShutdownGraceSeconds { get; init; } = 5;

    /// <summary>Seconds our clock may be from the database's; beyond, nothing is decided and /readyz fails.</summary>
    [Range(1, int.MaxValue)] public int MaxClockSkewSeconds { get; init; } = 30;

    /// <summary>Months the audit log is kept.</summary>
    [Range(1, 1200)] public int AuditMonths { get; init; } = 13;

    /// <summary>Who to tell about a weakness (RFC 9116): mailto: or https:.</summary>
    [UrlSchemes("mailto", "https")] public string SecurityContact { get; init; } = "";

    /// <summary>True in the Development environment; not a key of its own.</summary>
    internal bool Development { get; init; }
}
