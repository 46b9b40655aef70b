using System.Security.Cryptography;

namespace OAuthServer.Keys;

/// <summary>A password this server makes up for somebody: read out or copied once, typed by hand, no letter like another.</summary>
public static class FirstPassword
{
    private const string Letters = "abcdefghjkmnpqrstuvwxyz23456789";
    private const int Groups = 4;
    private const int Length = 5;

    /// <summary>About 99 random bits, such as k7mqp-3xw9t-hrb4e-nv2cs.</summary>
    public static string Make() => string.Join(
        '-', Enumerable.Range(0, Groups).Select(_ => RandomNumberGenerator.GetString(Letters, Length)));
}
