using System.Text.Json;
using OAuthServer.Audit;
using OAuthServer.Clients;
using OAuthServer.Http;
using OAuthServer.Protocol;

namespace OAuthServer.Registration;

/// <summary>
/// POST /register (RFC 7591), and GET, PUT, DELETE of a client's own registration (RFC 7592). Limits come first, then the token,
/// then the body: nothing slow is done for an address that registers too often.
/// </summary>
public sealed class RegistrationEndpoint(Registrations registrations, RegistrationLimit limit, AuditLog audit, Settings settings)
{
    /// <summary>RFC 7591 §3.</summary>
    public async Task RegisterAsync(HttpContext http) => await AnswerAsync(http, 201, null, await NewAsync(http));

    private async Task<Result<Registered>> NewAsync(HttpContext http)
    {
        var request = http.Context();
        if (limit.Refusal(request) is { } tooMany) return tooMany;
        if ((await registrations.AdmitAsync(http.Bearer(), http.RequestAborted)).Refused(out var error, out var admission)) return error;
        if ((await MetadataAsync(http)).Refused(out error, out var metadata)) return error;
        return await registrations.RegisterAsync(metadata, admission, request, http.RequestAborted);
    }

    /// <summary>RFC 7592 §2.1.</summary>
    public async Task ReadAsync(HttpContext http)
    {
        var (client, request) = (http.PathPart("client"), http.Context());
        await AnswerAsync(http, 200, client, limit.GuessRefusal(request) is { } tooMany
            ? tooMany
            : await registrations.ReadAsync(client, http.Bearer(), request, http.RequestAborted));
    }

    /// <summary>RFC 7592 §2.2.</summary>
    public async Task UpdateAsync(HttpContext http)
    {
        var client = http.PathPart("client");
        await AnswerAsync(http, 200, client, await ReplaceAsync(http, client));
    }

    private async Task<Result<Registered>> ReplaceAsync(HttpContext http, string client)
    {
        var request = http.Context();
        if (limit.GuessRefusal(request) is { } tooManyGuesses) return tooManyGuesses;
        if (limit.Refusal(request) is { } tooMany) return tooMany;
        if ((await registrations.RecogniseAsync(client, http.Bearer(), http.RequestAborted)).Refused(out var error, out var before))
            return error;
        if ((await MetadataAsync(http)).Refused(out error, out var metadata)) return error;
        return await registrations.UpdateAsync(before, metadata, http.Bearer()!, request, http.RequestAborted);
    }

    /// <summary>RFC 7592 §2.3.</summary>
    public async Task DeleteAsync(HttpContext http)
    {
        var (client, request) = (http.PathPart("client"), http.Context());
        if ((limit.GuessRefusal(request) ?? await registrations.DeleteAsync(client, http.Bearer(), request)) is { } error)
        {
            await RefuseAsync(http, error, client);
            return;
        }

        http.Response.NoStore();
        http.Response.StatusCode = 204;
    }

    private async Task AnswerAsync(HttpContext http, int status, string? client, Result<Registered> outcome)
    {
        if (outcome.Refused(out var error, out var registered)) await RefuseAsync(http, error, client);
        else await ShowAsync(http, status, registered);
    }

    private async Task<Result<ClientMetadata>> MetadataAsync(HttpContext http) =>
        (await http.JsonAsync()).Refused(out var error, out var body) ? error : ClientMetadata.Read(body, settings);

    private async Task RefuseAsync(HttpContext http, OAuthError error, string? client)
    {
        var request = http.Context();
        // Only guesses at a registration; the refusals of /register have a limit of their own.
        if (client is not null && error.Status == 401) limit.CountGuess(request);
        await audit.RefusedAsync(AuditEvents.Registration, error, request, client);
        http.AddBearerChallenge(error, settings);
        await http.RefuseAsync(error);
    }

    private Task ShowAsync(HttpContext http, int status, Registered registered)
    {
        var row = registered.Row;
        var answer = new RegistrationAnswer
        {
            ClientId = row.ClientId,
            ClientIdIssuedAt = row.IssuedAt.ToUnixTimeSeconds(),
            ClientSecret = registered.Secret,
            ClientName = row.Name,
            RedirectUris = row.RedirectUris,
            GrantTypes = row.GrantTypes,
            ResponseTypes = row.Kind == "machine" ? [] : ["code"],
            TokenEndpointAuthMethod = row.AuthMethod,
            DpopBoundAccessTokens = row.DpopRequired ? true : null,
            TokenEndpointAuthSigningAlg = row.AssertionAlg,
            Jwks = row.Jwks is { } jwks ? JsonElement.Parse(jwks) : null,
            JwksUri = row.JwksUri,
            Scope = Scope.Join(registered.Scope),
            ClientUri = row.ClientUri,
            LogoUri = row.LogoUri,
            TosUri = row.TosUri,
            PolicyUri = row.PolicyUri,
            IdTokenSignedResponseAlg = row.SpeaksOpenId || registered.NamedIdTokenAlg ? row.IdTokenAlg : null,
            DefaultMaxAge = row.DefaultMaxAge,
            PostLogoutRedirectUris = row.PostLogoutRedirectUris is { Length: > 0 } uris ? uris : null,
            BackchannelLogoutUri = row.BackchannelLogoutUri,
            RequirePushedAuthorizationRequests = row.ParRequired ? true : null,
            RegistrationClientUri = $"{settings.Issuer}{Paths.Register}/{row.ClientId}",
            RegistrationAccessToken = registered.Token,
        };
        return http.JsonAsync(status, answer, RegistrationJson.Default.RegistrationAnswer);
    }
}
