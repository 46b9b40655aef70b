using System.Runtime.CompilerServices;
using Microsoft.IdentityModel.JsonWebTokens;

namespace OAuthServer.Diagnosis;

/// <summary>What an attacker would try, with a client of our own: each of it must be refused (OAuth 2.1, RFC 9700).</summary>
internal static class NegativeChecks
{
    /// <summary>Authorization requests that must be refused.</summary>
    public static async IAsyncEnumerable<Finding> AuthorizationAsync(CodeFlow flow, [EnumeratorCancellation] CancellationToken cancel)
    {
        var without = Changed(flow, ("code_challenge", null), ("code_challenge_method", null));
        yield return Judge("negative.no-pkce", "without PKCE", await flow.AuthorizeAsync(without, cancel),
            "Require code_challenge of every public client (OAuth 2.1 §7.5.1)");
        var plain = Changed(flow, ("code_challenge", CodeFlow.NewVerifier()), ("code_challenge_method", "plain"));
        yield return Judge("negative.plain", "with the PKCE method plain", await flow.AuthorizeAsync(plain, cancel),
            "Take S256 only (RFC 9700 §2.1.1)");
        yield return Judge("negative.redirect", "with a redirect URI that is not registered",
            await flow.AuthorizeAsync(Changed(flow, ("redirect_uri", Examination.Nowhere)), cancel),
            "Compare redirect URIs with the registered ones octet by octet, and show an error page (RFC 9700 §2.1)");
        var longer = flow.Request("")["redirect_uri"] + "/elsewhere";
        yield return Judge("negative.redirect-prefix", "with a longer redirect URI",
            await flow.AuthorizeAsync(Changed(flow, ("redirect_uri", longer)), cancel),
            "Compare the whole redirect URI, not its beginning (RFC 9700 §4.1.3)");
        yield return Judge("negative.implicit", "with response_type=token",
            await flow.AuthorizeAsync(Changed(flow, ("response_type", "token")), cancel),
                "Refuse every response type but code (OAuth 2.1 §10.1)");

        var foreign = await flow.AuthorizeAsync(Changed(flow, ("resource", Examination.Nowhere)), cancel);
        yield return foreign.Code is not null ? await ForeignAsync(flow, cancel)
            : Judge("negative.resource", "for a resource nobody registered", foreign, "");
    }

    /// <summary>The code that was redeemed, once more (RFC 6749 §4.1.2).</summary>
    public static async IAsyncEnumerable<Finding> ReplayAsync(
        CodeFlow flow, (string Code, string Verifier) used, RemoteAnswer tokens, [EnumeratorCancellation] CancellationToken cancel)
    {
        var again = await flow.RedeemAsync(used.Code, used.Verifier, cancel);
        yield return Refused("negative.replay", "a code that was redeemed before", again,
            "Let a code be redeemed once, in one atomic step (RFC 6749 §4.1.2)");
        if (again.IsOk || tokens.Text("refresh_token") is not { } refresh) yield break;
        var after = await flow.RefreshAsync(refresh, cancel);
        yield return Finding.Advise("negative.replay-ends", after.IsRefused, "what a replayed code had issued has ended",
            "the refresh token of a replayed code still works",
            "Revoke what a code issued when it comes a second time (RFC 6749 §4.1.2): one of the two is a thief");
    }

    /// <summary>Codes that are presented by somebody who did not request them.</summary>
    public static async IAsyncEnumerable<Finding> CodeAsync(CodeFlow flow, [EnumeratorCancellation] CancellationToken cancel)
    {
        if (await flow.CodeAsync(cancel) is { Code: { } first })
            yield return Refused("negative.verifier", "a code with another verifier", await flow.RedeemAsync(first,
                CodeFlow.NewVerifier(), cancel),
                "Compare SHA-256 of code_verifier with the challenge (RFC 7636 §4.6)");
        if (await flow.CodeAsync(cancel) is { Code: { } second })
            yield return Refused("negative.no-verifier", "a code without its verifier", await flow.RedeemAsync(second, null, cancel),
                "Require code_verifier where there was a challenge (OAuth 2.1 §4.1.3)");
    }

    // The request was taken: what it is worth is seen in the token.
    private static async Task<Finding> ForeignAsync(CodeFlow flow, CancellationToken cancel)
    {
        const string Check = "negative.resource";
        var verifier = CodeFlow.NewVerifier();
        var request = flow.Request(verifier);
        request["resource"] = Examination.Nowhere;
        if (await flow.AuthorizeAsync(request, cancel) is not { Code: { } code })
            return Finding.Pass(Check, "a resource nobody registered is refused");
        var tokens = await flow.RedeemAsync(code, verifier, cancel, ("resource", Examination.Nowhere));
        if (!tokens.IsOk) return Finding.Pass(Check, $"a resource nobody registered is refused: {tokens.Seen}");
        var reader = new JsonWebTokenHandler();
        var isForeign = tokens.Text("access_token") is { } token && reader.CanReadToken(token)
            && reader.ReadJsonWebToken(token).Audiences.Contains(Examination.Nowhere);
        return isForeign
            ? Finding.Fail(Check, "a token was issued for a resource nobody registered",
                "Refuse an unknown resource with invalid_target (RFC 8707 §2)")
            : Finding.Warn(Check, "resource is ignored: a token for another audience was issued",
                "Support resource indicators and refuse unknown ones with invalid_target (RFC 8707 §2): MCP clients send them");
    }

    private static Dictionary<string, string> Changed(CodeFlow flow, params (string Name, string? Value)[] changes)
    {
        var request = flow.Request(CodeFlow.NewVerifier());
        foreach (var (name, value) in changes)
            if (value is null) request.Remove(name);
            else request[name] = value;
        return request;
    }

    private static Finding Judge(string check, string what, Landing landing, string remedy) =>
        landing.IsRefused ? Finding.Pass(check, $"a request {what} is refused: {landing.Seen}")
        : landing.Response is not null ? Finding.Fail(check, $"a request {what} is accepted: {landing.Seen}", remedy)
        : Finding.Skipped(check, $"a request {what}: {landing.Stuck}");

    /// <summary>A refusal of the token endpoint.</summary>
    public static Finding Refused(string check, string what, RemoteAnswer answer, string remedy) =>
        Finding.Demand(check, answer.IsRefused && answer.Error is not null, $"{what} is refused: {answer.Seen}",
            answer.IsOk ? $"{what} is accepted" : $"{what}: {answer.Seen}", remedy);
}
