using System.Text.Json;

namespace OAuthServer.Keys;

/// <summary>
/// Keys of others that verify (RFC 7517): RSA of 2048 to 4096 bits, P-256. All others are skipped: secret ones, those for encryption,
/// those with a private half.
/// </summary>
public sealed class VerificationKeySet
{
    private const int MostKeys = 50;
    private const int MostTried = 10;
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 16 };

    private readonly List<VerificationKey> keys = [];

    private VerificationKeySet()
    {
    }

    /// <summary>What is taken (rows 40 and 74): never none, never HS256, whose key would be a secret of ours.</summary>
    public static IReadOnlyList<string> Algorithms { get; } = ["ES256", "PS256", "RS256"];

    /// <summary>Those that can be used.</summary>
    public IReadOnlyList<VerificationKey> Keys => keys;

    /// <summary>The keys, or the flaw for which the set cannot be used.</summary>
    public static (VerificationKeySet? Keys, string? Flaw) Read(ReadOnlyMemory<byte> body) => Read(body, isPublic: false, MostKeys);

    /// <summary>
    /// The same of a client, which publishes it: one private or symmetric key refuses the whole set, and no more than ten are used.
    /// </summary>
    public static (VerificationKeySet? Keys, string? Flaw) ReadPublic(ReadOnlyMemory<byte> body) => Read(body, isPublic: true, MostTried);

    private static (VerificationKeySet? Keys, string? Flaw) Read(ReadOnlyMemory<byte> body, bool isPublic, int most)
    {
        try
        {
            using var document = JsonDocument.Parse(body, Strict);
            if (document.RootElement.ValueKind != JsonValueKind.Object || !document.RootElement.TryGetProperty("keys", out var list)
                || list.ValueKind != JsonValueKind.Array) return (null, "its key set has no list of keys");
            if (isPublic && list.EnumerateArray().Any(IsSecret)) return (null, "a private or symmetric key is in its key set");
            var read = new VerificationKeySet();
            foreach (var jwk in list.EnumerateArray().Take(isPublic ? int.MaxValue : most))
                if (read.keys.Count < most && VerificationKey.Read(jwk) is { } key) read.keys.Add(key);
            return read.keys.Count == 0 ? (null, "its key set has no key that verifies ES256, PS256 or RS256") : (read, null);
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException)
        {
            return (null, "its key set is no JSON, or has a member twice");
        }
    }

    private static bool IsSecret(JsonElement jwk) => jwk.ValueKind == JsonValueKind.Object
        && (VerificationKey.HasSecret(jwk) || (jwk.TryGetProperty("kty", out var type) && type.ValueEquals("oct")));

    /// <summary>Whether there is a key for this header; without a kid, exactly one (OpenID Connect Core §10.1).</summary>
    public bool Knows(string alg, string? kid) => Fitting(alg, kid).Length == 1;

    /// <summary>Whether the key of this header made the signature.</summary>
    public bool Verifies(string alg, string? kid, byte[] input, byte[] signature) =>
        Fitting(alg, kid) is [var only] && only.Verifies(alg, input, signature);

    /// <summary>The keys this header may mean: those with its kid, without one all of its algorithm, ten at most.</summary>
    public VerificationKey[] Fitting(string alg, string? kid) =>
        [.. keys.Where(key => key.Fits(alg) && (kid is null || key.Kid == kid)).Take(MostTried)];
}
