using System.Data.Common;
using Npgsql;

namespace OAuthServer.Stores.Postgres;

/// <summary>Reads how to reach PostgreSQL: Npgsql's own form, or a postgres:// URL as libpq takes it.</summary>
public static class ConnectionText
{
    private const string Forms =
        "neither a connection string such as Host=db;Username=oauth;Password=…;Database=oauth "
            + "nor a URL such as postgres://oauth:…@db/oauth";

    /// <summary>
    /// The connection string with the server's defaults; <paramref name="problem"/> says what cannot be used, without repeating it.
    /// </summary>
    public static string? Read(string text, out string? problem)
    {
        var builder = new NpgsqlConnectionStringBuilder();
        problem = text.IndexOf("://", StringComparison.Ordinal) is > 0 and var at && text[..at] is "postgres" or "postgresql"
            ? FromUrl(builder, text[(text.IndexOf("://", StringComparison.Ordinal) + 3)..])
            : FromPairs(builder, text);
        if (problem is not null) return null;

        if (string.IsNullOrEmpty(builder.Host))
        {
            problem = "no Host";
            return null;
        }

        if (!IsLocal(builder.Host) && builder.SslMode is not (SslMode.Require or SslMode.VerifyCA or SslMode.VerifyFull))
        {
            problem = "PostgreSQL on another machine is reached over TLS only: add SSL Mode=VerifyFull (sslmode=verify-full in a URL)";
            return null;
        }

        // Npgsql chooses among several hosts and refuses to check a single one.
        if (!builder.Host.Contains(',')) builder.TargetSessionAttributes = null;
        else
        {
            Default("Target Session Attributes", "primary");
            // What a host was, primary or not, is remembered for so many seconds: a standby that was promoted is passed over until then.
            Default("Host Recheck Seconds", 2);
            // A host that does not answer must leave the time to go to the next. Never 1, as with libpq: what Npgsql asks a host that
            // hangs would have no end, since it rounds what is left of the second down to 0, which is for ever.
            Default("Timeout", 2);
            if (builder.Timeout == 1) builder.Timeout = 2;
            // Milliseconds; what a hung host makes of a statement that is called off is not waited for.
            Default("Cancellation Timeout", 500);
        }

        Default("Maximum Pool Size", 20);
        Default("Max Auto Prepare", 50);
        Default("Auto Prepare Min Usages", 2);
        Default("Timeout", 3);
        Default("Command Timeout", 3);
        Default("Application Name", "oauth-server");
        return builder.ConnectionString;

        void Default(string key, object value)
        {
            if (!builder.ContainsKey(key) || !builder.ShouldSerialize(key)) builder[key] = value;
        }
    }

    /// <summary>The same for the standby that answers lists: one, since each read is held against what that one has replayed.</summary>
    public static string? ReadReplica(string text, out string? problem)
    {
        if (Read(text, out problem) is not { } read) return null;
        if (!new NpgsqlConnectionStringBuilder(read).Host!.Contains(',')) return read;
        problem = "several hosts; name one standby";
        return null;
    }

    private static bool IsLocal(string hosts) =>
        hosts.Split(',').All(one => one.StartsWith('/') || one.StartsWith('@')
            || HostOf(one) is "localhost" or "127.0.0.1" or "::1" or "[::1]");

    // Of several hosts each may have its port; an IPv6 address is in brackets then.
    private static string HostOf(string one) =>
        one.LastIndexOf(':') is > 0 and var colon && (one[colon - 1] == ']' || one.IndexOf(':') == colon) ? one[..colon] : one;

    private static string? FromPairs(NpgsqlConnectionStringBuilder builder, string text)
    {
        var pairs = new DbConnectionStringBuilder();
        try { pairs.ConnectionString = text; }
        catch (ArgumentException) { return Forms; }

        var problem = pairs.Keys.Cast<string>().Select(name => Set(builder, name, $"{pairs[name]}"))
            .FirstOrDefault(problem => problem is not null);
        // libpq's other form, with blanks between its pairs, reads as one long host.
        return problem ?? (builder.Host?.Contains('=') is true ? "semicolons stand between the pairs: Host=db;Username=oauth;…" : null);
    }

    // Not Uri: several hosts, a socket's folder as the host and a password with # are none of its business.
    private static string? FromUrl(NpgsqlConnectionStringBuilder builder, string text)
    {
        var (rest, query) = Cut(text, text.IndexOf('?'));
        var (authority, database) = Cut(rest, rest.IndexOf('/', Math.Max(0, rest.LastIndexOf('@'))));
        var at = authority.LastIndexOf('@');
        var (user, password) = Cut(at < 0 ? "" : authority[..at], authority[..Math.Max(0, at)].IndexOf(':'));
        var hosts = Uri.UnescapeDataString(authority[(at + 1)..]);
        var one = !hosts.Contains(',') && hosts.LastIndexOf(':') is > -1 and var colon && !hosts.EndsWith(']') ? colon : -1;

        foreach (var (name, value) in new[]
                 {
                     ("user", Uri.UnescapeDataString(user)),
                     ("password", Uri.UnescapeDataString(password)),
                     ("dbname", Uri.UnescapeDataString(database)),
                     ("host", one < 0 ? hosts : hosts[..one]), ("port", one < 0 ? "" : hosts[(one + 1)..]),
                 }.Where(part => part.Item2.Length > 0)
                 .Concat(query.Split('&', StringSplitOptions.RemoveEmptyEntries).Select(pair => Cut(pair, pair.IndexOf('=')))
                     .Select(pair => (Uri.UnescapeDataString(pair.Left), Uri.UnescapeDataString(pair.Right)))))
            if (Set(builder, name, value) is { } problem)
                return problem;
        return null;
    }

    private static (string Left, string Right) Cut(string text, int at) => at < 0 ? (text, "") : (text[..at], text[(at + 1)..]);

    // The problem names the parameter and never the value, which may be a password in the wrong place.
    private static string? Set(NpgsqlConnectionStringBuilder builder, string name, string value)
    {
        var shown = string.Concat(name.Take(40).Select(character => character is > ' ' and <= '~' or ' ' ? character : '?'));
        var key = Npgsql(name.ToLowerInvariant());
        if (key is null) return $"there is no parameter \"{shown}\" in Npgsql, which this server reaches PostgreSQL with: leave it out";
        if (!builder.ContainsKey(key)) return $"there is no parameter \"{shown}\"";
        try
        {
            builder[key] = key switch
            {
                "Require Auth" => string.Join(',', value.Split(',').Select(Method)),
                "SSL Mode" => value.Replace("-", "", StringComparison.Ordinal),
                "TCP Keepalive" => value is not ("0" or "false"),
                "Load Balance Hosts" => value switch { "random" => "true", "disable" => "false", _ => value },
                _ => value,
            };
            return null;
        }
        catch (Exception fault) when (fault is ArgumentException or FormatException or OverflowException or InvalidCastException
            or NotSupportedException)
        {
            return $"the parameter \"{shown}\" has a value that it cannot have";
        }
    }

    private static string Method(string method) => method.TrimStart('!').ToLowerInvariant() switch
    {
        "scram-sha-256" => method.Replace("scram-sha-256", "ScramSHA256", StringComparison.OrdinalIgnoreCase),
        "md5" or "gss" or "sspi" => method.ToUpperInvariant(),
        "password" => method.Replace("password", "Password", StringComparison.OrdinalIgnoreCase),
        "none" => method.Replace("none", "None", StringComparison.OrdinalIgnoreCase),
        _ => method,
    };

    // PostgreSQL's manual, §34.1.2: libpq's names in the spelling Npgsql knows; null: it has no such thing.
    private static string? Npgsql(string name) => name switch
    {
        "user" => "Username",
        "dbname" => "Database",
        "passfile" => "Passfile",
        "sslmode" => "SSL Mode",
        "sslnegotiation" => "SSL Negotiation",
        "sslrootcert" => "Root Certificate",
        "sslcert" => "SSL Certificate",
        "sslkey" => "SSL Key",
        "sslpassword" => "SSL Password",
        "channel_binding" => "Channel Binding",
        "require_auth" => "Require Auth",
        "gssencmode" => "GSS Encryption Mode",
        "krbsrvname" => "Kerberos Service Name",
        "target_session_attrs" => "Target Session Attributes",
        "load_balance_hosts" => "Load Balance Hosts",
        "application_name" => "Application Name",
        "connect_timeout" => "Timeout",
        "client_encoding" => "Client Encoding",
        "options" => "Options",
        "keepalives" => "TCP Keepalive",
        "keepalives_idle" => "TCP Keepalive Time",
        "keepalives_interval" => "TCP Keepalive Interval",
        "hostaddr" or "fallback_application_name" or "keepalives_count" or "tcp_user_timeout" or "sslcompression"
            or "sslcertmode" or "sslcrl" or "sslcrldir" or "sslsni" or "requirepeer" or "ssl_min_protocol_version"
                or "ssl_max_protocol_version" or "gsslib"
            or "gssdelegation" or "service" or "servicefile" or "replication" => null,
        _ => name,
    };
}
