using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace OAuthServer.Grants;

/// <summary>
/// RFC 6749 §1.5. Its text is base64url of 2 · grant id (16 octets) · generation (4) · family (16) · secret (32): 92 characters. The
/// secret is new in each generation. The family is made once, at redemption, and carried on: whoever has it has held a token of this
/// grant, which its id alone (it is in every JWT) does not show. The grant's row holds <see cref="Hash"/> and
/// <see cref="FamilyHash"/>, never the text.
/// </summary>
public sealed class RefreshToken
{
    private const byte Kind = 2;
    private const int FamilyLength = 16;

    private RefreshToken(Guid grantId, int generation, byte[] family, byte[] secret) =>
        (GrantId, Generation, Family, Secret) = (grantId, generation, family, secret);

    public Guid GrantId { get; }

    /// <summary>How many rotations came before it.</summary>
    public int Generation { get; }

    /// <summary>The key its successor is sealed under, too.</summary>
    public byte[] Secret { get; }

    /// <summary>SHA-256 of the first octet and the secret.</summary>
    public byte[] Hash => field ??= TokenOctets.Hash(Kind, Secret);

    public byte[] FamilyHash => field ??= SHA256.HashData(Family);

    public string Text
    {
        get
        {
            Span<byte> rest = stackalloc byte[4 + FamilyLength + TokenOctets.SecretLength];
            BinaryPrimitives.WriteInt32BigEndian(rest, Generation);
            Family.CopyTo(rest[4..]);
            Secret.CopyTo(rest[(4 + FamilyLength)..]);
            return TokenOctets.Write(Kind, GrantId, rest);
        }
    }

    private byte[] Family { get; }

    /// <summary>The first of a new family.</summary>
    public static RefreshToken Mint(Guid grantId) => new(grantId, 0, RandomNumberGenerator.GetBytes(FamilyLength), NewSecret());

    /// <summary>The next of this family.</summary>
    public RefreshToken Next() => new(GrantId, Generation + 1, Family, NewSecret());

    /// <summary>The same token with the generation its grant's row gave it.</summary>
    public RefreshToken At(int generation) => new(GrantId, generation, Family, Secret);

    /// <summary>Null for whatever is no refresh token of this form, codes among them.</summary>
    public static RefreshToken? Read(string text)
    {
        if (TokenOctets.Read(Kind, text, 4 + FamilyLength + TokenOctets.SecretLength) is not { } rest) return null;
        var generation = BinaryPrimitives.ReadInt32BigEndian(rest.AsSpan(16));
        return new(TokenOctets.GrantId(rest), generation, rest[20..(20 + FamilyLength)], rest[(20 + FamilyLength)..]);
    }

    /// <summary>What cannot be known from the grant's row, sealed under its parent's secret.</summary>
    public byte[] Seal(byte[] parent) => OpaqueToken.Seal(parent, [.. Family, .. Secret]);

    /// <summary>The text of a sealed successor.</summary>
    /// <param name="generation">The row's.</param>
    public static string Unseal(byte[] parent, byte[] box, Guid grantId, int generation)
    {
        var content = OpaqueToken.Unseal(parent, box);
        // Before tokens began with their grant, the whole text was sealed.
        return content.Length == FamilyLength + TokenOctets.SecretLength
            ? new RefreshToken(grantId, generation, content[..FamilyLength], content[FamilyLength..]).Text
            : Encoding.UTF8.GetString(content);
    }

    private static byte[] NewSecret() => RandomNumberGenerator.GetBytes(TokenOctets.SecretLength);
}
