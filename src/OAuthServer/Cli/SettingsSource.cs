using System.Collections;
using System.Security.Cryptography;
using Microsoft.Extensions.Configuration.KeyPerFile;
using Microsoft.Extensions.FileProviders;
using OAuthServer.Protocol;
using OAuthServer.Stores.Postgres;
using OAuthServer.Users;

namespace OAuthServer.Cli;

/// <summary>
/// Where settings come from, the later the stronger: appsettings.json and appsettings.{Environment}.json beside the program and in
/// the current folder (section OAuth), files named OAuth__X in the secrets folder, environment variables OAuth__X. PostgreSQL is
/// named by ConnectionStrings__OAuth, else DATABASE_URL; its standby by ConnectionStrings__OAuthReplica.
/// </summary>
/// <param name="environment">Environment variables.</param>
/// <param name="folder">The current folder.</param>
public sealed class SettingsSource(IReadOnlyDictionary<string, string?> environment, string folder)
{
    /// <summary>Names the folder of the secrets files; /run/secrets, as containers mount it, when unset.</summary>
    public const string SecretsFolderVariable = "OAUTH_SECRETS_FOLDER";

    private const string UsualSecretsFolder = "/run/secrets";
    private const string DatabaseVariable = "ConnectionStrings__OAuth";
    private const string ReplicaVariable = "ConnectionStrings__OAuthReplica";
    private const string UrlVariable = "DATABASE_URL";
    private const string KeyError = "OAuth__KeyEncryptionKey:";

    /// <summary>As this process sees the world.</summary>
    public static SettingsSource OfProcess { get; } = new(
        Environment.GetEnvironmentVariables().Cast<DictionaryEntry>()
            .ToDictionary(entry => (string)entry.Key, entry => (string?)entry.Value),
        Directory.GetCurrentDirectory());

    /// <summary>ASPNETCORE_ENVIRONMENT, else DOTNET_ENVIRONMENT, else Production.</summary>
    public string EnvironmentName => Variable("ASPNETCORE_ENVIRONMENT") ?? Variable("DOTNET_ENVIRONMENT") ?? "Production";

    /// <summary>Reads and checks every setting; all that is wrong is told at once, each by its variable.</summary>
    /// <param name="withKey">False for commands that open no signing key: they do without the key-encryption key.</param>
    public Settings Read(bool withKey, out List<string> errors)
    {
        var problems = new List<string>();
        var values = Gather(problems);
        var (variable, database) = Database(values);
        values.Remove("OAuth:Database");
        string? connection = null;
        if (database is not null && (connection = ConnectionText.Read(database, out var problem)) is null)
            problems.Add($"{variable}: {problem}");
        var replica = Replica(values, problems);
        values.Remove("OAuth:ReplicaDatabase");

        var settings = SettingsParser.Parse(
            [
                .. values.Where(pair => pair.Key.StartsWith("OAuth:", StringComparison.OrdinalIgnoreCase))
                    .Select(pair => KeyValuePair.Create(
                        pair.Key["OAuth:".Length..].Replace(":", "__", StringComparison.Ordinal), pair.Value)),
                // Text that cannot be read was reported above.
                KeyValuePair.Create(nameof(Settings.Database), connection ?? database),
                KeyValuePair.Create<string, string?>(nameof(Settings.ReplicaDatabase), replica),
            ],
            string.Equals(EnvironmentName, "Development", StringComparison.OrdinalIgnoreCase), out errors);
        errors.InsertRange(0, problems);
        Exists(nameof(Settings.TlsCertificateFile), settings.TlsCertificateFile, errors);
        Exists(nameof(Settings.TlsKeyFile), settings.TlsKeyFile, errors);
        if (settings.BrandLogoFile.Length > 0 && LogoProblem(Path.Combine(folder, settings.BrandLogoFile)) is { } flaw)
            errors.Add($"OAuth__{nameof(Settings.BrandLogoFile)}: {flaw}");

        if (settings.BreachedPasswordsFile.Length > 0
            && BreachedPasswords.Problem(Path.Combine(folder, settings.BreachedPasswordsFile)) is { } unusable)
            errors.Add($"OAuth__{nameof(Settings.BreachedPasswordsFile)}: {unusable}");
        if (settings.KeyEncryptionKey.Length > 0 || (withKey && !settings.Development)) return settings;
        errors.RemoveAll(error => error.StartsWith(KeyError, StringComparison.Ordinal));
        return withKey && errors.Count == 0 ? settings with { KeyEncryptionKey = LocalKey(settings, errors) } : settings;
    }

    private Dictionary<string, string?> Gather(List<string> problems)
    {
        var values = new Dictionary<string, string?>(StringComparer.OrdinalIgnoreCase);
        foreach (var place in new[] { AppContext.BaseDirectory, folder }.Select(Path.TrimEndingDirectorySeparator).Distinct())
            foreach (var name in new[] { "appsettings.json", $"appsettings.{EnvironmentName}.json" })
                if (File.Exists(Path.Combine(place, name)))
                    Take(Path.Combine(place, name),
                        builder => builder.AddJsonFile(Path.Combine(place, name), optional: false, reloadOnChange: false));

        var secrets = Path.GetFullPath(Variable(SecretsFolderVariable) ?? UsualSecretsFolder, folder);
        if (Directory.Exists(secrets))
            Take(secrets, builder => builder.Add(new KeyPerFileConfigurationSource
            {
                FileProvider = new PhysicalFileProvider(secrets),
                IgnoreCondition = name => !IsOurs(name),
            }));
        else if (Variable(SecretsFolderVariable) is not null)
            problems.Add($"{SecretsFolderVariable}: there is no such folder");
        Take("environment", builder => builder.AddInMemoryCollection(environment.Where(pair => IsOurs(pair.Key))
            .Select(pair => KeyValuePair.Create(pair.Key.Replace("__", ":", StringComparison.Ordinal), pair.Value))));
        return values;

        void Take(string from, Action<ConfigurationBuilder> add)
        {
            try
            {
                var builder = new ConfigurationBuilder();
                add(builder);
                foreach (var (key, value) in builder.Build().AsEnumerable())
                    // An empty connection string is none: it must not hide the one in a secrets file.
                    if (value is { Length: > 0 } || (value is not null && key.StartsWith("OAuth:", StringComparison.OrdinalIgnoreCase)))
                        values[key] = value;
            }
            catch (Exception fault) when (fault is InvalidDataException or FormatException or IOException or UnauthorizedAccessException)
            {
                problems.Add($"{from}: cannot be read: {(fault.InnerException ?? fault).Message}");
            }
        }
    }

    private static bool IsOurs(string name) =>
        name.StartsWith("OAuth__", StringComparison.OrdinalIgnoreCase)
        || name.Equals(DatabaseVariable, StringComparison.OrdinalIgnoreCase)
        || name.Equals(ReplicaVariable, StringComparison.OrdinalIgnoreCase) || name.Equals(UrlVariable, StringComparison.Ordinal);

    private static (string Variable, string? Text) Database(Dictionary<string, string?> values) =>
        values.GetValueOrDefault("ConnectionStrings:OAuth") is { Length: > 0 } text ? (DatabaseVariable, text)
        : values.GetValueOrDefault(UrlVariable) is { Length: > 0 } url ? (UrlVariable, url)
        : ("OAuth__Database", values.GetValueOrDefault("OAuth:Database"));

    private static string Replica(Dictionary<string, string?> values, List<string> problems)
    {
        var (variable, text) = values.GetValueOrDefault("ConnectionStrings:OAuthReplica") is { Length: > 0 } own ? (ReplicaVariable, own)
            : ("OAuth__ReplicaDatabase", values.GetValueOrDefault("OAuth:ReplicaDatabase"));
        if (text is not { Length: > 0 }) return "";
        if (ConnectionText.ReadReplica(text, out var problem) is { } read) return read;
        problems.Add($"{variable}: {problem}");
        return "";
    }

    private static string? LogoProblem(string file)
    {
        try
        {
            Logo.Read(File.ReadAllBytes(file), out var problem);
            return problem;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return fault is FileNotFoundException or DirectoryNotFoundException ? "there is no such file" : "the file cannot be read";
        }
    }

    private void Exists(string name, string file, List<string> errors)
    {
        if (file.Length > 0 && !File.Exists(Path.Combine(folder, file))) errors.Add($"OAuth__{name}: there is no such file");
    }

    // Development only: made once and kept, or the signing keys of yesterday would not open.
    private string LocalKey(Settings settings, List<string> errors)
    {
        var file = Path.Combine(folder, settings.LocalFolder, "key-encryption-key");
        try
        {
            if (!File.Exists(file))
            {
                Directory.CreateDirectory(Path.GetDirectoryName(file)!);
                // Complete before it has its name: of two servers that start at once, one makes it and both read it.
                var made = $"{file}.{Environment.ProcessId}";
#pragma warning disable CA1416 // Windows has no such modes: this server runs on Linux
                var ownerOnly = new FileStreamOptions
                {
                    Mode = FileMode.Create,
                    Access = FileAccess.Write,
                    UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
                };
                using (var stream = new FileStream(made, ownerOnly))
#pragma warning restore CA1416
                using (var writer = new StreamWriter(stream))
                    writer.WriteLine(Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)));
                try { File.Move(made, file, overwrite: false); }
                catch (IOException) when (File.Exists(file)) { File.Delete(made); }
            }

            var key = File.ReadAllText(file).Trim();
            if (Convert.TryFromBase64String(key, new byte[64], out var length) && length == 32) return key;
            errors.Add($"{KeyError} {file} does not hold 32 bytes in base64; restore it, or delete it together with the local database");
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            errors.Add($"OAuth__LocalFolder: the key-encryption key cannot be kept there: {fault.Message}");
        }

        return "";
    }

    private string? Variable(string name) => environment.GetValueOrDefault(name) is { Length: > 0 } value ? value : null;
}
