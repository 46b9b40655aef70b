using System.Runtime.CompilerServices;

namespace OAuthServer.Diagnosis;

/// <summary>The authorization endpoint without a known client: where it leads nobody, and how its pages are protected.</summary>
internal static class PageChecks
{
    public static async IAsyncEnumerable<Finding> RunAsync(
        Examination it, ServerDocument metadata, [EnumeratorCancellation] CancellationToken cancel)
    {
        if (it.Callable(metadata.AuthorizationEndpoint) is not { } authorize) yield break;
        var answer = await it.Remote.GetAsync(Examination.WithQuery(authorize,
        [
            ("response_type", "code"), ("client_id", "doctor-unknown-client"), ("redirect_uri", Examination.Nowhere), ("state", "doctor"),
            ("code_challenge", Protocol.Pkce.Challenge("doctor")), ("code_challenge_method", "S256"),
        ]), cancel, ("Accept", "text/html"));
        if (answer.Problem is not null || answer.Status >= 500)
        {
            yield return Finding.Fail("redirects.unknown-client", $"{authorize}: {answer.Seen}",
                "Start what serves the authorization endpoint, or correct authorization_endpoint; the server's log names the cause");
            yield break;
        }

        yield return Finding.Demand("redirects.unknown-client", answer.Location?.Host != new Uri(Examination.Nowhere).Host,
            $"a client that is not registered is not redirected: {answer.Status}",
                "the browser is sent to the redirect URI of an unknown client",
            "Show an error page instead (RFC 6749 §4.1.2.1): as it is, anybody can send people on by your address (RFC 9700 §4.11.2)");
        if (it.IsHttps)
            yield return Finding.Advise("tls.hsts", answer.Header("Strict-Transport-Security") is not null, "HSTS is set",
                "Strict-Transport-Security is missing", "Add Strict-Transport-Security: max-age=31536000 (RFC 6797 §6.1)");
        if (!answer.IsHtml)
        {
            yield return Finding.Skipped("pages.framing", $"the error is no page: {answer.ContentType}");
            yield break;
        }

        foreach (var finding in Protection(answer)) yield return finding;
    }

    private static IEnumerable<Finding> Protection(RemoteAnswer page)
    {
        var policy = page.Header("Content-Security-Policy") ?? "";
        yield return Finding.Demand("pages.framing",
            policy.Contains("frame-ancestors", StringComparison.OrdinalIgnoreCase) || page.Header("X-Frame-Options") is not null,
            "the pages cannot be framed", "another site may put the pages into a frame",
            "Add Content-Security-Policy: frame-ancestors 'none' (RFC 9700 §4.16), and X-Frame-Options: DENY");
        yield return Finding.Advise("pages.referrer", page.Header("Referrer-Policy") is not null, "Referrer-Policy is set",
            "Referrer-Policy is missing", "Add Referrer-Policy: no-referrer: requests and codes are in URLs (RFC 9700 §4.2.4)");
    }
}
