using System.Buffers;
using System.Net.Mime;
using System.Security.Cryptography;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using OAuthServer.Protocol;

namespace OAuthServer.Http;

/// <summary>JSON on the wire: snake_case, no nulls, one write with a Content-Length, never cached unless said otherwise.</summary>
public static class Answer
{
    [ThreadStatic]
    private static ArrayBufferWriter<byte>? buffer;

    [ThreadStatic]
    private static Utf8JsonWriter? writer;

    /// <summary>Writes one JSON object. RFC 6749 §5.1: no-store.</summary>
    public static Task JsonAsync(this HttpContext http, int status, Action<Utf8JsonWriter> members)
    {
        http.Response.NoStore();
        return http.PlainJsonAsync(status, members);
    }

    /// <summary>The same of an answer, by a writer that captures nothing.</summary>
    public static Task JsonAsync<T>(this HttpContext http, int status, T answer, Action<Utf8JsonWriter, T> members)
    {
        http.Response.NoStore();
        Fill(answer, members);
        return http.SendAsync(status);
    }

    /// <summary>The same from a record, by generated code.</summary>
    public static Task JsonAsync<T>(this HttpContext http, int status, T answer, JsonTypeInfo<T> form)
    {
        http.Response.NoStore();
        Fill(answer, form);
        return http.SendAsync(status);
    }

    /// <summary>One JSON object, to be sent many times.</summary>
    public static PreparedJson Prepare(Action<Utf8JsonWriter> members) => new(Fill(members).WrittenSpan);

    /// <summary>The same from a record, by generated code.</summary>
    public static PreparedJson Prepare<T>(T answer, JsonTypeInfo<T> form) => new(Fill(answer, form).WrittenSpan);

    /// <summary>Sends it under the tag of its content (RFC 9110 §8.8.3), or 304; caching is the caller's.</summary>
    public static Task SendAsync(this HttpContext http, PreparedJson prepared) =>
        http.IsKnown(prepared.Tag) ? Task.CompletedTask : http.SendAsync(200, prepared.Content);

    /// <summary>Sends JSON that is written already.</summary>
    public static Task JsonTextAsync(this HttpContext http, string json)
    {
        http.Response.NoStore();
        return http.SendAsync(200, System.Text.Encoding.UTF8.GetBytes(json));
    }

    // Relaxed escaping: the answer is application/json and nosniff, never a page.
    /// <summary>Writes one JSON object and leaves caching to the caller.</summary>
    public static Task PlainJsonAsync(this HttpContext http, int status, Action<Utf8JsonWriter> members)
    {
        Fill(members);
        return http.SendAsync(status);
    }

    // Synchronous from here to the write, so the thread's buffer is ours.
    private static ArrayBufferWriter<byte> Fill(Action<Utf8JsonWriter> members) => Fill(members, static (json, write) => write(json));

    private static ArrayBufferWriter<byte> Fill<T>(T answer, Action<Utf8JsonWriter, T> members)
    {
        var json = Begin();
        json.WriteStartObject();
        members(json, answer);
        json.WriteEndObject();
        json.Flush();
        return buffer!;
    }

    private static ArrayBufferWriter<byte> Fill<T>(T answer, JsonTypeInfo<T> form)
    {
        var json = Begin();
        JsonSerializer.Serialize(json, answer, form);
        json.Flush();
        return buffer!;
    }

    private static Utf8JsonWriter Begin()
    {
        var bytes = buffer ??= new ArrayBufferWriter<byte>(2048);
        var json = writer ??= new Utf8JsonWriter(bytes, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
        bytes.ResetWrittenCount();
        json.Reset(bytes);
        return json;
    }

    private static Task SendAsync(this HttpContext http, int status) => http.SendAsync(status, buffer!.WrittenSpan);

    private static Task SendAsync(this HttpContext http, int status, ReadOnlySpan<byte> content)
    {
        http.Response.StatusCode = status;
        http.Response.Headers.XContentTypeOptions = "nosniff";
        http.Response.ContentType = MediaTypeNames.Application.Json;
        http.Response.ContentLength = content.Length;
        http.Response.BodyWriter.Write(content);
        return http.Response.BodyWriter.FlushAsync(CancellationToken.None).AsTask();
    }

    /// <summary>RFC 6749 §5.2: the public face of a refusal, and nothing of the private one.</summary>
    public static Task RefuseAsync(this HttpContext http, OAuthError error)
    {
        http.Response.SetErrorHeaders(error);
        if (error.Status == 401 && http.Response.Headers.WWWAuthenticate.Count == 0)
            http.Response.Headers.WWWAuthenticate = "Basic realm=\"oauth\"";
        var documentation = http.RequestServices.GetRequiredService<Settings>().Issuer + Paths.Errors + "#" + error.Code;
        return http.JsonAsync(error.Status, json =>
        {
            json.WriteString("error", error.Code);
            json.WriteString("error_description", error.Description);
            json.WriteString("error_uri", documentation);
        });
    }

    /// <summary>Headers every form of a refusal shares.</summary>
    public static void SetErrorHeaders(this HttpResponse response, OAuthError error)
    {
        if (error.RetryAfter is { } seconds)
            response.Headers.RetryAfter = seconds.ToString(System.Globalization.CultureInfo.InvariantCulture);
        response.HttpContext.Items[typeof(OAuthError)] = error;
    }

    /// <summary>RFC 6749 §5.1.</summary>
    public static void NoStore(this HttpResponse response)
    {
        response.Headers.CacheControl = "no-store";
        response.Headers.Pragma = "no-cache";
    }
}

/// <summary>A JSON answer that is the same for everybody, made once.</summary>
public sealed class PreparedJson
{
    private readonly byte[] content;

    internal PreparedJson(ReadOnlySpan<byte> content)
    {
        this.content = content.ToArray();
        Tag = $"\"{Convert.ToHexStringLower(SHA256.HashData(content).AsSpan(0, 8))}\"";
    }

    /// <summary>A strong ETag, of the content.</summary>
    public string Tag { get; }

    public ReadOnlySpan<byte> Content => content;
}
