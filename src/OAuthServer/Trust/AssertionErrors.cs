using OAuthServer.Protocol;

namespace OAuthServer.Trust;

/// <summary>Refusals of assertions: one sentence for every cause, the precise one for the audit log.</summary>
public static class AssertionErrors
{
    public const string IdJag = "ID-JAG §4.4.1", Rfc7523 = "RFC 7523 §3", Rules = "RFC 7521 §5.2";

    public static OAuthError NotValid(string rule, string reason, string? expected = null, string? got = null) =>
        OAuthError.InvalidGrant(reason, rule, expected, got) with { Description = "The assertion is not valid here" };
}
