using System.Runtime.CompilerServices;
using System.Text;

namespace OAuthServer.Diagnosis;

/// <summary>What the token endpoint and its neighbours answer to requests that they must refuse (RFC 6749 §5.2, RFC 7662 §2.1).</summary>
internal static class EndpointChecks
{
    private const string Unknown = "doctor-unknown-client";
    private static readonly (string, string) Basic =
        ("Authorization", "Basic " + Convert.ToBase64String(Encoding.ASCII.GetBytes($"{Unknown}:doctor-no-secret")));

    public static async IAsyncEnumerable<Finding> RunAsync(
        Examination it, ServerDocument metadata, [EnumeratorCancellation] CancellationToken cancel)
    {
        if (it.Callable(metadata.TokenEndpoint) is { } token)
            await foreach (var finding in TokenAsync(it, token, cancel)) yield return finding;

        if (it.Callable(metadata.IntrospectionEndpoint) is { } introspection)
        {
            var answer = await it.Remote.PostAsync(introspection, [("token", "doctor")], cancel);
            yield return Finding.Demand("introspection.authentication", answer.IsRefused,
                $"introspection without credentials: {answer.Seen}",
                $"introspection answers without credentials: {answer.Seen}",
                "Require a client's credentials there (RFC 7662 §2.1): else anybody can try tokens");
        }

        if (it.Callable(metadata.RevocationEndpoint) is { } revocation)
        {
            var answer = await it.Remote.PostAsync(revocation, [("token", "doctor")], cancel, Basic);
            yield return Finding.Demand("revocation.authentication", answer.IsRefused, $"revocation by an unknown client: {answer.Seen}",
                $"an unknown client may revoke: {answer.Seen}", "Authenticate the client first (RFC 7009 §2.1)");
        }
    }

    private static async IAsyncEnumerable<Finding> TokenAsync(
        Examination it, Uri token, [EnumeratorCancellation] CancellationToken cancel)
    {
        var client = await it.Remote.PostAsync(token, [("grant_type", "client_credentials")], cancel, Basic);
        if (client.Location is { } to)
        {
            yield return Finding.Fail("redirects.token", $"the token endpoint redirects to {to}",
                "Let token_endpoint be the address that answers: a redirected POST loses its form, or sends secrets elsewhere");
            yield break;
        }

        if (client.Problem is not null || client.Status >= 500)
        {
            yield return Finding.Fail("token.client", $"{token}: {client.Seen}",
                "Start what serves the token endpoint, or correct token_endpoint; the server's log names the cause");
            yield break;
        }

        yield return Finding.Pass("redirects.token", "the token endpoint answers by itself");
        yield return Finding.Demand("token.client", client is { Status: 401, Error: "invalid_client" } && Challenges(client),
            "an unknown client: 401 invalid_client with a challenge",
            $"an unknown client by Basic: {client.Seen}{(Challenges(client) ? "" : ", no WWW-Authenticate")}",
            "Answer 401 invalid_client with WWW-Authenticate: Basic (RFC 6749 §5.2)");
        yield return Finding.Demand("token.json", client.IsJson && client.Error is not null, "errors are JSON",
            $"an error is {client.ContentType}, error {client.Error ?? "missing"}",
            "Answer errors as a JSON object with the member error (RFC 6749 §5.2): libraries read nothing else");
        yield return Finding.Advise("token.no-store", client.IsNotStored, "answers are not stored", "Cache-Control: no-store is missing",
            "Add Cache-Control: no-store to every answer of the token endpoint (RFC 6749 §5.1)");

        var grant = await it.Remote.PostAsync(token, [("grant_type", "urn:doctor:unknown")], cancel, Basic);
        yield return Finding.Demand("token.grant", grant.IsRefused
            && grant.Error is "unsupported_grant_type" or "invalid_client" or "invalid_request",
            $"an unknown grant type: {grant.Seen}", $"an unknown grant type: {grant.Seen}",
            "Answer 400 unsupported_grant_type (RFC 6749 §5.2)");
        var get = await it.Remote.GetAsync(Examination.WithQuery(token, [("grant_type", "client_credentials"), ("client_id", Unknown),
            ("client_secret", "doctor-no-secret")]), cancel);
        yield return Finding.Demand("token.get", get.IsRefused && get.Error is not "invalid_client", $"GET: {get.Seen}",
            $"GET is processed: {get.Seen}", "Take POST only, and answer 405 (RFC 6749 §3.2): a URL stays in logs and histories");
    }

    private static bool Challenges(RemoteAnswer answer) => answer.Header("WWW-Authenticate") is not null;
}
