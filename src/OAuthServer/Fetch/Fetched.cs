namespace OAuthServer.Fetch;

/// <summary>What a host answered: the document, or that there is none any more.</summary>
public sealed record Fetched
{
    /// <summary>404 or 410: not a failure to reach it but its owner's word.</summary>
    public required bool IsGone { get; init; }

    /// <summary>At most <see cref="Fetcher.MostBytes"/>, JSON by its content type and not yet read; empty when gone.</summary>
    public required byte[] Body { get; init; }

    /// <summary>RFC 9111 §4.2: how long its owner calls it fresh; null when nothing was said.</summary>
    public required TimeSpan? FreshFor { get; init; }
}
