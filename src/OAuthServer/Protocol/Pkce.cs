using System.Buffers;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace OAuthServer.Protocol;

/// <summary>RFC 7636, S256 only: the proof that who redeems a code is who asked for it.</summary>
public static class Pkce
{
    private static readonly SearchValues<char> ChallengeCharacters =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");

    private static readonly SearchValues<char> Unreserved =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~");

    /// <summary>RFC 7636 §4.2: an S256 challenge is 43 base64url characters, no padding.</summary>
    public static bool IsChallenge(string challenge) => challenge.Length == 43 && !challenge.AsSpan().ContainsAnyExcept(
        ChallengeCharacters);

    /// <summary>RFC 7636 §4.1: 43 to 128 unreserved characters.</summary>
    public static bool IsVerifier(string verifier) => verifier.Length is >= 43 and <= 128 && !verifier.AsSpan().ContainsAnyExcept(
        Unreserved);

    /// <summary>RFC 7636 §4.6: BASE64URL(SHA256(verifier)), which the stored challenge must equal.</summary>
    /// <param name="verifier">43 to 128 unreserved characters (§4.1).</param>
    public static string Challenge(string verifier) => Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(verifier)));

}
