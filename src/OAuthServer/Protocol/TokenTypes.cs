namespace OAuthServer.Protocol;

/// <summary>Token type identifiers (RFC 8693 §3) that this server knows.</summary>
public static class TokenTypes
{
    public const string AccessToken = "urn:ietf:params:oauth:token-type:access_token";
    public const string Jwt = "urn:ietf:params:oauth:token-type:jwt";
}
