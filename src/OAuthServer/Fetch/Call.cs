using System.Net.Http.Headers;

namespace OAuthServer.Fetch;

/// <summary>One request to another host.</summary>
public sealed record Call
{
    public required Uri Url { get; init; }

    /// <summary>What is posted; null: it is a GET.</summary>
    public IReadOnlyList<KeyValuePair<string, string>>? Form { get; init; }
    public AuthenticationHeaderValue? Authorization { get; init; }

    /// <summary>How long the answer may be; 0: it is not read.</summary>
    public int MostBytes { get; init; } = 64 * 1024;

    /// <summary>For all of it, from the look-up of the name to the last octet.</summary>
    public TimeSpan Deadline { get; init; } = Fetcher.Deadline;
}

/// <summary>What another host answered.</summary>
public sealed record Answered
{
    /// <summary>Redirects are not followed: 302, say.</summary>
    public required int Status { get; init; }

    /// <summary>Empty where it was not read.</summary>
    public required byte[] Body { get; init; }

    /// <summary>RFC 9111 §4.2: how long its owner calls it fresh; null when nothing was said.</summary>
    public required TimeSpan? FreshFor { get; init; }

    /// <summary>The content type without its parameters; null: none.</summary>
    public required string? Type { get; init; }

    /// <summary>Whether it says that it is JSON.</summary>
    public bool IsJson => Type is { } media
        && (media.Equals("application/json", StringComparison.OrdinalIgnoreCase)
            || (media.StartsWith("application/", StringComparison.OrdinalIgnoreCase)
                && media.EndsWith("+json", StringComparison.OrdinalIgnoreCase)));
}
