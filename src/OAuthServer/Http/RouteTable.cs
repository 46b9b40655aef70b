namespace OAuthServer.Http;

/// <summary>What a route is, beside its verb, path and handler. On the line that maps it and nowhere else.</summary>
[Flags]
public enum RouteTraits
{
    /// <summary>A refusal is JSON, unless the client prefers HTML.</summary>
    None = 0,

    /// <summary>A refusal is a page, unless the client prefers JSON.</summary>
    Page = 1,

    /// <summary>A refusal is JSON (RFC 6749 §5.2), whatever the client prefers.</summary>
    Json = 2,

    /// <summary>A page of another origin may call it (RFC 9700 §2.6).</summary>
    Cors = 4,

    /// <summary>It decides by the time: 503 while our clock and the database's differ too much.</summary>
    Clock = 8,

    /// <summary>It answers under any Host: probes know an address, not a name.</summary>
    AnyHost = 16,

    /// <summary>Its GET spends or stores something, so that its HEAD does nothing, nor a prefetch.</summary>
    Spends = 32,
}

/// <summary>The metadata of an endpoint.</summary>
public sealed record MappedRoute(RouteTraits Traits);

/// <summary>Every route that is mapped, and what a path is that no route answers: what the nearest one above it is.</summary>
public sealed class MappedRoutes
{
    private readonly Dictionary<PathString, RouteTraits> byPath = [];
    private (PathString Path, RouteTraits Traits)[]? longestFirst;

    /// <summary>Says what is answered at <paramref name="path"/> and below it.</summary>
    public void Add(string path, RouteTraits traits)
    {
        byPath[path] = byPath.GetValueOrDefault(path) | traits;
        longestFirst = null;
    }

    /// <summary>What the longest mapped path is that <paramref name="path"/> is at or below, segment by segment.</summary>
    public RouteTraits Nearest(PathString path)
    {
        longestFirst ??= [.. byPath.Select(one => (one.Key, one.Value)).OrderByDescending(one => one.Key.Value!.Length)];
        return Array.Find(longestFirst, one => path.StartsWithSegments(one.Path)).Traits;
    }
}

/// <summary>Maps routes below a prefix, a line each.</summary>
public sealed class RouteTable(WebApplication app, string prefix)
{
    private readonly MappedRoutes mapped = app.Services.GetRequiredService<MappedRoutes>();

    // RFC 9110 §9.1: whatever answers GET answers HEAD.
    public void Get<T>(string path, Func<T, RequestDelegate> handler, RouteTraits traits) where T : notnull =>
        Get(path, handler(Endpoint<T>()), traits);

    public void Post<T>(string path, Func<T, RequestDelegate> handler, RouteTraits traits) where T : notnull =>
        Map(["POST"], path, handler(Endpoint<T>()), traits);

    public void Put<T>(string path, Func<T, RequestDelegate> handler, RouteTraits traits) where T : notnull =>
        Map(["PUT"], path, handler(Endpoint<T>()), traits);

    public void Delete<T>(string path, Func<T, RequestDelegate> handler, RouteTraits traits) where T : notnull =>
        Map(["DELETE"], path, handler(Endpoint<T>()), traits);

    /// <summary>Any method.</summary>
    public void Any<T>(string path, Func<T, RequestDelegate> handler, RouteTraits traits) where T : notnull =>
        Map(null, path, handler(Endpoint<T>()), traits);

    public void Get(string path, RequestDelegate handler, RouteTraits traits) => Map(["GET", "HEAD"], path, handler, traits);

    /// <summary>No route: what the answers to paths below are that nothing is mapped at.</summary>
    public void Below(string path, RouteTraits traits) => mapped.Add(prefix + path, traits);

    private T Endpoint<T>() where T : notnull => app.Services.GetRequiredService<T>();

    private void Map(string[]? verbs, string path, RequestDelegate handler, RouteTraits traits)
    {
        var endpoint = verbs is null ? app.Map(prefix + path, handler) : app.MapMethods(prefix + path, verbs, handler);
        endpoint.WithMetadata(new MappedRoute(traits));
        var parameter = path.IndexOf("/{", StringComparison.Ordinal);
        var literal = prefix + (parameter < 0 ? path : path[..parameter]);
        if (literal.Length > 0) mapped.Add(literal, traits);
    }
}

/// <summary>What the route of a request is.</summary>
public static class RoutedRequest
{
    extension(HttpContext http)
    {
        /// <summary>Of the route that answers it; without one (404, 405, a preflight), of the nearest path that is mapped.</summary>
        public RouteTraits Route =>
            http.GetEndpoint()?.Metadata.GetMetadata<MappedRoute>()?.Traits
            ?? http.RequestServices.GetRequiredService<MappedRoutes>().Nearest(http.Request.Path);

        /// <summary>The part of the path in braces.</summary>
        public string PathPart(string name) => (string)http.Request.RouteValues[name]!;
    }
}
