using System.Runtime.CompilerServices;
using OAuthServer.Protocol;

namespace OAuthServer.Diagnosis;

/// <summary>
/// Refresh tokens: rotated for a public client, refused when an old one comes again, ended by revocation (OAuth 2.1 §4.3).
/// </summary>
internal static class RefreshChecks
{
    public static async IAsyncEnumerable<Finding> RunAsync(
        CodeFlow flow, Uri? revocation, [EnumeratorCancellation] CancellationToken cancel)
    {
        if (await FirstAsync(flow, cancel) is not { } first)
        {
            yield return Finding.Skipped("flow.refresh", "no refresh token was issued",
                "Where the server has some: run it again with --scope, such as --scope \"openid offline_access\"");
            yield break;
        }

        var refreshed = await flow.RefreshAsync(first, cancel);
        yield return Finding.Demand("flow.refresh", refreshed.IsOk, "the refresh token works",
            $"the refresh token does not work: {refreshed.Seen}",
            "Look into the server's log for the reason");
        if (!refreshed.IsOk) yield break;

        var second = refreshed.Text("refresh_token");
        var rotates = second is not null && second != first;
        if (flow.Client.IsPublic)
            yield return Finding.Demand("flow.rotation", rotates, "it rotates", "a public client's refresh token is the same after its use",
                "Rotate the refresh tokens of public clients (OAuth 2.1 §4.3.1): a thief could use a copy unseen");
        if (rotates)
            await foreach (var finding in ReplayAsync(flow, first, second!, cancel)) yield return finding;
        if (revocation is not null) yield return await RevocationAsync(flow, revocation, cancel);
    }

    private static async IAsyncEnumerable<Finding> ReplayAsync(
        CodeFlow flow, string first, string second, [EnumeratorCancellation] CancellationToken cancel)
    {
        // Twice on, since a server may take the last one again when its answer was lost.
        var next = await flow.RefreshAsync(second, cancel);
        if (next.Text("refresh_token") is not { } third) yield break;
        var replayed = await flow.RefreshAsync(first, cancel);
        yield return NegativeChecks.Refused("negative.refresh-replay", "a refresh token from before", replayed,
            "Refuse refresh tokens that were rotated (RFC 9700 §4.14.2)");
        if (replayed.IsOk) yield break;
        var after = await flow.RefreshAsync(third, cancel);
        yield return Finding.Advise("negative.refresh-family", after.IsRefused, "a replay ends the whole family",
            "after a replay the newest refresh token still works",
            "End the whole family when an old token comes again (RFC 9700 §4.14.2): one of the two who use it is a thief");
    }

    private static async Task<Finding> RevocationAsync(CodeFlow flow, Uri revocation, CancellationToken cancel)
    {
        const string Check = "flow.revocation";
        if (await FirstAsync(flow, cancel) is not { } token) return Finding.Skipped(Check, "no second refresh token was issued");
        var revoked = await flow.Client.PostAsync(revocation, [("token", token), ("token_type_hint", GrantType.RefreshToken.Name)], cancel);
        var after = await flow.RefreshAsync(token, cancel);
        return Finding.Demand(Check, revoked.IsOk && after.IsRefused, "a revoked refresh token is refused",
            $"revocation {revoked.Seen}, and the refresh token afterwards {after.Seen}",
            "Answer 200 and end the token at once (RFC 7009 §2)");
    }

    private static async Task<string?> FirstAsync(CodeFlow flow, CancellationToken cancel)
    {
        var (code, verifier, _) = await flow.CodeAsync(cancel);
        return code is null ? null : (await flow.RedeemAsync(code, verifier, cancel)).Text("refresh_token");
    }
}
