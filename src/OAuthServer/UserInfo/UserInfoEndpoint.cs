using System.Text.Json;
using OAuthServer.Audit;
using OAuthServer.Clients;
using OAuthServer.Http;
using OAuthServer.Protocol;
using OAuthServer.Stores.Resources;
using OAuthServer.Stores.Users;
using OAuthServer.Tokens;

namespace OAuthServer.UserInfo;

/// <summary>
/// GET and POST /userinfo (OpenID Connect Core §5.3): the claims that the token's scope allows, as they are now. The token comes in the
/// header and nowhere else.
/// </summary>
public sealed class UserInfoEndpoint(
    DpopRequests dpop, PersonStore people, ResourceDirectory resources, ClientDirectory clients, ClientLimit limit, AuditLog audit,
    Decisions decisions, Settings settings)
{
    public async Task HandleAsync(HttpContext http)
    {
        if ((await FindAsync(http)).Refused(out var error, out var answer))
        {
            http.AddTokenChallenge(error, settings, Scope.OpenId);
            await audit.RefusedAsync(AuditEvents.UserInfo, error, http.Context());
            await http.RefuseAsync(error);
            return;
        }

        decisions.Told();
        await http.JsonAsync(200, answer, Write);
    }

    private async Task<Result<Answer>> FindAsync(HttpContext http)
    {
        var cancel = http.RequestAborted;
        if ((await dpop.TokenAsync(http, Paths.UserInfo)).Refused(out var error, out var claims)) return error;
        if (claims.Grant is null || !Guid.TryParse(claims.Subject, out var subject))
            return OAuthError.InvalidToken("not a live token of a person of this server");
        var scope = claims.Scope.Split(' ');
        if (!scope.Contains(Scope.OpenId)) return OAuthError.InsufficientScope(Scope.OpenId, claims.Scope);
        if (await clients.FindAsync(claims.ClientId, cancel) is not { Row.Enabled: true } client)
            return OAuthError.InvalidToken("its client is disabled or gone");
        if (limit.Refusal(client, http.Context()) is { } tooMany) return tooMany;
        if (await people.FindAsync(subject, claims.ClientId) is not { } person)
            return OAuthError.InvalidToken("its person is disabled or gone");
        return new Answer(person, scope, (await resources.ReadAsync(cancel)).ClaimRules);
    }

    private static void Write(Utf8JsonWriter json, Answer answer)
    {
        json.WriteString("sub", answer.Person.Subject);
        PersonClaims.Write(json, answer.Person, answer.Scope, answer.Rules, isToken: false);
    }

    private sealed record Answer(PersonRow Person, string[] Scope, IReadOnlyList<ClaimRule> Rules);
}
