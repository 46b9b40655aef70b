using System.Security.Cryptography;
using OtpNet;

namespace OAuthServer.Factors;

/// <summary>
/// Time-based one-time codes as every authenticator app makes them (RFC 6238): SHA-1, six digits, a step of 30 seconds; the step before
/// and the one after are taken, too, because clocks differ.
/// </summary>
public static class OneTimeCode
{
    public const int Digits = 6;
    private const int SecretBytes = 20;

    /// <summary>160 random bits (RFC 4226 §4).</summary>
    public static byte[] NewSecret() => RandomNumberGenerator.GetBytes(SecretBytes);

    /// <summary>The secret as an app takes it when typed: base32.</summary>
    public static string Text(byte[] secret) => Base32Encoding.ToString(secret).TrimEnd('=');

    /// <summary>The secret as an app reads it from a QR code.</summary>
    public static string Uri(byte[] secret, string server, string username) =>
        $"otpauth://totp/{System.Uri.EscapeDataString(server)}:{System.Uri.EscapeDataString(username)}?secret={Text(secret)}"
        + $"&issuer={System.Uri.EscapeDataString(server)}";

    /// <summary>The code as typed, without the blanks that apps show in it; null: it is none.</summary>
    public static string? Read(string typed)
    {
        var code = string.Concat(typed.Where(character => !char.IsWhiteSpace(character)));
        return code.Length == Digits && code.All(char.IsAsciiDigit) ? code : null;
    }

    /// <summary>The step a code belongs to, or null: it is wrong, or of another time.</summary>
    public static long? StepOf(byte[] secret, string code, DateTimeOffset now) =>
        new Totp(secret, totpSize: Digits).VerifyTotp(now.UtcDateTime, code, out var step, new VerificationWindow(1, 1)) ? step : null;
}
