using System.Text.Json;

namespace OAuthServer.Protocol;

/// <summary>JSON that an operator typed, for a column of type jsonb.</summary>
public static class TypedJson
{
    /// <summary>Why PostgreSQL would not keep it as it was meant, in English; null: it would.</summary>
    public static string? Flaw(string text)
    {
        try
        {
            using var document = JsonDocument.Parse(text);
            return HasTwice(text) ? "A member stands twice in this JSON."
                : IsKept(document.RootElement) ? null
                : "This JSON has a NUL character or half of a surrogate pair, which PostgreSQL does not keep.";
        }
        catch (JsonException)
        {
            return "This is no JSON.";
        }
    }

    private static bool HasTwice(string text)
    {
        try
        {
            using var document = JsonDocument.Parse(text, new JsonDocumentOptions { AllowDuplicateProperties = false });
            return false;
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException)
        {
            return fault is JsonException;
        }
    }

    private static bool IsKept(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => IsKept(value.GetString),
        JsonValueKind.Array => value.EnumerateArray().All(IsKept),
        JsonValueKind.Object => value.EnumerateObject().All(member => IsKept(() => member.Name) && IsKept(member.Value)),
        _ => true,
    };

    // A lone surrogate is found out where a text is read.
    private static bool IsKept(Func<string?> read)
    {
        try { return !read()!.Contains('\0'); }
        catch (InvalidOperationException) { return false; }
    }
}
