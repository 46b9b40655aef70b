using System.Buffers;
using System.Buffers.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using OAuthServer.Keys;

namespace OAuthServer.Tokens;

/// <summary>
/// Writes a signed token in the JWS compact serialization (RFC 7515 §7.1): header and claims as JSON, base64url, signed, all in one
/// buffer of the thread's. The token library does the same with seventy times the memory (decisions/0031-token-by-hand.md); it reads.
/// </summary>
internal static class JwsWriter
{
    [ThreadStatic]
    private static Buffers? ofThisThread;

    /// <summary>A token of media type <paramref name="type"/>, signed by <paramref name="key"/>: ASCII.</summary>
    /// <param name="members">Writes the claims of <paramref name="claims"/> into the object that is open.</param>
    public static byte[] Write<TClaims>(SigningKey key, string type, TClaims claims, Action<Utf8JsonWriter, TClaims> members)
    {
        var buffers = ofThisThread ??= new Buffers();
        buffers.Token.ResetWrittenCount();

        var json = buffers.BeginJson();
        json.WriteString("alg", key.Row.Alg);
        json.WriteString("kid", key.Kid);
        json.WriteString("typ", type);
        buffers.EndJson();
        buffers.Token.Write("."u8);

        json = buffers.BeginJson();
        members(json, claims);
        buffers.EndJson();

        Span<byte> signature = stackalloc byte[key.SignatureLength];
        key.Sign(buffers.Token.WrittenSpan, signature);
        buffers.Token.Write("."u8);
        Encode(signature, buffers.Token);
        return buffers.Token.WrittenSpan.ToArray();
    }

    private static void Encode(ReadOnlySpan<byte> octets, ArrayBufferWriter<byte> into)
    {
        var length = Base64Url.GetEncodedLength(octets.Length);
        into.Advance(Base64Url.EncodeToUtf8(octets, into.GetSpan(length)));
    }

    private sealed class Buffers
    {
        private readonly ArrayBufferWriter<byte> text = new(1024);
        private readonly Utf8JsonWriter json;

        // Relaxed: at+jwt is written so, not at\u002Bjwt. No browser ever reads it as HTML.
        public Buffers() =>
            json = new Utf8JsonWriter(text, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });

        public ArrayBufferWriter<byte> Token { get; } = new(2048);

        public Utf8JsonWriter BeginJson()
        {
            text.ResetWrittenCount();
            json.Reset(text);
            json.WriteStartObject();
            return json;
        }

        public void EndJson()
        {
            json.WriteEndObject();
            json.Flush();
            Encode(text.WrittenSpan, Token);
        }
    }
}
