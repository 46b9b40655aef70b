using System.Buffers;
using System.Buffers.Text;
using System.Text.Json;
using System.Text.Unicode;

namespace OAuthServer.Shared;

/// <summary>A part of a JWT (RFC 7515 §3.1), read so that nobody else can read it otherwise.</summary>
internal static class JwtPart
{
    /// <summary>The octets of base64url in the one spelling there is; null: it is none.</summary>
    public static byte[]? Octets(ReadOnlySpan<char> part)
    {
        if (part.IsEmpty || !Base64Url.IsValid(part)) return null;
        var octets = Base64Url.DecodeFromChars(part);
        var again = ArrayPool<char>.Shared.Rent(part.Length);
        try
        {
            return Base64Url.TryEncodeToChars(octets, again.AsSpan(0, part.Length), out var length)
                && part.SequenceEqual(again.AsSpan(0, length)) ? octets : null;
        }
        finally
        {
            ArrayPool<char>.Shared.Return(again);
        }
    }

    /// <summary>The JSON object, no member twice, no text that is none; null: it is none.</summary>
    /// <param name="deepest">How deep it may be: what others made, 8.</param>
    public static JsonElement? Object(ReadOnlySpan<byte> json, int deepest = 8)
    {
        try
        {
            if (!Utf8.IsValid(json)) return null;
            var root = JsonElement.Parse(json, new JsonDocumentOptions { AllowDuplicateProperties = false, MaxDepth = deepest });
            // A lone surrogate can only be escaped, and is found out where the text is read: here, and not where a claim is looked up.
            if (json.Contains((byte)'\\')) ReadAll(root);
            return root.ValueKind == JsonValueKind.Object ? root : null;
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    private static void ReadAll(JsonElement value)
    {
        if (value.ValueKind == JsonValueKind.String) _ = value.GetString();
        if (value.ValueKind == JsonValueKind.Array)
            foreach (var one in value.EnumerateArray())
                ReadAll(one);
        if (value.ValueKind != JsonValueKind.Object) return;
        foreach (var member in value.EnumerateObject())
        {
            _ = member.Name;
            ReadAll(member.Value);
        }
    }
}
