using Microsoft.AspNetCore.Connections;
using Npgsql;
using OAuthServer.Audit;
using OAuthServer.Keys;
using OAuthServer.Protocol;
using OAuthServer.Stores.Postgres;

namespace OAuthServer.Http;

/// <summary>
/// Turns faults and bare status codes into the standard error: PostgreSQL away, too busy or too late (<see cref="DatabaseBudget"/>)
/// is 503 with Retry-After, a body past
/// the limit 413, the rest 500; 404 and 405 get their JSON. Nothing internal reaches the wire.
/// </summary>
public static class Faults
{
    /// <param name="refuse">Writes the refusal in the form the client asked for: a page or JSON.</param>
    public static void UseFaults(this WebApplication app, Func<HttpContext, OAuthError, Task> refuse)
    {
        var (decisions, audit) = (app.Services.GetRequiredService<Decisions>(), app.Services.GetRequiredService<AuditLog>());
        var log = app.Services.GetRequiredService<ILoggerFactory>().CreateLogger("OAuthServer.Faults");
        app.Use(async (http, next) =>
        {
            DatabaseBudget.Begin();
            try
            {
                await next(http);
            }
            catch (Exception fault) when (IsGone(fault, http))
            {
                // Or Kestrel would read on, and write a stack trace.
                http.Abort();
                return;
            }
            catch (Exception fault) when (!http.Response.HasStarted)
            {
                var error = Name(fault);
                if (error.Status == 500) log.LogError(fault, "Request {RequestId} failed", http.TraceIdentifier);
                else if (error.Status != 429)
                    log.LogWarning("Request {RequestId} got {Status}: {Reason}", http.TraceIdentifier, error.Status, error.Reason);
                http.Response.Headers.ContentLength = null;
                // Where the next request would begin is not known; Kestrel would look for it, and write a stack trace.
                if (fault is BadHttpRequestException && !HttpProtocol.IsHttp2(http.Request.Protocol))
                    http.Response.Headers.Connection = "close";
                await refuse(http, await NoteAsync(audit, decisions, http, error));
                return;
            }

            if (!http.Response.HasStarted && http.Response.ContentLength is null && http.Response.ContentType is null
                && Name(http.Response) is { } bare)
            {
                await refuse(http, await NoteAsync(audit, decisions, http, bare));
            }
        });
    }

    /// <summary>
    /// Counts what no endpoint decided, and keeps what a client did wrong, as far as the audit log keeps it. What is to be answered: the
    /// same, or that the log took no more of it, or could not be written.
    /// </summary>
    internal static async Task<OAuthError> NoteAsync(AuditLog audit, Decisions decisions, HttpContext http, OAuthError error)
    {
        if (error.Status is 400 or 413 or 415)
            try
            {
                await audit.RefusedAsync(AuditEvents.Request, error, http.Context());
                return error;
            }
            catch (Exception fault) when (fault is TooManyRefusalsException or TimeoutException or NpgsqlException)
            {
                error = Name(fault);
            }

        decisions.Refused(AuditEvents.Request, error);
        return error;
    }

    // A reset in the middle of a body is seen by its reader before the request counts as aborted.
    private static bool IsGone(Exception fault, HttpContext http) =>
        fault is ConnectionResetException or ConnectionAbortedException
        || (fault is OperationCanceledException && http.RequestAborted.IsCancellationRequested);

    private static OAuthError Name(Exception fault) => fault switch
    {
        BadHttpRequestException { StatusCode: 413 } =>
            OAuthError.InvalidRequest("The request body is too large", "body past the limit", "RFC 9110 §15.5.14") with { Status = 413 },
        BadHttpRequestException bad =>
            OAuthError.InvalidRequest("The request is malformed", bad.Message, "RFC 9110 §15.5.1") with { Status = bad.StatusCode },
        TooManyRefusalsException refused => refused.Error,
        HashQueueFullException => OAuthError.TemporarilyUnavailable("the slow-hash queue is full"),
        TimeoutException or NpgsqlException { IsTransient: true }
            or NpgsqlException { InnerException: TimeoutException or IOException or System.Net.Sockets.SocketException }
            => OAuthError.TemporarilyUnavailable($"PostgreSQL: {fault.Message}"),
        PostgresException { InvariantSeverity: not "ERROR", SqlState: var state } =>
            OAuthError.TemporarilyUnavailable($"PostgreSQL {state}"),
        // Class 08 connection, 26 and 42P05 a pooler lost a prepared statement, 40 try again, 53 resources, 55 locked, 57 shutting
        // down, 58 and XX the machine; 42P01/42703: not migrated yet.
        PostgresException { SqlState: var state }
            when state[..2] is "08" or "26" or "40" or "53" or "55" or "57" or "58" or "XX"
                || state is "42P01" or "42P05" or "42703" or "3D000" or "25006"
            => OAuthError.TemporarilyUnavailable($"PostgreSQL {state}"),
        NpgsqlException and not PostgresException => OAuthError.TemporarilyUnavailable($"PostgreSQL: {fault.Message}"),
        _ => OAuthError.ServerError(fault.GetType().Name),
    };

    private static OAuthError? Name(HttpResponse response) => response.StatusCode switch
    {
        404 => OAuthError.InvalidRequest("Page not found", "no such path", "RFC 9110 §15.5.5") with { Status = 404 },
        405 => OAuthError.InvalidRequest("This method is not allowed here", "wrong method", "RFC 9110 §15.5.6") with { Status = 405 },
        415 => OAuthError.InvalidRequest("This content type is not supported", "wrong content type", "RFC 9110 §15.5.16")
            with
        { Status = 415 },
        400 => OAuthError.InvalidRequest("The request is malformed", "refused before an endpoint saw it", "RFC 9110 §15.5.1"),
        _ => null,
    };
}
