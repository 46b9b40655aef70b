using System.Globalization;
using OAuthServer.Audit;
using OAuthServer.Clients;
using OAuthServer.Http;
using OAuthServer.Protocol;

namespace OAuthServer.Revocation;

/// <summary>
/// GET /revocations?after=CURSOR&amp;wait=25, or the same by POST with a form, for resource servers: what died before it expired and concerns their resources. With
/// wait the answer comes when there is something to say, or after so many seconds. Successes go to the log, not to the audit log.
/// </summary>
public sealed class RevocationFeedEndpoint(
    ClientEndpoint shared, RevocationFeed feed, ClientUse use, AuditLog audit, Shutdown shutdown, ILogger<RevocationFeedEndpoint> log)
{
    /// <summary>Authenticated by HTTP Basic.</summary>
    public Task HandleAsync(HttpContext http) =>
        HandleAsync(http, Parameters.OfQuery(http.Request.QueryString.Value ?? ""), new Parameters([]));

    /// <summary>The same by a form, where an assertion has its place (RFC 7521 §4.2): it never stands in a URL.</summary>
    public async Task PostAsync(HttpContext http)
    {
        if ((await http.ShortFormAsync()).Refused(out var error, out var form)) await RefuseAsync(http, error, null);
        else await HandleAsync(http, form, form);
    }

    private async Task HandleAsync(HttpContext http, Parameters wishes, Parameters credentials)
    {
        if ((await ReadAsync(http, wishes, credentials)).Refused(out var error, out var answer))
            await RefuseAsync(http, error, http.NamedClient(credentials));
        else await AnswerAsync(http, answer);
    }

    private async Task RefuseAsync(HttpContext http, OAuthError error, string? client)
    {
        await audit.RefusedAsync(AuditEvents.RevocationFeed, error, http.Context(), client);
        await http.RefuseAsync(error);
    }

    private async Task<Result<FeedAnswer>> ReadAsync(HttpContext http, Parameters query, Parameters credentials)
    {
        var cancel = http.RequestAborted;
        if (query.Problem() is { } malformed) return malformed;
        if ((await shared.AuthenticateAsync(http, credentials)).Refused(out var error, out var authenticated)) return error;
        if (MayRead(authenticated) is { } notAllowed) return notAllowed;
        if (Wait(query).Refused(out error, out var wait)) return error;

        var longest = http.IsHead() ? TimeSpan.Zero : wait;
        var answer =
            await feed.ReadAsync(Audiences(authenticated.Client), query["after"], longest, Known(http.Request), shutdown.Closing, cancel);
        if (answer is null)
            return OAuthError.InvalidRequest("after is not a cursor of this server; leave it out to begin anew",
                "the cursor cannot be read, or another database made it", "behaviour 23", "a cursor this server gave out");
        log.LogDebug("{Client} read {Count} revocations", authenticated.Client.Id, answer.Entries.Count);
        return answer;
    }

    private static Task AnswerAsync(HttpContext http, FeedAnswer answer)
    {
        http.Response.Headers.CacheControl = "private, no-cache";
        if (http.IsKnown(answer.ETag)) return Task.CompletedTask;
        return http.PlainJsonAsync(200, json =>
        {
            json.WriteString("cursor", answer.Cursor);
            json.WriteStartArray("entries");
            foreach (var entry in answer.Entries)
            {
                json.WriteStartObject();
                json.WriteString(entry.Kind, entry.Value);
                json.WriteNumber("exp", entry.ExpiresAt.ToUnixTimeSeconds());
                json.WriteEndObject();
            }

            json.WriteEndArray();
        });
    }

    private static Func<string, bool>? Known(HttpRequest request) =>
        request.Headers.IfNoneMatch.Count == 0 ? null : tag => request.Has(tag) is true;

    private static string[] Audiences(Client client) =>
        client.Row.DefaultResource is { } own ? [.. client.Row.Resources, own] : client.Row.Resources;

    private OAuthError? MayRead(Authenticated reader)
    {
        if (!reader.Client.IsResourceServer)
            return OAuthError.InvalidClient("only resource servers read the feed", "behaviour 12", "a client of kind resource-server",
                reader.Client.Row.Kind);

        use.Note(reader);
        return null;
    }

    private static Result<TimeSpan> Wait(Parameters query) =>
        query["wait"] is not { } text ? TimeSpan.Zero
        : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) && seconds <= RevocationFeed.LongestWait
            ? TimeSpan.FromSeconds(seconds)
        : OAuthError.InvalidRequest($"wait is a whole number of seconds up to {RevocationFeed.LongestWait}",
            "wait is not a number or too long",
            "behaviour 23", $"0 to {RevocationFeed.LongestWait}", text);
}
