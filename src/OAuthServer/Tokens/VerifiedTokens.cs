using System.Runtime.InteropServices;
using System.Security.Cryptography;
using OAuthServer.Limits;

namespace OAuthServer.Tokens;

/// <summary>
/// What tokens say whose signature was found good, by the SHA-256 of the whole token: verifying costs 0.04 ms of a core, looking it up
/// next to nothing. Remembers what cannot change and nothing else; whether the key is still published, the token expired or revoked
/// is for the caller to check each time. Only this server's own tokens are admitted; one not presented for <see cref="Idle"/> is
/// deleted, else memory rises until <see cref="Most"/> are there.
/// </summary>
internal sealed class VerifiedTokens(TimeProvider time)
{
    public const int Most = 20_000;
    public static readonly TimeSpan Idle = TimeSpan.FromMinutes(4);

    private readonly Cache<Digest, Verified> known = new(Most, Idle, time);

    /// <summary>How many are remembered.</summary>
    public int Count => known.Count;

    /// <summary>What is remembered of exactly this token, or null.</summary>
    public Verified? Find(string token) => known.TryGet(Digest.Of(token), out var verified) ? verified : null;

    /// <summary>Call with a token whose signature, form and issuer were all checked.</summary>
    public void Remember(string token, Verified verified) => known.Set(Digest.Of(token), verified);

    private readonly record struct Digest(UInt128 First, UInt128 Second)
    {
        public static Digest Of(string token)
        {
            Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
            SHA256.HashData(MemoryMarshal.AsBytes(token.AsSpan()), hash);
            return MemoryMarshal.Read<Digest>(hash);
        }
    }
}

/// <summary>The claims of a token, and the key that signed it.</summary>
internal sealed record Verified(AccessTokenClaims Claims, string Kid);
