using System.Text;
using System.Text.Json;
using OAuthServer.Html;
using OAuthServer.Stores.Audit;

namespace OAuthServer.Playground;

/// <summary>One request of the walkthrough, and what is promised of its answer.</summary>
public sealed record PlaygroundRequest
{
    /// <summary>Who asks for what.</summary>
    public required Func<Language, string> Says { get; init; }

    /// <summary>What the promised answer means.</summary>
    public required Func<Language, string> Means { get; init; }

    /// <summary>What another answer means; null when it means nothing in particular.</summary>
    public Func<Language, string>? Otherwise { get; init; }
    public string Method { get; init; } = "POST";

    /// <summary>Without the query.</summary>
    public required string Url { get; init; }

    /// <summary>Id and secret for HTTP Basic (RFC 6749 §2.3.1); null: the client has no secret.</summary>
    public (string Id, string Secret)? Client { get; init; }

    /// <summary>The form; of a GET, the query.</summary>
    public required IReadOnlyList<(string Name, string Value)> Parameters { get; init; }

    /// <summary>The promised status.</summary>
    public int Status { get; init; } = 200;

    /// <summary>What stands in the promised body or Location.</summary>
    public string Shows { get; init; } = "";

    /// <summary>Parameters as they travel, application/x-www-form-urlencoded.</summary>
    public string Encoded => string.Join('&', Parameters.Select(one => $"{one.Name}={Uri.EscapeDataString(one.Value)}"));

    /// <summary>The URL with the query of a GET.</summary>
    public string FullUrl => Method == "GET" ? $"{Url}?{Encoded}" : Url;

    public string? Authorization => Client is var (id, secret) ? "Basic " + Convert.ToBase64String(
        Encoding.UTF8.GetBytes($"{id}:{secret}")) : null;
}

/// <summary>A request and its answer, with what the audit log kept of it.</summary>
public sealed record Exchange
{
    public required PlaygroundRequest Request { get; init; }
    public required int Status { get; init; }

    /// <summary>Those of the answer that matter, in the order they are shown.</summary>
    public required IReadOnlyList<(string Name, string Value)> Headers { get; init; }
    public required string Body { get; init; }
    public required IReadOnlyList<AuditRow> Audit { get; init; }

    /// <summary>Whether the answer is the promised one.</summary>
    public bool Fits => Status == Request.Status
        && (Body.Contains(Request.Shows, StringComparison.Ordinal)
        || Headers.Any(header => header.Value.Contains(Request.Shows, StringComparison.Ordinal)));

    /// <summary>A text member of the JSON body, or null.</summary>
    public string? this[string member]
    {
        get
        {
            if (Body.Length == 0) return null;
            using var json = JsonDocument.Parse(Body);
            return json.RootElement.TryGetProperty(member, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString()
                : null;
        }
    }
}

/// <summary>What a page of the walkthrough shows.</summary>
public sealed record PlaygroundView
{
    /// <summary>The hidden field of its forms.</summary>
    public required Markup Antiforgery { get; init; }

    /// <summary>One of <see cref="Stages.All"/>; null: the first page.</summary>
    public required string? Stage { get; init; }

    /// <summary>Stages that went as promised.</summary>
    public required IReadOnlyCollection<string> Done { get; init; }

    /// <summary>What this stage sent and got; null: nothing yet.</summary>
    public required IReadOnlyList<Exchange>? Exchanges { get; init; }

    /// <summary>The stage to be done before this one; null: none.</summary>
    public required string? Missing { get; init; }
}
