using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace OAuthServer.ResourceServer;

/// <summary>
/// DPoP proofs that were used (RFC 9449 §11.1), in memory, each until it would be refused for its age: 16 octets of the hash of key and
/// jti. None is forgotten before. When four fifths of the places are taken, proofs need a nonce of half a minute, and places are free again
/// soon; when all are, nobody gets in.
/// </summary>
internal sealed class ProofMemory(OAuthResourceOptions options, TimeProvider time)
{
    private static readonly TimeSpan NonceLife = TimeSpan.FromSeconds(30);
    private const int TimeOctets = sizeof(long);
    private const int MacOctets = 16;

    private readonly Lock gate = new();
    private readonly HashSet<UInt128> used = [];
    private readonly PriorityQueue<UInt128, long> byEnd = new();
    private readonly byte[] key = RandomNumberGenerator.GetBytes(32);

    /// <summary>Whether proofs need a nonce now.</summary>
    public bool AsksNonces
    {
        get
        {
            lock (gate)
            {
                Forget();
                return used.Count >= options.MostProofs / 5 * 4;
            }
        }
    }

    /// <summary>Remembers a proof; false: it was used before. Throws when there is no place.</summary>
    /// <param name="ends">When it would be refused for its age.</param>
    public bool Spend(string jkt, string jti, DateTimeOffset ends)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        // A thumbprint has one length, so that no two pairs are one text.
        SHA256.HashData(Encoding.UTF8.GetBytes(jkt + jti), hash);
        var proof = BinaryPrimitives.ReadUInt128BigEndian(hash);
        lock (gate)
        {
            Forget();
            if (used.Contains(proof)) return false;
            if (used.Count >= options.MostProofs)
                throw new TokenRefusedException("temporarily_unavailable", "no DPoP proof more can be remembered");
            used.Add(proof);
            byEnd.Enqueue(proof, ends.ToUnixTimeMilliseconds());
            return true;
        }
    }

    /// <summary>A nonce, which this process alone knows: the time and who wrote it.</summary>
    public string Nonce()
    {
        var nonce = new byte[TimeOctets + MacOctets];
        BinaryPrimitives.WriteInt64BigEndian(nonce, time.GetUtcNow().ToUnixTimeMilliseconds());
        Mac(nonce.AsSpan(0, TimeOctets)).CopyTo(nonce.AsSpan(TimeOctets));
        return Base64Url.EncodeToString(nonce);
    }

    /// <summary>When it ends; null: none of this process, or too old.</summary>
    public DateTimeOffset? EndOf(string nonce)
    {
        if (nonce.Length > 64 || !Base64Url.IsValid(nonce)) return null;
        var octets = Base64Url.DecodeFromChars(nonce);
        if (octets.Length != TimeOctets + MacOctets
            || !CryptographicOperations.FixedTimeEquals(octets.AsSpan(TimeOctets), Mac(octets.AsSpan(0, TimeOctets)))) return null;
        var end = DateTimeOffset.FromUnixTimeMilliseconds(BinaryPrimitives.ReadInt64BigEndian(octets)) + NonceLife;
        return end > time.GetUtcNow() ? end : null;
    }

    private byte[] Mac(ReadOnlySpan<byte> text) => HMACSHA256.HashData(key, text)[..MacOctets];

    private void Forget()
    {
        var now = time.GetUtcNow().ToUnixTimeMilliseconds();
        while (byEnd.TryPeek(out var proof, out var end) && end < now)
        {
            byEnd.Dequeue();
            used.Remove(proof);
        }
    }
}
