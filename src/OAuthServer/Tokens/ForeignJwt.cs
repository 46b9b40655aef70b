using System.Buffers.Text;
using System.Text;
using System.Text.Json;
using OAuthServer.Keys;

namespace OAuthServer.Tokens;

/// <summary>
/// A signed JWT that somebody else made (RFC 8725): its form, nothing of its meaning. Refused are more than 8 KiB, anything but three
/// parts of base64url in the one spelling there is, objects deeper than 8 or with a member twice, crit, b64 and zip, and every algorithm
/// but ES256, PS256 and RS256. jwk, jku, x5c and x5u are not looked at.
/// </summary>
public sealed class ForeignJwt
{
    /// <summary>Characters of the whole.</summary>
    public const int Longest = 8 * 1024;
    private const int LongestKid = 256;
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 8 };

    private readonly byte[] input;
    private readonly byte[] signature;

    private ForeignJwt(JsonElement header, JsonElement claims, byte[] input, byte[] signature)
    {
        (Header, Claims, this.input, this.signature) = (header, claims, input, signature);
        (Alg, Kid, Type) = (Text(header, "alg")!, Text(header, "kid"), Text(header, "typ"));
    }

    public JsonElement Header { get; }
    public JsonElement Claims { get; }
    public string Alg { get; }

    /// <summary>Null: it names no key. Only compared, never a path or a URL.</summary>
    public string? Kid { get; }

    /// <summary>typ as it came; null: none.</summary>
    public string? Type { get; }

    /// <summary>Reads it, or says what is wrong with its form: words for the audit log.</summary>
    public static ForeignJwt? Read(string text, out string? flaw)
    {
        flaw = null;
        if (text.Length > Longest) flaw = $"longer than {Longest} characters";
        else if (text.Split('.') is not [var first, var second, var third]) flaw = "not three parts";
        else if (!OwnTokenForm.IsCanonical(first) || !OwnTokenForm.IsCanonical(second) || !OwnTokenForm.IsCanonical(third))
            flaw = "a part is not base64url";
        else if (Object(first) is not { } header || Object(second) is not { } claims)
            flaw = "header or claims are not one JSON object, no member twice, at most 8 deep";
        else if (HeaderFlaw(header) is { } wrong) flaw = wrong;
        else return new ForeignJwt(header, claims, Encoding.ASCII.GetBytes($"{first}.{second}"), Base64Url.DecodeFromChars(third));
        return null;
    }

    /// <summary>Whether this key made the signature.</summary>
    public bool IsSignedBy(VerificationKey key) => key.Fits(Alg) && key.Verifies(Alg, input, signature);

    /// <summary>A claim that is a text; null: missing, or another type.</summary>
    public string? Text(string claim) => Text(Claims, claim);

    /// <summary>Whether the claim came, whatever it is.</summary>
    public bool Has(string claim) => Claims.TryGetProperty(claim, out _);

    /// <summary>A claim that is a whole number of seconds since 1970 (fractions, as in RFC 7519 §2, are none here); or null.</summary>
    public DateTimeOffset? Time(string claim) =>
        Claims.TryGetProperty(claim, out var value) && value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out var seconds)
            && seconds is >= 0 and <= LastSecond ? DateTimeOffset.FromUnixTimeSeconds(seconds) : null;

    /// <summary>The one audience: a text, or a list of one. Null: none, or several.</summary>
    public string? Audience() => !Claims.TryGetProperty("aud", out var aud) ? null
        : aud.ValueKind == JsonValueKind.String ? Text("aud")
        : aud.ValueKind == JsonValueKind.Array && aud.GetArrayLength() == 1 && aud[0].ValueKind == JsonValueKind.String ? TextOf(aud[0])
        : null;

    // 9999-12-31T23:59:59Z.
    private const long LastSecond = 253_402_300_799;

    private static string? HeaderFlaw(JsonElement header)
    {
        foreach (var member in (string[])["crit", "b64", "zip"])
            if (header.TryGetProperty(member, out _)) return $"the header has {member}";
        if (Text(header, "alg") is not { } alg || !VerificationKeySet.Algorithms.Contains(alg))
            return "alg is not ES256, PS256 or RS256";
        if (header.TryGetProperty("typ", out _) && Text(header, "typ") is null) return "typ is no text";
        if (header.TryGetProperty("kid", out _) && (Text(header, "kid") is not { } kid || Encoding.UTF8.GetByteCount(kid) > LongestKid))
            return $"kid is no text of at most {LongestKid} octets";
        return null;
    }

    private static JsonElement? Object(string part)
    {
        try
        {
            using var document = JsonDocument.Parse(Base64Url.DecodeFromChars(part), Strict);
            ReadAll(document.RootElement);
            return document.RootElement.ValueKind == JsonValueKind.Object ? document.RootElement.Clone() : null;
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    // A name or a text with a lone surrogate is found out only where it is read: here, and not where a claim is looked up.
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

    private static string? Text(JsonElement from, string name) => from.TryGetProperty(name, out var value) ? TextOf(value) : null;

    // A lone surrogate is no text.
    private static string? TextOf(JsonElement value)
    {
        try { return value.ValueKind == JsonValueKind.String ? value.GetString() : null; }
        catch (InvalidOperationException) { return null; }
    }
}
