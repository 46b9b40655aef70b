using System.Runtime.CompilerServices;
using OAuthServer.Protocol;

namespace OAuthServer.Diagnosis;

/// <summary>
/// Metadata at every path where clients look for it (RFC 8414 §3, OpenID Connect Discovery §4, RFC 9728 §3), and its issuer.
/// </summary>
internal static class DiscoveryChecks
{
    private const int MostRedirects = 3;

    public static async IAsyncEnumerable<Finding> RunAsync(Examination it, [EnumeratorCancellation] CancellationToken cancel)
    {
        var documents = new List<RemoteAnswer>();
        var probed = new List<(string Check, RemoteAnswer Answer, bool Redirected)>();
        foreach (var (check, url) in it.ProbePaths())
        {
            var (answer, redirected) = await FollowAsync(it, url, cancel);
            it.First ??= answer.Problem is null ? answer : null;
            if (answer is { IsOk: true, Json: not null }) documents.Add(answer);
            probed.Add((check, answer, redirected));
        }

        foreach (var (check, answer, redirected) in probed)
            yield return Judge(check, answer, documents.Count > 0, redirected);

        if (documents.Count == 0) yield break;
        it.First = documents[0];
        it.Metadata = new ServerDocument(documents[0].Json!.Value);
        foreach (var finding in Compare(it, documents)) yield return finding;
        yield return await ResourceAsync(it, cancel);
    }

    private static Finding Judge(string check, RemoteAnswer answer, bool isThereElsewhere, bool redirected)
    {
        var path = answer.Url.AbsolutePath;
        if (redirected)
            return Finding.Fail(check, $"{path} is reached by a redirect",
                "Serve the document at this very path: clients follow no redirect here");
        if (answer is { IsOk: true, Json: not null }) return Finding.Pass(check, $"{path} is there");
        if (answer.IsOk)
            return Finding.Fail(check, $"{path} is no JSON object",
                "Serve the metadata there as a JSON object (RFC 8414 §3.2), or answer 404");
        if (answer.Problem is not null || answer.Status >= 500)
            return Finding.Fail(check, $"{path}: {answer.Seen}",
                "Start the server, or repair what is in front of it; its log names the cause");
        if (check != "discovery.oauth")
            return Finding.Skipped(check, $"{path}: {answer.Seen}; OpenID Connect libraries would look there");
        return isThereElsewhere
            ? Finding.Warn(check, $"{path}: {answer.Seen}",
                "Serve the metadata there, too: OAuth clients (MCP among them) look there first")
            : Finding.Fail(check, $"{path}: {answer.Seen}",
                "Write the issuer as clients have it, with its path. If it is right: serve the metadata there (RFC 8414 §3)");
    }

    private static IEnumerable<Finding> Compare(Examination it, List<RemoteAnswer> documents)
    {
        var expected = it.Options.IssuerText;
        var others = documents.Select(one => one.Text("issuer")).Where(issuer => issuer != expected && issuer != expected + "/").ToArray();
        yield return Finding.Demand("discovery.issuer", others.Length == 0, $"issuer is {documents[0].Text("issuer")}",
            $"issuer is {others.FirstOrDefault() ?? "missing"}, and the metadata was requested for {expected}",
            "Let the metadata name the URL that clients are configured with, octet by octet (RFC 8414 §3.3), or configure them with the other");
        yield return Finding.Demand("discovery.type", documents.All(one => one.IsJson), "application/json",
            $"Content-Type is {documents.Find(one => !one.IsJson)?.ContentType}", "Serve it as application/json (RFC 8414 §3.2)");

        var differing = ServerDocument.Endpoints.Where(name => documents.Select(one => one.Text(name)).Distinct().Count() > 1).ToArray();
        yield return Finding.Demand("discovery.agree", differing.Length == 0, "all documents name the same endpoints",
            $"the documents differ in {string.Join(", ", differing)}", "Serve the same values at every path");
    }

    private static async Task<Finding> ResourceAsync(Examination it, CancellationToken cancel)
    {
        const string Check = "discovery.resource";
        var resource = it.Options.Resource ?? it.Options.IssuerText;
        if (!Uri.TryCreate(resource, UriKind.Absolute, out var url) || url.Scheme is not ("https" or "http"))
            return Finding.Skipped(Check, $"{resource} is no URL, so its metadata has none");
        var place = new Uri(url.GetLeftPart(UriPartial.Authority) + Paths.ResourceMetadata + url.AbsolutePath.TrimEnd('/'));
        var answer = await it.Remote.GetAsync(place, cancel);
        if (answer is not { IsOk: true, Json: { } json })
            return it.Options.Resource is null
                ? Finding.Skipped(Check, $"{place.AbsolutePath}: {answer.Seen}", "Name an API with --resource to examine its metadata")
                : Finding.Fail(Check, $"{place}: {answer.Seen}", "Serve the resource's metadata there (RFC 9728 §3)");
        var servers = new ServerDocument(json).Texts("authorization_servers") ?? [];
        if (answer.Text("resource") is var named && named != resource && named != resource + "/")
            return Finding.Fail(Check, $"resource is {named}, and the metadata was requested for {resource}",
                "Let resource be the URL it was requested for (RFC 9728 §3.3): clients refuse another one");
        return Finding.Demand(Check, servers.Contains(it.Metadata!.Issuer), $"{resource} names this issuer",
            $"authorization_servers of {resource} is {string.Join(' ', servers)}",
                $"Add {it.Metadata.Issuer} to its authorization_servers");
    }

    // To examine the rest; that there was a redirect is a failure in any case.
    private static async Task<(RemoteAnswer Answer, bool Redirected)> FollowAsync(Examination it, Uri url, CancellationToken cancel)
    {
        var answer = await it.Remote.GetAsync(url, cancel);
        var redirected = false;
        for (var i = 0; i < MostRedirects && answer.Location is { } to && to.Host == url.Host && it.MayCall(to); i++)
        {
            answer = await it.Remote.GetAsync(to, cancel);
            redirected = true;
        }

        return (answer, redirected && answer.IsOk);
    }
}
