using System.ComponentModel.DataAnnotations;
using System.Reflection;
using OAuthServer.Protocol;
using OAuthServer.Stores.Postgres;

namespace OAuthServer.Cli;

/// <summary>
/// What the log says first, so that nobody has to guess with what a server runs: where it listens, its issuer, its database, the settings
/// that are not the default's, and what production should not have. Of secrets it says that they are set.
/// </summary>
public static class StartReport
{
    private static readonly string[] AllAddresses = ["0.0.0.0", "::"];

    /// <summary>What is known before the database has answered.</summary>
    public static void Write(Settings settings, Database database, ILogger log)
    {
        log.LogInformation("Listening at {Listen} as {Issuer}", Place(settings), settings.Issuer);
        log.LogInformation("The database is {Database}", VisibleText.Escape(database.Place));
        foreach (var (name, value) in Changed(settings)) log.LogInformation("OAuth__{Setting} is {Value}", name, VisibleText.Escape(value));
        foreach (var warning in Warnings(settings)) log.LogWarning("{Warning}", warning);
    }

    /// <summary>What production should not have in its database.</summary>
    public static async Task WriteAsync(Database database, Migrations migrations, ILogger log, CancellationToken cancel)
    {
        if (await migrations.MayAlterAsync(cancel))
            log.LogWarning("The server's login may alter its tables and the audit log: use one that is only a member of oauth_server, "
                + "see docs/operating.md");
        if (await Demo.IsThereAsync(database, cancel))
            log.LogWarning(
                "The demo world is in this database, and its passwords are public: delete alice, mallory, olivia and its clients");
    }

    /// <summary>The settings that are not the default's, but for those that have a line of their own.</summary>
    public static IEnumerable<(string Name, string Value)> Changed(Settings settings)
    {
        var defaults = new Settings();
        return from property in SettingsParser.Keys
               where property.Name is not (nameof(Settings.Issuer) or nameof(Settings.Database) or nameof(Settings.Listen))
               let value = property.GetValue(settings)
               where !Equals(value, property.GetValue(defaults))
               select (property.Name, property.IsDefined(typeof(DataTypeAttribute)) ? "set" : $"{value}");
    }

    /// <summary>What production should not have, and what to do about it.</summary>
    public static IEnumerable<string> Warnings(Settings settings)
    {
        var at = ListenAddress.Of(settings, out _);
        if (!settings.IsHttps)
            yield return "The issuer is http, which is for trying out: production needs https (OAuth__Issuer)";
        if (at is { Tls: false, Socket: null } && at.Host is not ("localhost" or "127.0.0.1" or "::1"))
            yield return "Passwords and tokens arrive unencrypted: end TLS here (OAuth__TlsCertificateFile), or listen where only a proxy "
                + "reaches it";
        if (settings.IsHttps && at is { Tls: false, Socket: null } && settings.TrustedProxies.Length == 0)
            yield return "All requests seem to come from the proxy, whose limits they share: name it in OAuth__TrustedProxies";
        if (settings.MetricsListen.Length > 0 && ListenAddress.OfMetrics(settings, out _) is { } metrics
            && AllAddresses.Contains(metrics.Host))
            yield return "Whoever reaches this machine can read /metrics: write an address of its own in OAuth__MetricsListen";
        if (settings.SecurityContact.Length == 0)
            yield return "Nobody is told where to report a weakness: set OAuth__SecurityContact";
    }

    private static string Place(Settings settings) =>
        settings.Listen.Length == 0 && ListenAddress.Of(settings, out _) is { } at
            ? $"http{(at.Tls ? "s" : "")}://{at.Host}:{at.Port}" : settings.Listen;
}
