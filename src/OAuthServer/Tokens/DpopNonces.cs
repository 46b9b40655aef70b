using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;
using Microsoft.AspNetCore.DataProtection;

namespace OAuthServer.Tokens;

/// <summary>
/// Nonces of DPoP proofs that nobody stores (RFC 9449 §8): the time, sealed by Data Protection so that every server opens what another one
/// made. Good for five minutes and any number of proofs; each proof has a jti of its own. One is handed out for half a minute.
/// </summary>
public sealed class DpopNonces(IDataProtectionProvider protection, TimeProvider time)
{
    public static readonly TimeSpan Life = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan Kept = TimeSpan.FromSeconds(30);
    private const int LongestNonce = 512;

    private readonly IDataProtector seal = protection.CreateProtector("DPoP nonce");
    private volatile Handed? last;

    /// <summary>The one to hand out now.</summary>
    public string Current()
    {
        var now = time.GetUtcNow();
        if (last is { } handed && now >= handed.At && now < handed.At + Kept) return handed.Nonce;
        var plain = new byte[sizeof(long)];
        BinaryPrimitives.WriteInt64BigEndian(plain, now.ToUnixTimeMilliseconds());
        var nonce = Base64Url.EncodeToString(seal.Protect(plain));
        last = new Handed(nonce, now);
        return nonce;
    }

    /// <summary>When it ends; null: none of ours, or too old.</summary>
    public DateTimeOffset? EndOf(string nonce, DateTimeOffset now)
    {
        if (nonce.Length is 0 or > LongestNonce || !Base64Url.IsValid(nonce)) return null;
        byte[] plain;
        try { plain = seal.Unprotect(Base64Url.DecodeFromChars(nonce)); }
        catch (CryptographicException) { return null; }

        var end = DateTimeOffset.FromUnixTimeMilliseconds(BinaryPrimitives.ReadInt64BigEndian(plain)) + Life;
        return end > now ? end : null;
    }

    private sealed record Handed(string Nonce, DateTimeOffset At);
}
