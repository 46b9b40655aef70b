using System.Text.Json;
using Microsoft.Extensions.Logging;

namespace OAuthServer.ResourceServer;

/// <summary>RFC 7662: asks the server whether a token is still active.</summary>
internal sealed class TokenIntrospection(ServerConnection server, OAuthResourceOptions options, ILogger log)
{
    /// <summary>Active for this resource, or not; null when the server cannot be asked.</summary>
    public async Task<bool?> IsActiveAsync(string token, CancellationToken cancel)
    {
        try
        {
            var url = await server.EndpointAsync("introspection_endpoint", cancel)
                ?? throw new HttpRequestException("the metadata has no introspection_endpoint");
            using var message = server.Post(url, [KeyValuePair.Create("token", token)]);
            using var reply = await server.SendAsync(message, TimeSpan.FromSeconds(5), cancel);
            var answer = await ServerConnection.JsonAsync(reply.EnsureSuccessStatusCode(), cancel);
            return answer.TryGetProperty("active", out var active) && active.ValueKind == JsonValueKind.True
                && answer.TryGetProperty("aud", out var aud) && aud.ValueKind == JsonValueKind.String && aud.ValueEquals(options.Resource);
        }
        catch (Exception fault) when (fault is HttpRequestException or InvalidOperationException)
        {
            log.LogWarning("A token could not be introspected at {Issuer} ({Reason})", options.Issuer, fault.Message);
            return null;
        }
    }
}
