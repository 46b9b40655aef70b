using System.Buffers.Text;
using System.Text.Json;

namespace OAuthServer.Tokens;

/// <summary>What an access token says of who acts for whom: act (RFC 8693 §4.1), and via, the delegations it stands on.</summary>
internal static class DelegationClaims
{
    private const string Act = "act";
    private const string Steps = "via";

    /// <summary>Writes both, where there is something to say.</summary>
    public static void Write(Utf8JsonWriter json, AccessTokenClaims claims)
    {
        WriteActors(json, claims.Actors);
        if (claims.Via.Count == 0) return;
        json.WriteStartArray(Steps);
        foreach (var step in claims.Via) json.WriteStringValue(step);
        json.WriteEndArray();
    }

    /// <summary>Writes act alone: who acts now, around who did before.</summary>
    public static void WriteActors(Utf8JsonWriter json, IReadOnlyList<string> actors)
    {
        if (actors.Count == 0) return;
        foreach (var actor in actors)
        {
            json.WriteStartObject(Act);
            json.WriteString("sub", actor);
        }

        foreach (var _ in actors) json.WriteEndObject();
    }

    /// <summary>The actors of a token of ours, the nearest first.</summary>
    /// <param name="payload">Its second part.</param>
    public static IReadOnlyList<string> Actors(string payload)
    {
        using var claims = JsonDocument.Parse(Base64Url.DecodeFromChars(payload));
        List<string>? actors = null;
        for (var at = claims.RootElement; at.TryGetProperty(Act, out var act); at = act)
            (actors ??= []).Add(act.GetProperty("sub").GetString()!);
        return actors ?? (IReadOnlyList<string>)[];
    }

    /// <summary>The delegations of a token of ours, the first step first.</summary>
    /// <param name="payload">Its second part.</param>
    public static IReadOnlyList<Guid> Via(string payload)
    {
        using var claims = JsonDocument.Parse(Base64Url.DecodeFromChars(payload));
        return claims.RootElement.TryGetProperty(Steps, out var via) ? [.. via.EnumerateArray().Select(step => step.GetGuid())] : [];
    }
}
