using Microsoft.Extensions.Logging.Abstractions;
using OAuthServer.Keys;
using OAuthServer.Protocol;
using OAuthServer.Stores.Clients;
using OAuthServer.Stores.Postgres;
using OAuthServer.Stores.Users;

namespace OAuthServer.Cli;

/// <summary>What a verb works with: the settings, the database, and where its words go.</summary>
internal sealed class CommandContext(Settings settings, Database database, Output output)
{
    /// <summary>The author of edits made here, as the audit log names it: cli:alice.</summary>
    public static Author Actor { get; } = new($"cli:{Environment.UserName}");

    public Settings Settings { get; } = settings;

    public Database Database { get; } = database;

    public Output Output { get; } = output;

    public DateTimeOffset Now => TimeProvider.System.GetUtcNow();

    public ClientEdits Clients { get; } = new(database);

    public UnreadableRows Unreadable { get; } = new(NullLogger<UnreadableRows>.Instance);

    public UserEdits Users { get; } = new(database);

    /// <summary>bcrypt at the cost that is set.</summary>
    public string Hash(string secret) => SecretHash.Make(secret, Settings.BcryptCost);
}
