using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Reflection;

namespace OAuthServer.Protocol;

/// <summary>
/// Reads and checks every setting: unknown keys are refused, and all that is wrong is reported at once, each with the variable to
/// set. What one value may be stands at its property, as an attribute; here are the rules that attributes do not express.
/// </summary>
public static class SettingsParser
{
    /// <summary>The settings, each a property.</summary>
    public static IReadOnlyList<PropertyInfo> Keys { get; } =
        [.. typeof(Settings).GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(property => property.CanWrite)];

    /// <param name="values">Keys without the prefix, such as Issuer.</param>
    /// <param name="errors">All that is wrong, each naming its variable.</param>
    public static Settings Parse(IEnumerable<KeyValuePair<string, string?>> values, bool development, out List<string> errors)
    {
        errors = [];
        var settings = development
            ? new Settings { Development = true, ShutdownGraceSeconds = 0, SecondFactor = "optional" }
            : new Settings();
        foreach (var (key, value) in values)
        {
            var property = Keys.FirstOrDefault(property => string.Equals(property.Name, key, StringComparison.OrdinalIgnoreCase));
            if (property is null)
                errors.Add($"OAuth__{key}: no such setting. Known: {string.Join(", ", Keys.Select(known => known.Name))}");
            else if (Convert(property.PropertyType, value ?? "") is { } converted)
                property.SetValue(settings, converted);
            else
                errors.Add($"OAuth__{property.Name}: write {(property.PropertyType == typeof(int) ? "a whole number" : "true or false")}");
        }

        CheckIssuer(settings, errors);
        CheckSecrets(settings, errors);
        CheckRegistration(settings, errors);
        CheckNetwork(settings, errors);
        CheckMail(settings, errors);
        CheckValues(settings, errors);
        if (settings.KeyRotationDays > 0 && TimeSpan.FromSeconds(settings.KeyNoticeSeconds) >= TimeSpan.FromDays(settings.KeyRotationDays))
            errors.Add("OAuth__KeyNoticeSeconds: write less than OAuth__KeyRotationDays are, "
                + "or the next key is not due before the one after it");
        return settings;
    }

    private static object? Convert(Type type, string value) =>
        type == typeof(string) ? value
        : type == typeof(bool) ? bool.TryParse(value, out var flag) ? flag : null
        : int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    private static void CheckIssuer(Settings settings, List<string> errors)
    {
        var loopback = false;
        if (!Uri.TryCreate(settings.Issuer, UriKind.Absolute, out var issuer) || issuer.Scheme is not ("http" or "https"))
            errors.Add("OAuth__Issuer: write an absolute URL such as https://auth.example.com");
        else if (!settings.Issuer.All(char.IsAscii))
            // RFC 3986 §2: a URL is ASCII, and so is every header that carries this one.
            errors.Add($"OAuth__Issuer: write it in ASCII, the host in punycode ({issuer.IdnHost})");
        else
        {
            loopback = issuer.IsLoopback;
            if (settings.Issuer.EndsWith('/') || issuer.Query.Length > 0 || issuer.Fragment.Length > 0 || issuer.UserInfo.Length > 0)
                errors.Add("OAuth__Issuer: no trailing slash, query, fragment or user information");
            else if (issuer.AbsolutePath.Contains('%'))
                // Routes compare decoded paths, clients compare issuers octet by octet (RFC 8414 §3.3): one spelling serves both.
                errors.Add("OAuth__Issuer: no escapes, braces or spaces in its path; write letters, digits and - . _ ~");
            else if (issuer.AbsoluteUri.TrimEnd('/') != settings.Issuer)
                errors.Add($"OAuth__Issuer: write it in its plain form, {issuer.AbsoluteUri.TrimEnd('/')}");
            if (!loopback && issuer.Scheme == "http")
                errors.Add("OAuth__Issuer: http is for loopback only; write https://…");
        }

        if (settings.Demo && (!settings.Development || !loopback))
            errors.Add("OAuth__Demo: demo data belongs in Development with a loopback issuer; remove the setting");
    }

    private static void CheckSecrets(Settings settings, List<string> errors)
    {
        if (settings.Database.Length == 0)
            errors.Add("ConnectionStrings__OAuth: write a PostgreSQL connection string, or set DATABASE_URL to a postgres:// URL");
        if (settings.KeyEncryptionKey.Length == 0)
            errors.Add("OAuth__KeyEncryptionKey: write 32 bytes in base64; openssl rand -base64 32 makes one. "
                + "Keep it: without it the signing keys cannot be opened");
        else if (!IsKey(settings.KeyEncryptionKey))
            errors.Add("OAuth__KeyEncryptionKey: not 32 bytes in base64; openssl rand -base64 32 makes such a key");
        if (settings.SecondKeyEncryptionKey.Length > 0 && !IsKey(settings.SecondKeyEncryptionKey))
            errors.Add("OAuth__SecondKeyEncryptionKey: not 32 bytes in base64; write the other key-encryption key, or nothing");
    }

    private static void CheckRegistration(Settings settings, List<string> errors)
    {
        var methods = AuthMethod.All.Where(method => method is { IsOffered: true, NeedsKeys: false }).Select(method => method.Name).ToList();
        if (settings.RegistrationMethod.Length > 0 && !methods.Contains(settings.RegistrationMethod))
            errors.Add($"OAuth__RegistrationMethod: write {Capabilities.OneOf(methods)}, or leave it empty");
        if (settings.RegistrationSchemes.Split(' ', StringSplitOptions.RemoveEmptyEntries).Any(scheme => !IsPrivateUse(scheme)))
            errors.Add("OAuth__RegistrationSchemes: write private-use schemes such as com.example.app, separated by spaces; "
                + "never http, https, or one that can run code");
    }

    private static void CheckNetwork(Settings settings, List<string> errors)
    {
        if (settings.Listen.Length > 0 && ListenAddress.Of(settings, out var problem) is null) errors.Add($"OAuth__Listen: {problem}");
        if (settings.TlsKeyFile.Length > 0 && settings.TlsCertificateFile.Length == 0)
            errors.Add("OAuth__TlsCertificateFile: certificate and key go together");
        if (ProxyNetworks.Read(settings.TrustedProxies) is null)
            errors.Add("OAuth__TrustedProxies: write addresses and networks such as 10.0.0.0/8, separated by spaces; never all there are");
        if (Protocol.PrivateHosts.Read(settings.PrivateHosts) is null)
            errors.Add("OAuth__PrivateHosts: write names, addresses and networks such as keys.internal 10.0.0.0/8, separated by spaces; "
                + "never all there are");
        // RFC 9116 §2.2: a line break would begin another field.
        if (settings.SecurityContact.Any(char.IsControl)) errors.Add("OAuth__SecurityContact: write one line");
        if (settings.BrandAccent.Length > 0 && Accent.Read(settings.BrandAccent, out var flaw) is null)
            errors.Add($"OAuth__BrandAccent: {flaw}");
    }

    private static void CheckMail(Settings settings, List<string> errors)
    {
        if (!settings.HasMail) return;
        if (Uri.CheckHostName(settings.SmtpHost) == UriHostNameType.Unknown)
            errors.Add("OAuth__SmtpHost: write a host name or an address, without a port");
        else if (settings.SmtpTls == "none" && !IsLoopback(settings.SmtpHost))
            errors.Add("OAuth__SmtpTls: none is for a host on loopback; write starttls or tls");
        if (MailAddressText.Of(settings.SmtpFrom) is null)
            errors.Add("OAuth__SmtpFrom: write the address mail is from, such as auth@example.com");
        if (settings.SmtpPassword.Length > 0 && settings.SmtpUser.Length == 0)
            errors.Add("OAuth__SmtpUser: user name and password go together");
    }

    private static bool IsLoopback(string host) =>
        host.Equals("localhost", StringComparison.OrdinalIgnoreCase)
        || (System.Net.IPAddress.TryParse(host.Trim('[', ']'), out var address) && System.Net.IPAddress.IsLoopback(address));

    // Not Validator.TryValidateObject: its sentences say what is wrong, ours what to write.
    private static void CheckValues(Settings settings, List<string> errors) => errors.AddRange(
        from property in Keys
        from rule in property.GetCustomAttributes<ValidationAttribute>()
        where !rule.IsValid(property.GetValue(settings))
        select $"OAuth__{property.Name}: write {Expected(rule)}");

    private static string Expected(ValidationAttribute rule) => rule switch
    {
        RangeAttribute range => $"{range.Minimum} to {range.Maximum}",
        AllowedValuesAttribute allowed => Capabilities.OneOf(allowed.Values.Select(value => $"{value}")),
        UrlSchemesAttribute url => Capabilities.OneOf(url.Schemes.Select(scheme => scheme == "https" ? "https://…" : $"{scheme}:…")),
        _ => throw new InvalidOperationException($"{rule.GetType().Name} has no sentence"),
    };

    private static bool IsPrivateUse(string scheme) =>
        Uri.CheckSchemeName(scheme)
        && scheme.ToLowerInvariant() is not ("http" or "https" or "javascript" or "data" or "file" or "vbscript" or "blob" or "about");

    private static bool IsKey(string text)
    {
        Span<byte> key = stackalloc byte[33];
        return System.Convert.TryFromBase64String(text.Trim(), key, out var length) && length == 32;
    }
}
