using System.Globalization;
using System.Reflection;

namespace OAuthServer.Protocol;

/// <summary>
/// Every setting, once. <c>OAuth__Issuer</c> in the environment, <c>"OAuth": { "Issuer": … }</c> in appsettings.json, or a file
/// <c>OAuth__Issuer</c> in the secrets folder. Unknown keys are refused; all errors are told at once.
/// </summary>
public sealed record Settings
{
    /// <summary>The issuer, byte for byte as clients will compare it: https (http on loopback only), no trailing slash. Every URL is built from it.</summary>
    public string Issuer { get; init; } = "http://localhost:8080";

    /// <summary>
    /// Where to listen: http://127.0.0.1:8080, http://[::]:8080 (all addresses), https://… with a certificate, or a unix socket,
    /// http://unix:/run/oauth.sock. A host name is resolved at start. Default: the issuer's port on loopback for an issuer on
    /// loopback, else 127.0.0.1:8080.
    /// </summary>
    public string Listen { get; init; } = "";

    /// <summary>The server's name on its pages.</summary>
    public string DisplayName { get; init; } = "OAuth Server";

    /// <summary>A PNG, JPEG, WebP or SVG file of at most 256 KiB, shown beside the server's name on its pages; read at start. Empty: none.</summary>
    public string BrandLogoFile { get; init; } = "";

    /// <summary>The accent colour of the pages as #rrggbb, with a contrast of 4.5:1 on white (WCAG 2.2, 1.4.3); one for dark pages is made from it. Empty: blue.</summary>
    public string BrandAccent { get; init; } = "";

    /// <summary>The https URL of the privacy policy, linked from every page. Empty: no link.</summary>
    public string PrivacyUrl { get; init; } = "";

    /// <summary>The https URL of the terms of service, linked from every page. Empty: no link.</summary>
    public string TermsUrl { get; init; } = "";

    /// <summary>Where people get help, https: or mailto:, linked from every page and offered to those who forgot their password. Empty: no link.</summary>
    public string SupportUrl { get; init; } = "";

    /// <summary>PostgreSQL, as Npgsql writes it or as a postgres:// URL. Usually given as ConnectionStrings__OAuth or DATABASE_URL.</summary>
    public string Database { get; init; } = "";

    /// <summary>32 bytes in base64 that seal signing keys and cookies' keys; <c>openssl rand -base64 32</c> makes one. In Development it is made in the local folder.</summary>
    public string KeyEncryptionKey { get; init; } = "";

    /// <summary>Where Development keeps what it makes: the key-encryption key, the private database.</summary>
    public string LocalFolder { get; init; } = ".local";

    /// <summary>Seed the demo world. Development with a loopback issuer only.</summary>
    public bool Demo { get; init; }

    /// <summary>The resource tokens are for when neither the request nor the client names one (RFC 8707), for clients that may have it; empty: the only enabled one, where there is one only, else such requests are refused.</summary>
    public string DefaultResource { get; init; } = "";

    /// <summary>ES256 or RS256: what new signing keys are.</summary>
    public string Algorithm { get; init; } = "ES256";

    /// <summary>Seconds an authorization code lives (RFC 6749 §4.1.2), 1 to 600.</summary>
    public int CodeSeconds { get; init; } = 60;

    /// <summary>Seconds a person has to sign in and consent, 60 to 3600.</summary>
    public int RequestSeconds { get; init; } = 600;

    /// <summary>Seconds a browser session lives at most.</summary>
    public int SessionSeconds { get; init; } = 7 * 24 * 3600;

    /// <summary>Seconds a browser session lives unused.</summary>
    public int SessionIdleSeconds { get; init; } = 8 * 3600;

    /// <summary>Seconds in which a used refresh token yields the same successor again (a lost answer, a second process); 0 turns it off; at most 300.</summary>
    public int RetryWindowSeconds { get; init; } = 30;

    /// <summary>True: a replayed refresh token ends the family of an authenticated client too.</summary>
    public bool StrictReuse { get; init; }

    /// <summary>Seconds clients may cache the JWKS.</summary>
    public int JwksMaxAgeSeconds { get; init; } = 3600;

    /// <summary>Seconds a new key is published before it signs (at least a JWKS max-age, and a minute more): some verifiers read the JWKS twice a day.</summary>
    public int KeyNoticeSeconds { get; init; } = 24 * 3600;

    /// <summary>Days after which a new signing key is made by itself; 0: only by command.</summary>
    public int KeyRotationDays { get; init; } = 90;

    /// <summary>bcrypt cost of the hashes operators make, 10 to 14; secrets of registrations, random as they are, have 10.</summary>
    public int BcryptCost { get; init; } = 12;

    /// <summary>How many slow hashes may wait for a core, of people and of clients each; past that, whoever would be served last is refused with 503.</summary>
    public int HashQueueLength { get; init; } = 64;

    /// <summary>Milliseconds the slow hashes of one attempt may wait for a core, all together.</summary>
    public int HashQueueMilliseconds { get; init; } = 2000;

    /// <summary>True: a client id may be the https URL of a document that describes the client. False: such ids are unknown, those known before too.</summary>
    public bool ClientDocuments { get; init; } = true;

    /// <summary>True: with an issuer on loopback, such documents may be on loopback as well. Never with any other issuer.</summary>
    public bool ClientDocumentsOnLoopback { get; init; } = true;

    /// <summary>Failed client authentications per second from one address, and per client and address.</summary>
    public int FailuresPerSecond { get; init; } = 10;

    /// <summary>Token requests per second of one proven client.</summary>
    public int ClientRequestsPerSecond { get; init; } = 200;

    /// <summary>Token requests one proven client may make at once.</summary>
    public int ClientBurst { get; init; } = 400;

    /// <summary>Failed sign-ins per minute from one address, and per name and address.</summary>
    public int LoginsPerMinute { get; init; } = 10;

    /// <summary>
    /// Authorization requests per minute from one address, IPv6 by its /64, that are kept while a person signs in or consents; many
    /// people may share an address.
    /// </summary>
    public int AuthorizationsPerMinute { get; init; } = 600;

    /// <summary>
    /// Refusals per minute of one address, IPv6 by its /64, that are written to the audit log; past that, a refusal is 429 and
    /// only in the access log. What is not refused is never held up by it.
    /// </summary>
    public int RefusalsPerMinute { get; init; } = 600;

    /// <summary>Consent pages per minute for one person and client.</summary>
    public int ConsentsPerMinute { get; init; } = 50;

    /// <summary>Who may register clients at /register (RFC 7591): open (anybody; machines need an invitation), token (invited ones only) or off.</summary>
    public string Registration { get; init; } = "open";

    /// <summary>Registrations per minute from one address, IPv6 by its /64; hosted clients share few addresses. New client id documents have a limit of the same size of their own.</summary>
    public int RegistrationsPerMinute { get; init; } = 10;

    /// <summary>Registrations per minute from all addresses together, ten seconds' worth of them at once (20 at least). New client id documents have one of the same size of their own.</summary>
    public int RegistrationsPerMinuteInAll { get; init; } = 120;

    /// <summary>Registrations without an invitation per minute from all addresses together that need a secret, ten seconds' worth of them at once (3 at least): each costs a slow hash (0.1 s of a core).</summary>
    public int SecretRegistrationsPerMinuteInAll { get; init; } = 20;

    /// <summary>Private-use schemes (RFC 8252 §7.1) that clients may register redirect URIs with, separated by spaces.</summary>
    public string RegistrationSchemes { get; init; } = "cursor vscode vscode-insiders windsurf";

    /// <summary>True: clients may register http loopback redirect URIs only.</summary>
    public bool RegistrationLoopbackOnly { get; init; }

    /// <summary>How a client authenticates that does not say: none, client_secret_basic or client_secret_post; empty: by secret when all its redirect URIs are https, else not.</summary>
    public string RegistrationMethod { get; init; } = "";

    /// <summary>Hours after which a client that registered without an invitation and was never used is removed.</summary>
    public int RegistrationUnusedHours { get; init; } = 72;

    /// <summary>Days after which a self-registered client is removed once all its grants have lapsed.</summary>
    public int RegistrationIdleDays { get; init; } = 30;

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
    public string TlsPassword { get; init; } = "";

    /// <summary>True: TLS 1.2 is accepted beside 1.3.</summary>
    public bool Tls12 { get; init; }

    /// <summary>File the access log goes to; empty: no file. A line per request: time, method, path without query, status, ms, address, request id.</summary>
    public string AccessLogFile { get; init; } = "";

    /// <summary>
    /// Seconds between SIGTERM, from when on /readyz answers 503, and the closing of the port: as long as a load balancer takes to
    /// notice, 0 to 300. In Development 0 when it is not set. Requests in flight then have 30 seconds to end.
    /// </summary>
    public int ShutdownGraceSeconds { get; init; } = 5;

    /// <summary>Seconds our clock may be from the database's; beyond, nothing is decided and /readyz fails.</summary>
    public int MaxClockSkewSeconds { get; init; } = 30;

    /// <summary>Months the audit log is kept.</summary>
    public int AuditMonths { get; init; } = 13;

    /// <summary>Who to tell about a weakness (RFC 9116): mailto: or https:.</summary>
    public string SecurityContact { get; init; } = "";

    /// <summary>True in the Development environment; not a key of its own.</summary>
    internal bool Development { get; init; }

    /// <summary>The issuer's host and port, as a Host header names them.</summary>
    public string IssuerAuthority => new Uri(Issuer).Authority;

    /// <summary>The issuer's path, empty at the root.</summary>
    public string IssuerPath => new Uri(Issuer).AbsolutePath.TrimEnd('/');

    /// <summary>Whether browsers speak https to us: cookies are Secure, HSTS is sent.</summary>
    public bool IsHttps => Issuer.StartsWith("https://", StringComparison.Ordinal);

    /// <summary>
    /// Whether the playground is there: in Development only, on an issuer at which claude-desktop of the demo world may end
    /// (http://localhost or http://127.0.0.1, any port).
    /// </summary>
    public bool HasPlayground => Development && IsHere(Issuer) && (Listen.Length == 0 || IsHere(Listen));

    private static bool IsHere(string url) => new Uri(url) is { Scheme: "http", Host: "localhost" or "127.0.0.1" };

    /// <summary>Reads and checks every value. <paramref name="errors"/> lists all that is wrong, each naming its variable.</summary>
    /// <param name="values">Keys without the prefix, such as Issuer.</param>
    public static Settings Parse(IEnumerable<KeyValuePair<string, string?>> values, bool development, out List<string> errors)
    {
        errors = [];
        var settings = development ? new Settings { Development = true, ShutdownGraceSeconds = 0 } : new Settings();
        foreach (var (key, value) in values)
        {
            var property = Array.Find(Keys, property => string.Equals(property.Name, key, StringComparison.OrdinalIgnoreCase));
            if (property is null)
                errors.Add($"OAuth__{key}: no such setting. Known: {string.Join(", ", Keys.Select(known => known.Name))}");
            else if (Convert(property.PropertyType, value ?? "") is { } converted)
                property.SetValue(settings, converted);
            else
                errors.Add($"OAuth__{property.Name}: {(property.PropertyType == typeof(int) ? "write a whole number" : "write true or false")}");
        }

        settings.Check(errors);
        return settings;
    }

    private static PropertyInfo[] Keys { get; } =
        [.. typeof(Settings).GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(property => property.CanWrite)];

    private static object? Convert(Type type, string value) =>
        type == typeof(string) ? value
        : type == typeof(bool) ? bool.TryParse(value, out var flag) ? flag : null
        : int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    private void Check(List<string> errors)
    {
        var loopback = false;
        if (!Uri.TryCreate(Issuer, UriKind.Absolute, out var issuer) || issuer.Scheme is not ("http" or "https"))
            errors.Add("OAuth__Issuer: write an absolute URL such as https://auth.example.com");
        else if (!Issuer.All(char.IsAscii))
            // RFC 3986 §2: a URL is ASCII, and so is every header that carries this one.
            errors.Add($"OAuth__Issuer: write it in ASCII, the host in punycode ({issuer.IdnHost})");
        else
        {
            loopback = issuer.IsLoopback;
            if (Issuer.EndsWith('/') || issuer.Query.Length > 0 || issuer.Fragment.Length > 0 || issuer.UserInfo.Length > 0)
                errors.Add("OAuth__Issuer: no trailing slash, query, fragment or user information");
            else if (issuer.AbsolutePath.Contains('%'))
                // Routes compare decoded paths, clients compare issuers octet by octet (RFC 8414 §3.3): one spelling serves both.
                errors.Add("OAuth__Issuer: no escapes, braces or spaces in its path; write letters, digits and - . _ ~");
            else if (issuer.AbsoluteUri.TrimEnd('/') != Issuer)
                errors.Add($"OAuth__Issuer: write it in its plain form, {issuer.AbsoluteUri.TrimEnd('/')}");
            if (!loopback && issuer.Scheme == "http")
                errors.Add("OAuth__Issuer: http is for loopback only; write https://…");
        }

        if (Demo && (!Development || !loopback))
            errors.Add("OAuth__Demo: demo data belongs in Development with a loopback issuer; remove the setting");
        if (Database.Length == 0)
            errors.Add("ConnectionStrings__OAuth: write a PostgreSQL connection string, or set DATABASE_URL to a postgres:// URL");
        if (KeyEncryptionKey.Length == 0)
            errors.Add("OAuth__KeyEncryptionKey: write 32 bytes in base64; openssl rand -base64 32 makes one. Keep it: without it the signing keys cannot be opened");
        else if (!IsKey(KeyEncryptionKey))
            errors.Add("OAuth__KeyEncryptionKey: not 32 bytes in base64; openssl rand -base64 32 makes such a key");
        if (Algorithm is not ("ES256" or "RS256")) errors.Add("OAuth__Algorithm: write ES256 or RS256");
        if (Registration is not ("open" or "token" or "off")) errors.Add("OAuth__Registration: write open, token or off");
        if (RegistrationMethod.Length > 0 && AuthMethod.All.All(method => method.Name != RegistrationMethod))
            errors.Add($"OAuth__RegistrationMethod: write {Capabilities.OneOf(AuthMethod.All.Select(method => method.Name))}, or leave it empty");
        foreach (var scheme in RegistrationSchemes.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            if (!Uri.CheckSchemeName(scheme) || scheme.ToLowerInvariant() is "http" or "https" or "javascript" or "data" or "file" or "vbscript" or "blob" or "about")
                errors.Add("OAuth__RegistrationSchemes: write private-use schemes such as com.example.app, separated by spaces; never http, https, or one that can run code");
        if (Listen.Length > 0 && ListenAddress.Of(this, out var problem) is null) errors.Add($"OAuth__Listen: {problem}");
        if (TlsKeyFile.Length > 0 && TlsCertificateFile.Length == 0)
            errors.Add("OAuth__TlsCertificateFile: certificate and key go together");
        if (ProxyNetworks.Read(TrustedProxies) is null)
            errors.Add("OAuth__TrustedProxies: write addresses and networks such as 10.0.0.0/8, separated by spaces; never all there are");
        if (SecurityContact.Length > 0 && !SecurityContact.StartsWith("mailto:", StringComparison.Ordinal) && !SecurityContact.StartsWith("https://", StringComparison.Ordinal))
            errors.Add("OAuth__SecurityContact: write mailto:… or https://…");
        // RFC 9116 §2.2: a line break would begin another field.
        if (SecurityContact.Any(char.IsControl)) errors.Add("OAuth__SecurityContact: write one line");
        if (BrandAccent.Length > 0 && Accent.Read(BrandAccent, out var flaw) is null) errors.Add($"OAuth__BrandAccent: {flaw}");
        Link(nameof(PrivacyUrl), PrivacyUrl, "https");
        Link(nameof(TermsUrl), TermsUrl, "https");
        Link(nameof(SupportUrl), SupportUrl, "https", "mailto");

        Range(nameof(CodeSeconds), CodeSeconds, 1, 600);
        Range(nameof(RequestSeconds), RequestSeconds, 60, 3600);
        Range(nameof(SessionSeconds), SessionSeconds, 60, 31_536_000);
        Range(nameof(SessionIdleSeconds), SessionIdleSeconds, 60, 31_536_000);
        Range(nameof(RetryWindowSeconds), RetryWindowSeconds, 0, 300);
        Range(nameof(JwksMaxAgeSeconds), JwksMaxAgeSeconds, 0, 86_400);
        Range(nameof(KeyNoticeSeconds), KeyNoticeSeconds, 0, 2_592_000);
        Range(nameof(KeyRotationDays), KeyRotationDays, 0, 3650);
        if (KeyRotationDays > 0 && TimeSpan.FromSeconds(KeyNoticeSeconds) >= TimeSpan.FromDays(KeyRotationDays))
            errors.Add("OAuth__KeyNoticeSeconds: write less than OAuth__KeyRotationDays are, or the next key is not due before the one after it");
        Range(nameof(BcryptCost), BcryptCost, 10, 14);
        Range(nameof(HashQueueLength), HashQueueLength, 1, 100_000);
        Range(nameof(HashQueueMilliseconds), HashQueueMilliseconds, 1, 60_000);
        Range(nameof(FailuresPerSecond), FailuresPerSecond, 1, 1_000_000);
        Range(nameof(ClientRequestsPerSecond), ClientRequestsPerSecond, 1, 10_000_000);
        Range(nameof(ClientBurst), ClientBurst, 1, 10_000_000);
        Range(nameof(LoginsPerMinute), LoginsPerMinute, 1, 1_000_000);
        Range(nameof(AuthorizationsPerMinute), AuthorizationsPerMinute, 1, 1_000_000);
        Range(nameof(RefusalsPerMinute), RefusalsPerMinute, 1, 1_000_000);
        Range(nameof(ConsentsPerMinute), ConsentsPerMinute, 1, 1_000_000);
        Range(nameof(RegistrationsPerMinute), RegistrationsPerMinute, 1, 1_000_000);
        Range(nameof(RegistrationsPerMinuteInAll), RegistrationsPerMinuteInAll, 1, 1_000_000);
        Range(nameof(SecretRegistrationsPerMinuteInAll), SecretRegistrationsPerMinuteInAll, 1, 1_000_000);
        Range(nameof(RegistrationUnusedHours), RegistrationUnusedHours, 1, 87_600);
        Range(nameof(RegistrationIdleDays), RegistrationIdleDays, 1, 3650);
        Range(nameof(ShutdownGraceSeconds), ShutdownGraceSeconds, 0, 300);
        Range(nameof(MaxClockSkewSeconds), MaxClockSkewSeconds, 1, int.MaxValue);
        Range(nameof(AuditMonths), AuditMonths, 1, 1200);

        void Link(string name, string url, params string[] schemes)
        {
            if (url.Length > 0 && !(Uri.TryCreate(url, UriKind.Absolute, out var read) && schemes.Contains(read.Scheme)))
                errors.Add($"OAuth__{name}: write {string.Join(" or ", schemes.Select(scheme => scheme == "https" ? "https://…" : $"{scheme}:…"))}");
        }

        void Range(string name, int value, int least, int most)
        {
            if (value < least || value > most) errors.Add($"OAuth__{name}: write {least} to {most}");
        }
    }

    private static bool IsKey(string text)
    {
        Span<byte> key = stackalloc byte[33];
        return System.Convert.TryFromBase64String(text.Trim(), key, out var length) && length == 32;
    }
}
