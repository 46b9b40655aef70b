using System.Security.Cryptography;

namespace OAuthServer.Grants;

/// <summary>
/// RFC 6749 §1.3.1. Its text is base64url of 1 · grant id (16 octets) · secret (32): 66 characters that begin with the grant they
/// belong to, so that redeeming is one update by primary key. The grant's row holds <see cref="Hash"/>, never the text.
/// </summary>
public sealed class AuthorizationCode
{
    private const byte Kind = 1;

    private AuthorizationCode(Guid grantId, byte[] secret) => (GrantId, Secret) = (grantId, secret);

    public Guid GrantId { get; }

    /// <summary>SHA-256 of the first octet and the secret: whose grant it is does not enter.</summary>
    public byte[] Hash => field ??= TokenOctets.Hash(Kind, Secret);

    public string Text => TokenOctets.Write(Kind, GrantId, Secret);

    private byte[] Secret { get; }

    /// <summary>A new code of this grant.</summary>
    public static AuthorizationCode Mint(Guid grantId) => new(grantId, RandomNumberGenerator.GetBytes(TokenOctets.SecretLength));

    /// <summary>The same secret for another grant: the same request sent again belongs to the grant that is there already.</summary>
    public AuthorizationCode Of(Guid grantId) => new(grantId, Secret);

    /// <summary>Null for whatever is no code of this form, refresh tokens among them.</summary>
    public static AuthorizationCode? Read(string text) =>
        TokenOctets.Read(Kind, text, TokenOctets.SecretLength) is { } rest ? new(TokenOctets.GrantId(rest), rest[16..]) : null;
}
