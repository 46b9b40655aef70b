using System.Text.Json.Serialization;
using OAuthServer.Audit;
using OAuthServer.Stores.Audit;

namespace OAuthServer.Admin.Audit;

/// <summary>What was decided under a request id.</summary>
public sealed record WhyAnswer
{
    public required string RequestId { get; init; }
    public required IEnumerable<WhyDecision> Decisions { get; init; }
}

/// <summary>One row of the audit log, as far as operators' tools see it.</summary>
public sealed record WhyDecision
{
    public required DateTimeOffset At { get; init; }
    public required string Event { get; init; }
    public required string Outcome { get; init; }
    public required string? ClientId { get; init; }
    public required string? Subject { get; init; }
    public required string? Error { get; init; }
    public required string? Rule { get; init; }
    public required string? Expected { get; init; }
    public required string? Got { get; init; }
    public required string? Reason { get; init; }
    public required string? Detail { get; init; }

    /// <summary>What to do about a refusal.</summary>
    public required string? Remedy { get; init; }

    public static WhyDecision Of(AuditRow row) => new()
    {
        At = row.At,
        Event = row.Event,
        Outcome = row.Outcome,
        ClientId = row.ClientId,
        Subject = row.Subject,
        Error = row.Error,
        Rule = row.Rule,
        Expected = row.Expected,
        Got = row.Got,
        Reason = row.Reason,
        Detail = row.Detail,
        Remedy = Remedies.Of(row),
    };
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(WhyAnswer))]
internal sealed partial class WhyJson : JsonSerializerContext;
