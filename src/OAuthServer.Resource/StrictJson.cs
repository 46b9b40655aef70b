using System.Buffers.Text;
using System.Text.Json;

namespace OAuthServer.ResourceServer;

/// <summary>A part of a JWT as an object that two readers read alike: no member twice, no text that is none.</summary>
internal static class StrictJson
{
    private static readonly JsonDocumentOptions Options = new() { AllowDuplicateProperties = false, MaxDepth = 8 };

    /// <summary>The object; null: there is none.</summary>
    /// <param name="part">Base64url.</param>
    public static JsonElement? Object(string part)
    {
        try
        {
            using var document = JsonDocument.Parse(Base64Url.DecodeFromChars(part), Options);
            ReadAll(document.RootElement);
            return document.RootElement.ValueKind == JsonValueKind.Object ? document.RootElement.Clone() : null;
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    // A lone surrogate is found out only where it is read: here, and not where a claim is looked up.
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
