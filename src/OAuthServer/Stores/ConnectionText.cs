using Npgsql;

namespace OAuthServer.Stores;

/// <summary>Reads how to reach PostgreSQL: Npgsql's own form, or a postgres:// URL.</summary>
public static class ConnectionText
{
    /// <summary>The connection string with the server's defaults; <paramref name="problem"/> says what cannot be used, without repeating it.</summary>
    public static string? Read(string text, out string? problem)
    {
        NpgsqlConnectionStringBuilder builder;
        try
        {
            builder = text.StartsWith("postgres://", StringComparison.Ordinal) || text.StartsWith("postgresql://", StringComparison.Ordinal)
                ? FromUrl(new Uri(text))
                : new NpgsqlConnectionStringBuilder(text);
        }
        catch (Exception fault) when (fault is ArgumentException or FormatException)
        {
            problem = "neither a connection string such as Host=db;Username=oauth;Password=…;Database=oauth nor a URL such as postgres://oauth:…@db/oauth";
            return null;
        }

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

        problem = null;
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

    private static bool IsLocal(string host) =>
        host.Split(',').All(one => one.StartsWith('/') || one.StartsWith('@') || one is "localhost" or "127.0.0.1" or "::1");

    private static NpgsqlConnectionStringBuilder FromUrl(Uri url)
    {
        var builder = new NpgsqlConnectionStringBuilder
        {
            Host = Uri.UnescapeDataString(url.Host),
            Port = url.Port > 0 ? url.Port : 5432,
            Database = Uri.UnescapeDataString(url.AbsolutePath.TrimStart('/')),
        };
        var user = url.UserInfo.Split(':', 2);
        if (user[0].Length > 0) builder.Username = Uri.UnescapeDataString(user[0]);
        if (user.Length > 1) builder.Password = Uri.UnescapeDataString(user[1]);
        foreach (var pair in url.Query.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var (name, value) = pair.Split('=', 2) is [var left, var right] ? (left, Uri.UnescapeDataString(right)) : (pair, "");
            // libpq's names, in the spelling Npgsql knows.
            builder[name switch
            {
                "sslmode" => "SSL Mode",
                "sslrootcert" => "Root Certificate",
                "sslcert" => "SSL Certificate",
                "sslkey" => "SSL Key",
                "application_name" => "Application Name",
                "connect_timeout" => "Timeout",
                "user" => "Username",
                _ => name,
            }] = name == "sslmode" ? value.Replace("-", "", StringComparison.Ordinal) : value;
        }

        return builder;
    }
}
