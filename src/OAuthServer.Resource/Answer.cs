using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace OAuthServer.ResourceServer;

/// <summary>Refusals on the wire: RFC 6750 §3 in the header, the same in JSON.</summary>
internal static class Answer
{
    /// <summary>Without a code it is the bare challenge for who brought no token.</summary>
    /// <param name="isDpop">
    /// The challenge is DPoP's alone, as its clients expect (RFC 9449 §7.1). Else Bearer's comes first, which is all that many clients
    /// read, and then, without a good token, DPoP's.
    /// </param>
    public static Task ChallengeAsync(
        HttpResponse response, OAuthResourceOptions options, int status, string? code, string? description, IEnumerable<string> scopes,
        bool isDpop)
    {
        const string dpop = $"DPoP algs=\"{DpopValidator.Algorithms}\"";
        var challenge = new StringBuilder($"{(isDpop ? $"{dpop}," : "Bearer")} resource_metadata=\"{options.MetadataUrl}\"");
        if (code is not null) challenge.Append($", error=\"{code}\", error_description=\"{description}\"");
        var scope = string.Join(' ', scopes);
        if (scope.Length > 0) challenge.Append($", scope=\"{scope}\"");

        response.StatusCode = status;
        if (status != 503) response.Headers.Append("WWW-Authenticate", challenge.ToString());
        if (status == 401 && !isDpop) response.Headers.Append("WWW-Authenticate", dpop);
        response.Headers.CacheControl = "no-store";
        if (code is null) return Task.CompletedTask;
        response.ContentType = "application/json";
        return response.WriteAsync(
            JsonSerializer.Serialize(new Dictionary<string, string> { ["error"] = code, ["error_description"] = description! }));
    }
}
