using OAuthServer.Protocol;
using OAuthServer.Stores.Postgres;

namespace OAuthServer.Cli;

/// <summary>This server as a protected resource of its own (RFC 9728): the Bearer endpoints that read the audit log.</summary>
public static class OwnResource
{
    /// <summary>
    /// Sees to it that the issuer is a resource and audit:read its scope: never open, never ticked beforehand. Texts and names that
    /// are there stay as they are.
    /// </summary>
    public static Task EnsureAsync(Database database, Settings settings, CancellationToken cancel) =>
        new Seeds(database).AddResourceAsync(settings.Issuer, "This server", Scope.ReadAudit, "Read why requests were refused",
            CommandContext.Actor, cancel);
}
