using System.Runtime.CompilerServices;

namespace OAuthServer.Diagnosis;

/// <summary>
/// What pages of other origins may read (CORS): metadata, keys and tokens, without credentials; never /authorize (RFC 9700 §2.6).
/// </summary>
internal static class CrossOriginChecks
{
    private const string Origin = "https://doctor.invalid";
    private static readonly (string, string) FromElsewhere = ("Origin", Origin);

    public static async IAsyncEnumerable<Finding> RunAsync(
        Examination it, ServerDocument metadata, [EnumeratorCancellation] CancellationToken cancel)
    {
        const string Allow = "Answer with Access-Control-Allow-Origin: * there; nothing in it depends on cookies";
        var document = await it.Remote.GetAsync(it.First!.Url, cancel, FromElsewhere);
        yield return Finding.Advise("cors.metadata", IsReadable(document), "any page may read the metadata",
            "no page of another origin may read the metadata", Allow);
        var seen = new List<RemoteAnswer> { document };

        if (it.Callable(metadata.JwksUri) is { } keys)
        {
            seen.Add(await it.Remote.GetAsync(keys, cancel, FromElsewhere));
            yield return Finding.Advise("cors.keys", IsReadable(seen[^1]), "any page may read the keys",
                "no page of another origin may read the keys", Allow);
        }

        if (it.Callable(metadata.TokenEndpoint) is { } token)
        {
            seen.Add(await it.Remote.PostAsync(token, [("grant_type", "doctor")], cancel, FromElsewhere));
            yield return Finding.Advise("cors.token", IsReadable(seen[^1]), "apps in a browser may redeem codes",
                "no page of another origin may read the answers of the token endpoint",
                "Answer with Access-Control-Allow-Origin: * there, errors and preflights included: apps in a browser need it");
        }

        var open = seen.Find(one => one.AllowedOrigin is not null
            && one.Header("Access-Control-Allow-Credentials")?.Equals("true", StringComparison.OrdinalIgnoreCase) is true);
        yield return Finding.Demand("cors.credentials", open is null, "no answer is read with cookies",
            $"{open?.Url.AbsolutePath} may be read by {open?.AllowedOrigin} with cookies",
            "Remove Access-Control-Allow-Credentials: any page could use its visitor's session");

        if (it.Callable(metadata.AuthorizationEndpoint) is not { } authorize) yield break;
        var page = await it.Remote.GetAsync(authorize, cancel, FromElsewhere);
        yield return Finding.Demand("cors.authorize", page.AllowedOrigin is null, "no page may read the authorization endpoint",
            $"the authorization endpoint may be read by {page.AllowedOrigin}", "Remove CORS there: it must not have any (RFC 9700 §2.6)");
    }

    private static bool IsReadable(RemoteAnswer answer) => answer.AllowedOrigin is "*" or Origin;
}
