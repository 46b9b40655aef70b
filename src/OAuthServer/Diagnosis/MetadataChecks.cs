namespace OAuthServer.Diagnosis;

/// <summary>What the metadata promises (RFC 8414 §2), against OAuth 2.1 and RFC 9700.</summary>
internal static class MetadataChecks
{
    public static IEnumerable<Finding> Run(Examination it, ServerDocument metadata)
    {
        string[] required = ["issuer", "authorization_endpoint", "token_endpoint"];
        var missing = required.Where(name => metadata.Text(name) is null).ToList();
        if (metadata.Texts("response_types_supported") is null) missing.Add("response_types_supported");
        yield return Finding.Demand("metadata.required", missing.Count == 0, "every required member is there",
            $"missing, or of another type: {string.Join(", ", missing)}", "Add them (RFC 8414 §2)");

        var bad = ServerDocument.Endpoints
            .Where(name => metadata.Text(name) is { } text && (metadata.Url(name) is not { } url || !it.MayCall(url) || text.Contains('#')))
            .Select(name => $"{name} {metadata.Text(name)}").ToArray();
        yield return Finding.Demand("metadata.urls", bad.Length == 0, $"every endpoint is {(it.IsHttps ? "https" : "a URL")}",
            string.Join(", ", bad), "Write absolute https URLs without a fragment that clients can reach: behind a proxy, set the public address");

        foreach (var finding in Pkce(metadata).Concat(Grants(metadata)).Concat(Others(metadata))) yield return finding;
    }

    private static IEnumerable<Finding> Pkce(ServerDocument metadata)
    {
        var methods = metadata.Texts("code_challenge_methods_supported");
        yield return Finding.Demand("metadata.pkce", methods?.Contains("S256") is true, "S256 is supported",
            methods is null ? "code_challenge_methods_supported is missing" : $"code_challenge_methods_supported is {Words(methods)}",
            "Support PKCE with S256 and list it (OAuth 2.1 §4.1.1): MCP clients refuse a server that does not");
        yield return Finding.Advise("metadata.pkce-plain", methods?.Contains("plain") is not true, "plain is not supported",
            "the PKCE method plain is supported", "Remove plain: it protects from nobody who reads the request (RFC 7636 §4.2)");
    }

    private static IEnumerable<Finding> Grants(ServerDocument metadata)
    {
        var types = metadata.Texts("response_types_supported") ?? [];
        yield return Finding.Advise("metadata.response-types", !types.Any(type => type.Split(' ').Contains("token")),
            $"response types: {Words(types)}", $"response types that send tokens through the browser: {Words(types)}",
            "Remove token: OAuth 2.1 has no implicit grant (RFC 9700 §2.1.2)");

        // RFC 8414 §2: without the member, authorization_code and implicit.
        var grants = metadata.Texts("grant_types_supported");
        yield return Finding.Advise("metadata.grants", grants?.Contains("implicit") is false, $"grant types: {Words(grants)}",
            grants is null ? "grant_types_supported is missing, which means authorization_code and implicit"
                : "the implicit grant is listed",
            "List the grant types that there are, without implicit (RFC 9700 §2.1.2)");
        yield return Finding.Demand("metadata.password", grants?.Contains("password") is not true, "the password grant is not listed",
            "the password grant is listed", "Remove it: it must not be used (RFC 9700 §2.4)");
    }

    private static IEnumerable<Finding> Others(ServerDocument metadata)
    {
        var none = metadata.Members.EnumerateObject()
            .Where(member => member.Name.EndsWith("_values_supported", StringComparison.Ordinal)
                && member.Name.Contains("_alg", StringComparison.Ordinal) && metadata.Texts(member.Name)?.Contains("none") is true)
            .Select(member => member.Name).ToArray();
        yield return Finding.Demand("metadata.algorithms", none.Length == 0, "none is no algorithm", $"none is listed in {Words(none)}",
            "Remove none: what is not signed anybody can write (RFC 8725 §3.2)");

        var methods = metadata.Texts("token_endpoint_auth_methods_supported");
        yield return Finding.Advise("metadata.auth-methods", methods is { Length: > 0 }, $"authentication methods: {Words(methods)}",
            "token_endpoint_auth_methods_supported is missing, which means client_secret_basic alone",
            "List every method of the token endpoint, and none where public clients are admitted (RFC 8414 §2)");
        yield return Finding.Advise("metadata.iss", metadata.SendsIssuer, "responses name the issuer",
            "authorization_response_iss_parameter_supported is not true",
            "Send iss with every authorization response and announce it: it protects clients of several servers from mix-up (RFC 9207)");
        yield return Finding.Advise("metadata.registration", metadata.RegistrationEndpoint is not null
            || metadata.Members.TryGetProperty("client_id_metadata_document_supported", out _),
            "clients can register, or bring a document",
            "neither registration_endpoint nor client_id_metadata_document_supported is there",
            "Nothing, where an operator adds every client. Clients that come by themselves (MCP) need one of them");
    }

    private static string Words(string[]? values) => values is { Length: > 0 } ? string.Join(' ', values) : "none";
}
