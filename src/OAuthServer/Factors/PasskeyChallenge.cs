using System.Buffers.Binary;
using System.Security.Cryptography;
using Microsoft.AspNetCore.DataProtection;
using OAuthServer.Protocol;

namespace OAuthServer.Factors;

/// <summary>What a challenge is for; it is good for nothing else.</summary>
/// <param name="Purpose">sign-in or register.</param>
/// <param name="Browser">SHA-256 of the browser's cookie, or of the session id for a registration.</param>
/// <param name="Subject">Who registers; empty for a sign-in.</param>
public sealed record ChallengePurpose(string Purpose, byte[] Browser, Guid Subject)
{
    public static ChallengePurpose SignIn(byte[] browser) => new("sign-in", browser, Guid.Empty);

    public static ChallengePurpose Register(byte[] session, Guid subject) => new("register", session, subject);
}

/// <summary>
/// Challenges of passkeys that nobody stores: the time, what it is for and random bits, sealed by Data Protection so that every server
/// opens what another one made. Five minutes old it is refused; that it was used is written down only when it is used.
/// </summary>
public sealed class PasskeyChallenge(IDataProtectionProvider protection, TimeProvider time)
{
    private const int RandomBytes = 16;
    private const int TimeBytes = 8;
    public static readonly TimeSpan Life = TimeSpan.FromMinutes(5);

    private readonly IDataProtector seal = protection.CreateProtector("passkey challenge");

    /// <summary>A new one.</summary>
    public byte[] New(ChallengePurpose purpose)
    {
        var plain = new byte[RandomBytes + TimeBytes + SHA256.HashSizeInBytes];
        RandomNumberGenerator.Fill(plain.AsSpan(0, RandomBytes));
        BinaryPrimitives.WriteInt64BigEndian(plain.AsSpan(RandomBytes), time.GetUtcNow().ToUnixTimeMilliseconds());
        Digest(purpose).CopyTo(plain.AsSpan(RandomBytes + TimeBytes));
        return seal.Protect(plain);
    }

    /// <summary>When it ends, if it is one of ours, for this purpose and not too old; else why not.</summary>
    public Result<DateTimeOffset> Open(byte[] challenge, ChallengePurpose purpose)
    {
        byte[] plain;
        try { plain = seal.Unprotect(challenge); }
        catch (CryptographicException) { return Refuse("the challenge is not one of ours"); }

        if (!CryptographicOperations.FixedTimeEquals(plain.AsSpan(RandomBytes + TimeBytes), Digest(purpose)))
            return Refuse("the challenge was made for another browser, session, person or purpose");
        var expires = DateTimeOffset.FromUnixTimeMilliseconds(BinaryPrimitives.ReadInt64BigEndian(plain.AsSpan(RandomBytes))) + Life;
        return expires > time.GetUtcNow() ? expires : Refuse("the challenge is more than five minutes old");
    }

    private static byte[] Digest(ChallengePurpose purpose) =>
        SHA256.HashData([.. purpose.Browser, .. purpose.Subject.ToByteArray(), .. System.Text.Encoding.UTF8.GetBytes(purpose.Purpose)]);

    private static OAuthError Refuse(string reason) =>
        OAuthError.InvalidRequest("This page has expired; open it again", reason, "WebAuthn L3 §7.2", "a challenge of this page");
}
