using System.Collections.Immutable;
using System.Text.Json;
using OAuthServer.Audit;
using OAuthServer.Clients;
using OAuthServer.Http;
using OAuthServer.Protocol;
using OAuthServer.Tokens;

namespace OAuthServer.Revocation;

/// <summary>
/// POST /introspect (RFC 7662), for resource servers about tokens for their own resources. Everything else is exactly
/// {"active":false}.
/// </summary>
public sealed class IntrospectionEndpoint(ClientEndpoint shared, Revocations revocations, ClientUse use, Settings settings)
{
    public async Task HandleAsync(HttpContext http)
    {
        if (await shared.ReadAsync(http, AuditEvents.Introspection, NotAdmitted) is not { } query) return;
        use.Note(query.By);
        var claims = await revocations.LiveAsync(query.Token);
        if (claims is not null && Concerned(claims, query.By.Client) is { } audience)
            await http.JsonAsync(200, (claims.EarlierIssuer ?? settings.Issuer, audience, claims), Describe);
        else await http.JsonAsync(200, json => json.WriteBoolean("active", false));
    }

    private static OAuthError? NotAdmitted(Client client) => client.IsResourceServer ? null
        : OAuthError.InvalidClient(
            "only resource servers introspect", "RFC 7662 §2.1", "a client of kind resource-server", client.Row.Kind);

    // The resource of theirs that it is for.
    private static string? Concerned(AccessTokenClaims claims, Client client) =>
        IsOf(client, claims.Audience) ? claims.Audience : claims.FurtherAudiences.FirstOrDefault(audience => IsOf(client, audience));

    private static bool IsOf(Client client, string audience) =>
        client.Row.Resources.Contains(audience) || client.Row.DefaultResource == audience;

    private static void Describe(Utf8JsonWriter json, (string Issuer, string Audience, AccessTokenClaims Claims) token)
    {
        var claims = token.Claims;
        json.WriteBoolean("active", true);
        json.WriteString("scope", claims.Scope);
        json.WriteString("client_id", claims.ClientId);
        json.WriteString("sub", claims.Subject);
        json.WriteString("aud", token.Audience);
        json.WriteString("iss", token.Issuer);
        json.WriteNumber("iat", claims.IssuedAt.ToUnixTimeSeconds());
        json.WriteNumber("exp", claims.ExpiresAt.ToUnixTimeSeconds());
        json.WriteString("jti", claims.Jti);
        json.WriteString("token_type", claims.Jkt is null ? "Bearer" : "DPoP");
        if (claims.Jkt is { } jkt)
        {
            json.WriteStartObject("cnf");
            json.WriteString("jkt", jkt);
            json.WriteEndObject();
        }

        DelegationClaims.WriteActors(json, claims.Actors);
        foreach (var (name, value) in claims.Person ?? ImmutableDictionary<string, JsonElement>.Empty)
        {
            json.WritePropertyName(name);
            value.WriteTo(json);
        }
    }
}
