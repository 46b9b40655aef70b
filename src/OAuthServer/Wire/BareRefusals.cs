using System.Diagnostics;
using Microsoft.AspNetCore.Http.Features;

namespace OAuthServer.Wire;

/// <summary>
/// Gives what Kestrel refuses before a request reaches the pipeline (a malformed line, header or Host, 408, 414, 431, 505) the
/// headers of every other refusal. Kestrel tells of it after it has set the status and before it writes; a body it does not take.
/// </summary>
public static class BareRefusals
{
    private const string Refused = "Microsoft.AspNetCore.Server.Kestrel.BadRequest";

    public static void UseBareRefusals(this WebApplication app)
    {
        var log = app.Services.GetRequiredService<ILoggerFactory>().CreateLogger("OAuthServer.Faults");
        app.Services.GetRequiredService<DiagnosticListener>().Subscribe(new Listener(log), name => name == Refused);
    }

    private sealed class Listener(ILogger log) : IObserver<KeyValuePair<string, object?>>
    {
        public void OnNext(KeyValuePair<string, object?> value)
        {
            if (value.Key != Refused || value.Value is not IFeatureCollection features) return;
            if (features.Get<IBadRequestExceptionFeature>()?.Error is not BadHttpRequestException fault) return;
            var http = new DefaultHttpContext(features);
            if (http.Response.HasStarted) return;

            http.NameRequest();
            http.Response.NoStore();
            http.Response.Headers.XContentTypeOptions = "nosniff";
            log.LogWarning("Request {RequestId} got {Status}: {Reason}", http.TraceIdentifier, fault.StatusCode, fault.Message);
        }

        public void OnCompleted()
        {
        }

        public void OnError(Exception error)
        {
        }
    }
}
