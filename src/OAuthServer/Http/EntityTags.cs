using System.Text.RegularExpressions;

namespace OAuthServer.Http;

/// <summary>If-None-Match (RFC 9110 §13.1.2): a list of tags, weak ones equal to strong ones, or * for whatever there is.</summary>
public static partial class EntityTags
{
    /// <summary>Whether the client has what this tag names; null when it says nothing about that.</summary>
    public static bool? Has(this HttpRequest request, string tag)
    {
        var values = request.Headers.IfNoneMatch;
        if (values.Count == 0) return null;
        var opaque = Opaque().Match(tag).Value;
        return values.Any(value => value is not null && (value.Trim() == "*"
            || Opaque().Matches(value).Any(match => match.Value == opaque)));
    }

    /// <summary>Tags the answer; true, and it is a 304, when the client has it already.</summary>
    public static bool IsKnown(this HttpContext http, string tag)
    {
        http.Response.Headers.ETag = tag;
        if (http.Request.Has(tag) is not true) return false;
        http.Response.StatusCode = StatusCodes.Status304NotModified;
        return true;
    }

    [GeneratedRegex("\"[^\"]*\"")]
    private static partial Regex Opaque();
}
