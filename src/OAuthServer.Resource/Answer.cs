using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace OAuthServer.ResourceServer;

/// <summary>Refusals on the wire: RFC 6750 §3 in the header, the same in JSON.</summary>
internal static class Answer
{
    /// <summary>Without a code it is the bare challenge for who brought no token.</summary>
    public static Task ChallengeAsync(
        HttpResponse response, OAuthResourceOptions options, int status, string? code, string? description, IEnumerable<string> scopes)
    {
        var challenge = new StringBuilder($"Bearer resource_metadata=\"{options.MetadataUrl}\"");
        if (code is not null) challenge.Append($", error=\"{code}\", error_description=\"{description}\"");
        var scope = string.Join(' ', scopes);
        if (scope.Length > 0) challenge.Append($", scope=\"{scope}\"");

        response.StatusCode = status;
        if (status != 503) response.Headers.Append("WWW-Authenticate", challenge.ToString());
        response.Headers.CacheControl = "no-store";
        if (code is null) return Task.CompletedTask;
        response.ContentType = "application/json";
        return response.WriteAsync(
            JsonSerializer.Serialize(new Dictionary<string, string> { ["error"] = code, ["error_description"] = description! }));
    }
}
