using System.Buffers.Text;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Text.Json;

namespace OAuthServer.Diagnosis;

/// <summary>The JWKS (RFC 7517): readable, public, each key named, and none too weak.</summary>
internal static class KeyChecks
{
    private const int LeastRsaBits = 2048;

    // RFC 7518 §6.2.2, §6.3.2, §6.4.1.
    private static readonly string[] PrivateMembers = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

    public static async IAsyncEnumerable<Finding> RunAsync(
        Examination it, ServerDocument metadata, [EnumeratorCancellation] CancellationToken cancel)
    {
        if (it.Callable(metadata.JwksUri) is not { } place)
        {
            yield return Finding.Warn("keys.read", "no jwks_uri that can be called",
                "Serve a JWKS and name it: without it, APIs must send every token to introspection");
            yield break;
        }

        var answer = await it.Remote.GetAsync(place, cancel);
        var keys = answer is { IsOk: true, Json: { } json } && json.TryGetProperty("keys", out var list)
            && list.ValueKind == JsonValueKind.Array ? list.EnumerateArray().ToArray() : [];
        keys = Array.FindAll(keys, key => key.ValueKind == JsonValueKind.Object);
        yield return Finding.Demand("keys.read", keys.Length > 0, $"{keys.Length} {(keys.Length == 1 ? "key" : "keys")} at {place}",
            $"{place}: {answer.Seen}, no keys",
            "Serve a JSON object with an array keys there (RFC 7517 §5), not empty: no token can be verified");
        if (keys.Length == 0) yield break;
        it.Jwks = answer.Body;

        var secret = keys.Where(key => Array.Exists(PrivateMembers, name => key.TryGetProperty(name, out _))).Select(Name).ToArray();
        yield return Finding.Demand("keys.private", secret.Length == 0, "public members only",
            $"private or symmetric key material is published: {string.Join(", ", secret)}",
            "Revoke these keys now, they are everybody's: replace them, and publish public members only");

        var kids = keys.Select(key => Text(key, "kid")).ToArray();
        yield return Finding.Demand("keys.kid", kids.All(kid => kid is not null) && kids.Distinct().Count() == kids.Length,
            "every key has a kid of its own", "a kid is missing or comes twice",
            "Give each key a kid of its own (RFC 7517 §4.5): tokens name it");
        var unused = keys.Where(key => Text(key, "alg") is null || (Text(key, "use") is null && !key.TryGetProperty("key_ops", out _)))
            .Select(Name).ToArray();
        yield return Finding.Advise("keys.use", unused.Length == 0, "alg and use are named",
            $"alg or use is missing: {string.Join(", ", unused)}",
            "Add both (RFC 7517 §4.2, §4.4), so that a key verifies nothing that it is not for (RFC 8725 §3.1)");
        var wrong = keys.Select(key => Text(key, "alg")).Where(alg => alg is "none" || alg?.StartsWith("HS",
            StringComparison.Ordinal) is true)
            .ToArray();
        yield return Finding.Demand("keys.alg", wrong.Length == 0, "asymmetric algorithms", $"a key is for {string.Join(", ", wrong)}",
            "Sign with ES256 or RS256: who verifies with a shared secret can sign, too (RFC 8725 §3.2)");
        var weak = keys.Where(IsWeak).Select(Name).ToArray();
        yield return Finding.Demand("keys.strength", weak.Length == 0, "long enough", $"too weak: {string.Join(", ", weak)}",
            $"Replace it: RSA from {LeastRsaBits} bits on (RFC 7518 §3.3), or the curve P-256");
    }

    private static bool IsWeak(JsonElement key) => Text(key, "kty") switch
    {
        "RSA" => Bits(Text(key, "n")) < LeastRsaBits,
        "EC" => Text(key, "crv") is not ("P-256" or "P-384" or "P-521"),
        "OKP" or "AKP" => false,
        _ => true,
    };

    private static int Bits(string? modulus)
    {
        try
        {
            var octets = Base64Url.DecodeFromChars(modulus ?? "").AsSpan().TrimStart((byte)0);
            return octets.Length == 0 ? 0 : (octets.Length * 8) - (BitOperations.LeadingZeroCount((uint)octets[0]) - 24);
        }
        catch (FormatException)
        {
            return 0;
        }
    }

    private static string Name(JsonElement key) => Text(key, "kid") is { } kid ? $"kid {kid}" : $"a key of type {Text(key, "kty") ?? "?"}";

    private static string? Text(JsonElement key, string member) =>
        key.TryGetProperty(member, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
