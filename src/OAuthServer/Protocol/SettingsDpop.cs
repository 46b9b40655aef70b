using System.ComponentModel.DataAnnotations;

namespace OAuthServer.Protocol;

/// <content>Tokens bound to a key (RFC 9449).</content>
public sealed partial record Settings
{
    /// <summary>Seconds the iat of a DPoP proof may be from our clock, before or after it, 10 to 600.</summary>
    [Range(10, 600)] public int DpopSeconds { get; init; } = 300;

    /// <summary>True: a DPoP proof needs a nonce of this server (RFC 9449 §8), which every answer to such requests has in DPoP-Nonce; it
    /// is good for five minutes, at every server of the same database. False: the proof's own time is enough.</summary>
    public bool DpopNonce { get; init; }
}
