using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace OAuthServer.Tokens;

/// <summary>
/// What tokens say whose signature was found good, by the SHA-256 of the whole token: verifying costs 0.04 ms of a core, asking again
/// next to nothing. Remembers what cannot change and nothing else; whether the key is still published, the token expired or revoked
/// is for the caller to ask each time. Only this server's own tokens get in. Two generations: what nobody asked about for two
/// periods leaves, and neither generation holds more than <see cref="Most"/>.
/// </summary>
internal sealed class VerifiedTokens(TimeProvider time)
{
    public const int Most = 10_000;
    public static readonly TimeSpan Period = TimeSpan.FromMinutes(2);

    private readonly Lock gate = new();
    private ConcurrentDictionary<Digest, Verified> young = new(), old = new();
    private DateTimeOffset began = time.GetUtcNow();

    /// <summary>How many are remembered.</summary>
    public int Count => young.Count + old.Count;

    /// <summary>What is remembered of exactly this token, or null.</summary>
    public Verified? Find(string token)
    {
        var digest = Digest.Of(token);
        if (young.TryGetValue(digest, out var verified)) return verified;
        if (!old.TryGetValue(digest, out verified)) return null;
        Add(digest, verified);
        return verified;
    }

    /// <summary>Call with a token whose signature, form and issuer were all checked.</summary>
    public void Remember(string token, Verified verified) => Add(Digest.Of(token), verified);

    private void Add(Digest digest, Verified verified)
    {
        if (IsOver()) Age();
        young[digest] = verified;
    }

    private bool IsOver() => young.Count >= Most || time.GetUtcNow() - began >= Period;

    private void Age()
    {
        lock (gate)
        {
            if (!IsOver()) return;
            // After a silence of two periods nothing of it is wanted any more.
            old = time.GetUtcNow() - began >= 2 * Period ? new() : young;
            young = new();
            began = time.GetUtcNow();
        }
    }

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
