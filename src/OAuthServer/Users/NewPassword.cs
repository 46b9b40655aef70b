using OAuthServer.Keys;

namespace OAuthServer.Users;

/// <summary>Why a new password is not taken.</summary>
public enum PasswordFlaw
{
    TooShort,
    TooLong,
    IsTheName,
    IsTheOldOne,
}

/// <summary>
/// NIST SP 800-63B §5.1.1.2: length is what counts, nothing is said about which characters. At least 12 characters, at most the 72
/// octets bcrypt takes, neither the user name nor the password until now.
/// </summary>
public static class NewPassword
{
    public const int Shortest = 12;

    /// <summary>What is wrong with it, or null.</summary>
    /// <param name="old">What was typed as the password until now.</param>
    public static PasswordFlaw? FlawOf(string password, string username, string old) =>
        password.EnumerateRunes().Count() < Shortest ? PasswordFlaw.TooShort
        : !SecretHash.CanHash(password) ? PasswordFlaw.TooLong
        : string.Equals(password.Trim(), username, StringComparison.OrdinalIgnoreCase) ? PasswordFlaw.IsTheName
        : password == old ? PasswordFlaw.IsTheOldOne
        : null;
}
