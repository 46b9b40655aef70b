using OAuthServer.Protocol;
using OAuthServer.Stores;

namespace OAuthServer.Cli;

/// <summary>This server as a protected resource of its own (RFC 9728): the Bearer endpoints that read the audit log.</summary>
public static class OwnResource
{
    /// <summary>Opens the private reasons of refusals; never open, never ticked beforehand.</summary>
    public const string AuditScope = "audit:read";

    /// <summary>Sees to it that the issuer is a resource and <see cref="AuditScope"/> its scope. Rows that are there stay as they are.</summary>
    public static Task EnsureAsync(Database database, Settings settings, CancellationToken cancel) =>
        new Seeds(database).AddResourceAsync(settings.Issuer, "This server", AuditScope, "Read why requests were refused", Desk.Actor, cancel);
}
