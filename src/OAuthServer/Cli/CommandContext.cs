using Microsoft.Extensions.Logging.Abstractions;
using OAuthServer.Keys;
using OAuthServer.Protocol;
using OAuthServer.Stores.Audit;
using OAuthServer.Stores.Clients;
using OAuthServer.Stores.Federation;
using OAuthServer.Stores.Grants;
using OAuthServer.Stores.Keys;
using OAuthServer.Stores.Postgres;
using OAuthServer.Stores.Users;

namespace OAuthServer.Cli;

/// <summary>What a verb works with: the settings, the database, and where its words go.</summary>
internal sealed class CommandContext(Settings settings, Database database, Replica replica, Output output)
{
    /// <summary>The author of edits made here, as the audit log names it: cli:alice.</summary>
    public static Author Actor { get; } = new($"cli:{Environment.UserName}");

    public Settings Settings { get; } = settings;

    public Database Database { get; } = database;

    public AuditStore Audit { get; } = new(database, replica);

    public Output Output { get; } = output;

    public DateTimeOffset Now => TimeProvider.System.GetUtcNow();

    public ClientEdits Clients { get; } = new(database);

    public UnreadableRows Unreadable { get; } = new(NullLogger<UnreadableRows>.Instance);

    public ClientQueries ClientQueries { get; } = new(database, replica);

    public KeySetStore KeySets { get; } = new(database);

    public UserQueries UserQueries { get; } = new(replica);

    public IdentityQueries Identities { get; } = new(replica);

    public OwnSessionStore Sessions { get; } = new(database, replica);

    public OperatorGrantStore Grants { get; } = new(database, replica);

    public UserEdits Users { get; } = new(database);

    /// <summary>
    /// The author of one act, with a request id under which why and audit find all of it, and the moment that id carries.
    /// </summary>
    public (Author Author, DateTimeOffset At) Act()
    {
        var id = TimedId.NewRequestId(Now);
        return (Actor with { RequestId = id }, TimedId.TimeOf(id)!.Value);
    }

    /// <summary>What the audit log says was edited in an act: old and new values.</summary>
    public async Task<string[]> ChangesAsync(Author author, CancellationToken cancel) =>
        [.. (await Audit.FindAsync(author.RequestId!, cancel)).Select(row => row.Detail).OfType<string>()];

    /// <summary>The person with this name, or with this subject; null: nobody.</summary>
    public async Task<UserSummary?> PersonAsync(string name, CancellationToken cancel) =>
        Guid.TryParse(name, out var subject) ? (await Users.NamesAsync([subject], cancel)).FirstOrDefault()
            : await Users.FindAsync(name, cancel);

    /// <summary>bcrypt at the cost that is set.</summary>
    public string Hash(string secret) => SecretHash.Make(secret, Settings.BcryptCost);
}
