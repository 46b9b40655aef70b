using System.Diagnostics.Metrics;
using OAuthServer.Protocol;

namespace OAuthServer.Audit;

/// <summary>Counts what was decided.</summary>
public sealed class Decisions : IDisposable
{
    private readonly Meter meter = Telemetry.NewMeter();
    private readonly Counter<long> tokens;
    private readonly Counter<long> refusals;
    private readonly Counter<long> replays;
    private readonly Counter<long> userinfo;
    private readonly Counter<long> tokenEndpointNamed;

    public Decisions()
    {
        tokens = meter.CreateCounter<long>("oauth.tokens", description: "Access tokens that were issued, by grant type.");
        refusals = meter.CreateCounter<long>(
            "oauth.refusals", description: "Requests that were refused: where, by the public error and the rule that refused.");
        replays = meter.CreateCounter<long>(
            "oauth.replays", description: "Codes and refresh tokens that came a second time: stolen, or sent twice by a client.");
        tokenEndpointNamed = meter.CreateCounter<long>("oauth.client_assertions.for_token_endpoint",
            description: "Client assertions whose aud was the token endpoint, of clients with a client id document.");
        userinfo = meter.CreateCounter<long>("oauth.userinfo", description: "Answers of /userinfo about a person.");
    }

    /// <summary>A client assertion named the token endpoint in place of the issuer (RFC 10070 §4).</summary>
    public void TokenEndpointNamed() => tokenEndpointNamed.Add(1);

    /// <summary>An app was told of a person at /userinfo, which the audit log does not keep.</summary>
    public void Told() => userinfo.Add(1);

    /// <summary>An access token was issued.</summary>
    public void Issued(GrantType type) => tokens.Add(1, new KeyValuePair<string, object?>("grant_type", type.Name));

    /// <summary>Something was refused, whether the log keeps it or not.</summary>
    /// <param name="event">One of <see cref="AuditEvents"/>.</param>
    public void Refused(string @event, OAuthError error)
    {
        refusals.Add(1, new("event", @event), new("error", error.Code), new("rule", error.Rule));
        if (error.Replayed) replays.Add(1, new KeyValuePair<string, object?>("rule", error.Rule));
    }

    public void Dispose() => meter.Dispose();
}
