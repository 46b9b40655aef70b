using System.Runtime.CompilerServices;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace OAuthServer.Diagnosis;

/// <summary>A code flow with a throwaway client, from registration to its deletion; the negative checks are in its middle.</summary>
internal static class FlowChecks
{
    private const string SignIn = "flow.sign-in";

    public static async IAsyncEnumerable<Finding> RunAsync(
        Examination it, ServerDocument metadata, [EnumeratorCancellation] CancellationToken cancel)
    {
        if (Obstacle(it, metadata) is { } obstacle)
        {
            yield return obstacle;
            yield break;
        }

        using var remote = new Remote(it.Options, it.Time, verifies: true);
        var (client, registered) = await ClientAsync(it, remote, metadata, cancel);
        if (registered is not null) yield return registered;
        if (client is null) yield break;

        await using (client)
        {
            var flow = new CodeFlow(it, remote, metadata, client, metadata.AuthorizationEndpoint!, metadata.TokenEndpoint!);
            if (it.Options.Username is null)
                await foreach (var finding in NegativeChecks.AuthorizationAsync(flow, cancel)) yield return finding;
            else
                await foreach (var finding in WithSignInAsync(it, flow, metadata, cancel)) yield return finding;

            if (client.IsRegistered)
            {
                yield return await RedirectsAsync(remote, metadata.RegistrationEndpoint!, cancel);
                yield return Finding.Advise("flow.clean-up", await client.DeleteAsync(cancel), $"{client.Id} is deleted",
                    $"the throwaway client {client.Id} could not be deleted", $"Delete {client.Id} on the server");
            }
        }
    }

    private static Finding? Obstacle(Examination it, ServerDocument metadata) =>
        it.Options.Username is null && it.Options.ClientId is null
            ? Finding.Skipped(SignIn, "no sign-in was given", "Run it again with --username NAME to examine a whole code flow")
        : !it.IsTrusted
            ? Finding.Skipped(SignIn, "the connection is not trusted, so no password is sent",
                "Repair what the tls checks name, and run it again")
        : it.Callable(metadata.AuthorizationEndpoint) is null || it.Callable(metadata.TokenEndpoint) is null
            ? Finding.Skipped(SignIn, "the endpoints cannot be called",
                "Repair what metadata.required and metadata.urls name, and run it again")
        : null;

    private static async Task<(Throwaway?, Finding?)> ClientAsync(
        Examination it, Remote remote, ServerDocument metadata, CancellationToken cancel)
    {
        const string Check = "flow.register";
        const string ById = "--client-id ID and --redirect-uri URI name a public client that is there already";
        if (it.Options.ClientId is { } id) return (Throwaway.Of(remote, id), null);
        if (it.Callable(metadata.RegistrationEndpoint) is not { } endpoint)
            return (null, Finding.Skipped(Check, "clients cannot register here", ById));
        var (client, answer) = await Throwaway.RegisterAsync(remote, endpoint, it.Options.RedirectUri, it.Options.Scope, cancel);
        if (client is not null) return (client, Finding.Pass(Check, $"{client.Id} is registered for this examination"));
        return (null, answer is { Status: 401 or 403 } ? Finding.Skipped(Check, $"registration is not open: {answer.Seen}", ById)
            : Finding.Fail(Check, $"a public client with {it.Options.RedirectUri} was not registered: {answer.Seen}",
                "Register public clients with loopback redirect URIs (RFC 7591 §3, RFC 8252 §7.3); the server's log names the reason"));
    }

    // RFC 7591 §5: whoever registers must not get a script into a page of ours.
    private static async Task<Finding> RedirectsAsync(Remote remote, Uri endpoint, CancellationToken cancel)
    {
        const string Check = "negative.registration";
        var (client, answer) = await Throwaway.RegisterAsync(remote, endpoint, "javascript:alert(1)", null, cancel);
        if (client is null) return Finding.Pass(Check, $"a redirect URI that is a script is refused: {answer.Seen}");
        await client.DeleteAsync(cancel);
        return Finding.Fail(Check, "a redirect URI that is a script was registered",
            "Register https, loopback http and the private-use schemes of a list only (RFC 9700 §4.1.3)");
    }

    private static async IAsyncEnumerable<Finding> WithSignInAsync(
        Examination it, CodeFlow flow, ServerDocument metadata, [EnumeratorCancellation] CancellationToken cancel)
    {
        var verifier = CodeFlow.NewVerifier();
        var request = flow.Request(verifier);
        var landing = await flow.AuthorizeAsync(request, cancel);
        yield return Arrival(landing);
        if (landing.Code is not { } code) yield break;

        yield return Finding.Demand("flow.state", landing.Response!["state"] == request["state"], "state came back unchanged",
            "state did not come back as it was sent", "Return state octet by octet (RFC 6749 §4.1.2): clients refuse the answer otherwise");
        if (metadata.SendsIssuer || landing.Response["iss"] is not null)
            yield return Finding.Demand("flow.iss", landing.Response["iss"] == metadata.Issuer, "iss is the issuer",
                $"iss is {landing.Response["iss"] ?? "missing"}", "Send the issuer of the metadata as iss (RFC 9207 §2)");

        var tokens = await flow.RedeemAsync(code, verifier, cancel);
        var issued = tokens.IsOk && tokens.Text("access_token") is not null
            && tokens.Text("token_type")?.Equals("Bearer", StringComparison.OrdinalIgnoreCase) is true;
        yield return Finding.Demand("flow.redeem", issued, "the code was redeemed", $"the code was not redeemed: {tokens.Seen}",
            "Answer with access_token and token_type Bearer (RFC 6749 §5.1); the server's log names the reason of a refusal");
        if (!issued) yield break;
        yield return Finding.Demand("flow.no-store", tokens.IsNotStored, "tokens are not stored on their way",
            "Cache-Control: no-store is missing at a response with tokens", "Add it (RFC 6749 §5.1): a cache would keep them");
        yield return await TokenAsync(it, metadata, tokens.Text("access_token")!);

        await foreach (var finding in NegativeChecks.ReplayAsync(flow, (code, verifier), tokens, cancel)) yield return finding;
        await foreach (var finding in NegativeChecks.AuthorizationAsync(flow, cancel)) yield return finding;
        await foreach (var finding in NegativeChecks.CodeAsync(flow, cancel)) yield return finding;
        await foreach (var finding in RefreshChecks.RunAsync(flow, it.Callable(metadata.RevocationEndpoint), cancel)) yield return finding;
    }

    private static Finding Arrival(Landing landing) => landing switch
    {
        { Code: not null } => Finding.Pass(SignIn, "signed in, consented, and got a code"),
        { Stuck: AuthorizationWalk.NotAccepted } => Finding.Fail(SignIn, AuthorizationWalk.NotAccepted,
            "Check both by signing in at a browser; after many attempts wait a minute"),
        { Stuck: { } stuck } => Finding.Skipped(SignIn, stuck,
            "Examine the flow with a client of your own; only plain HTML forms are filled in"),
        _ => Finding.Fail(SignIn, $"a good request was refused: {landing.Seen}: {landing.Response?["error_description"]}",
            "With --scope and --resource the request can name what the server expects. Its log names the reason"
                + (landing.Page?.Header("Request-Id") is { } id ? $"; of this server: oauth-server why {id}" : "")),
    };

    // RFC 9068 §4: what an API would do with it.
    private static async Task<Finding> TokenAsync(Examination it, ServerDocument metadata, string token)
    {
        const string Check = "flow.access-token";
        if (token.Count(character => character == '.') != 2 || !new JsonWebTokenHandler().CanReadToken(token))
            return Finding.Skipped(Check, "the access token is not for others to read: APIs send it to introspection");
        if (it.Jwks is null) return Finding.Skipped(Check, "without keys it cannot be verified");
        var now = it.Time.GetUtcNow().UtcDateTime;
        var result = await new JsonWebTokenHandler().ValidateTokenAsync(token, new TokenValidationParameters
        {
            IssuerSigningKeyResolver = (_, _, _, _) => new JsonWebKeySet(it.Jwks).GetSigningKeys(),
            ValidIssuer = metadata.Issuer,
            ValidateAudience = false,
            // By the clock that clock.date compared.
            LifetimeValidator = (from, until, _, _) => !(from > now.AddMinutes(5)) && until > now.AddMinutes(-5),
        });
        return Finding.Demand(Check, result.IsValid, "it is verified by the published keys, from this issuer, and in force",
            "an API would refuse the access token: " + result.Exception switch
            {
                SecurityTokenInvalidIssuerException => "its iss is another",
                SecurityTokenInvalidLifetimeException or SecurityTokenNoExpirationException => "it has expired, or is not valid yet",
                SecurityTokenInvalidSignatureException => "no published key has signed it",
                _ => "it cannot be verified",
            }, "Sign with a key of the JWKS, set iss to the issuer, and set the clocks (RFC 9068 §4)");
    }
}
