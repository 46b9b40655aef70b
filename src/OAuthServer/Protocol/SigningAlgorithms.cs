namespace OAuthServer.Protocol;

/// <summary>What tokens are signed with (RFC 7518 §3.1).</summary>
public static class SigningAlgorithms
{
    /// <summary>All there are; the first is what an app expects that names none (OpenID Connect Core §15.1).</summary>
    public static IReadOnlyList<string> All { get; } = ["RS256", "ES256"];
}
