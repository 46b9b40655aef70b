using System.ComponentModel.DataAnnotations;

namespace OAuthServer.Protocol;

/// <content>Pushed authorization requests (RFC 9126).</content>
public sealed partial record Settings
{
    /// <summary>Seconds a pushed authorization request waits for its browser, 60 to 600.</summary>
    [Range(60, 600)] public int ParSeconds { get; init; } = 90;

    /// <summary>True: every client pushes its authorization requests, and no other is taken; <c>clients.par_required</c> says it of
    /// one.</summary>
    public bool RequirePar { get; init; }
}
