using OAuthServer.Clients;
using OAuthServer.Protocol;

namespace OAuthServer.Grants;

/// <summary>The two parameters every grant shares: scope (RFC 6749 §3.3) and resource (RFC 8707 §2.2).</summary>
internal static class TokenParameters
{
    /// <summary>The scope asked for, empty when none was.</summary>
    public static Result<string[]> Scope(Parameters parameters) =>
        Protocol.Scope.Parse(parameters["scope"]) is { } scope
            ? scope
            : OAuthError.InvalidScope("scope has characters outside the grammar", "printable ASCII without quote and backslash", null);

    /// <summary>The one resource a machine's token is for.</summary>
    public static Result<string> Resource(Parameters parameters, Client client, string[] scope, ResourceDirectory.Snapshot known)
    {
        if (parameters.Resources.Count > 1) return Several();
        if (known.Choose(client, parameters.Resources, scope).Refused(out var error, out var chosen)) return error;
        return chosen[0];
    }

    /// <summary>The resource asked for in its registered spelling; null when none was. Whether the grant has it, the statement decides.</summary>
    public static Result<Asked> WithinGrant(Parameters parameters, ResourceDirectory.Snapshot known) => parameters.Resources switch
    {
        [] => new Asked(null),
        [var resource] => known.Find(resource) is { Enabled: true } row
            ? new Asked(row.Uri)
            : OAuthError.InvalidTarget("no such resource, or disabled", "a resource of the grant", resource),
        _ => Several(),
    };

    private static OAuthError Several() => OAuthError.InvalidTarget("several resources were named", "one resource per token", "several");

    /// <summary>A resource in its registered spelling, or null for the grant's first.</summary>
    internal sealed record Asked(string? Uri);
}
