using System.Text;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;
using OAuthServer.Clients;
using OAuthServer.Protocol;

namespace OAuthServer.Http;

/// <summary>Reading a request once: its form, its client, what the audit log wants to know.</summary>
public static class Request
{
    /// <summary>Octets of a body; more is 413.</summary>
    public const int MostBodyBytes = 64 * 1024;

    /// <summary>Pairs of a form; more are refused.</summary>
    public const int MostFormKeys = 100;

    private const int LongestKey = 256;
    private static readonly UTF8Encoding Utf8 = new(false, throwOnInvalidBytes: true);
    private const string FormType = "application/x-www-form-urlencoded";

    /// <summary>Who asks, from where, under which id.</summary>
    public static RequestContext Context(this HttpContext http) => new()
    {
        RequestId = http.TraceIdentifier,
        At = TimedId.TimeOf(http.TraceIdentifier) ?? throw new InvalidOperationException("the request has no id of ours"),
        Address = http.Connection.RemoteIpAddress is { } address
            ? (address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address).ToString()
            : "unknown",
    };

    /// <summary>
    /// The form of a POST (RFC 6749 §3.2): application/x-www-form-urlencoded in UTF-8, uncompressed, at most 100 keys and 64 KiB.
    /// The query of the URL is not looked at.
    /// </summary>
    public static async ValueTask<Result<Parameters>> FormAsync(this HttpContext http)
    {
        if (!IsForm(http.Request)) return AnotherType(http.Request);
        try
        {
            var form = await http.Request.ReadFormAsync(new FormOptions
            {
                KeyLengthLimit = LongestKey,
                ValueCountLimit = MostFormKeys,
                ValueLengthLimit = MostBodyBytes,
                BufferBodyLengthLimit = MostBodyBytes,
            }, http.RequestAborted);
            return new Parameters(form.SelectMany(pair => pair.Value.Select(value => (pair.Key, value ?? ""))));
        }
        catch (InvalidDataException)
        {
            return TooLarge();
        }
        catch (IOException fault) when (IsBadFraming(fault))
        {
            return BadFraming(fault);
        }
    }

    /// <summary>
    /// The same for an endpoint of machines, which reads the form once: a short one, of a length that was announced, without the
    /// framework's collections. Pages use <see cref="FormAsync"/>, which leaves the form to the antiforgery check, too.
    /// </summary>
    public static async ValueTask<Result<Parameters>> ShortFormAsync(this HttpContext http)
    {
        if (http.Request.ContentLength is not (> 0 and <= FormText.Longest) || !IsForm(http.Request)) return await http.FormAsync();
        var (body, length) = (http.Request.BodyReader, (int)http.Request.ContentLength.Value);
        var read = await body.ReadAtLeastAsync(length, http.RequestAborted);
        // A server that is told to stop wakes whoever reads; the rest is still to come.
        while (read.IsCanceled && read.Buffer.Length < length)
        {
            body.AdvanceTo(read.Buffer.Start, read.Buffer.End);
            read = await body.ReadAtLeastAsync(length, http.RequestAborted);
        }

        var parameters = FormText.Read(read.Buffer, MostFormKeys, LongestKey);
        body.AdvanceTo(read.Buffer.End);
        return parameters is null ? TooLarge() : parameters;
    }

    /// <summary>The refusal of a body that is no form.</summary>
    internal static OAuthError AnotherType(HttpRequest request) =>
        OAuthError.InvalidRequest("Content-Type must be application/x-www-form-urlencoded", "another content type", "RFC 6749 §3.2",
            FormType, request.ContentType) with
        { Status = 415 };

    /// <summary>The refusal of a form with too many keys.</summary>
    internal static OAuthError TooLarge() =>
        OAuthError.InvalidRequest("The form is too large or malformed", "more keys or longer keys than a form has", "RFC 6749 §3.2",
            $"at most {MostFormKeys} keys");

    /// <summary>Whether this is Kestrel's word for a chunk size it cannot read; its refusals and a reset are others.</summary>
    internal static bool IsBadFraming(IOException fault) => fault is not (BadHttpRequestException or ConnectionResetException);

    /// <summary>The refusal of such a body.</summary>
    internal static OAuthError BadFraming(IOException fault) =>
        OAuthError.InvalidRequest("The request body is malformed", fault.Message, "RFC 9112 §7.1");

    /// <summary>
    /// RFC 6749 §2.3.1: HTTP Basic with form-urlencoded parts, or client_id and client_secret in the body, never both; an empty
    /// secret, and an Authorization header without a value, are none. An assertion (RFC 7521 §4.2) is a method of its own: beside
    /// another it is one too many.
    /// </summary>
    public static Result<ClientCredential> Client(this HttpContext http, Parameters form)
    {
        var headers = Authorization(http);
        var id = form["client_id"];
        var secret = form["client_secret"];
        if (form["client_assertion"] is not null || form["client_assertion_type"] is not null)
            return headers.Count > 0 || secret is not null ? TwoMethods("a client assertion beside another method")
                : Assertion(http, form, id);
        if (headers.Count == 0) return Credential(id, secret, AuthMethod.ClientSecretPost);
        if (headers.Count > 1)
            return OAuthError.InvalidRequest("Authorization is repeated", "two Authorization headers", "RFC 9110 §11.6.2",
                "one Authorization header");
        if (!TryReadBasic(headers[0]!, out var basicId, out var basicSecret))
            return OAuthError.InvalidClient("the Authorization header is no HTTP Basic", "RFC 7617 §2", "Basic base64(id:secret)",
                "something else");
        if (secret is not null)
            return TwoMethods("a secret in the header and one in the body");
        if (id is not null && id != basicId)
            return OAuthError.InvalidRequest("client_id differs from the authenticated client", "client_id in the body is another one",
                "RFC 6749 §2.3", "one client id", "two");
        return Credential(basicId.Length == 0 ? null : basicId, basicSecret, AuthMethod.ClientSecretBasic);
    }

    private static Result<ClientCredential> Assertion(HttpContext http, Parameters form, string? id) =>
        form["client_assertion_type"] != ClientAssertions.AssertionType
            ? OAuthError.InvalidRequest("client_assertion_type is not supported", "another client_assertion_type, or none",
                "RFC 7523 §2.2", ClientAssertions.AssertionType, form["client_assertion_type"])
        : form["client_assertion"] is not { } assertion
            ? OAuthError.InvalidRequest("client_assertion is required", "a type, and no assertion", "RFC 7521 §4.2", "client_assertion")
        : ClientAssertions.Read(assertion, id, form["grant_type"] is "authorization_code" or "refresh_token"
            && http.Request.Path.Value?.EndsWith(Paths.Token, StringComparison.Ordinal) is true);

    private static ClientCredential Credential(string? id, string? secret, AuthMethod method) =>
        secret is null or "" ? new ClientCredential.None(id) : new ClientCredential.Secret(id, secret, method);

    /// <summary>Which client a refused request names, for the audit log; it need not be that client's.</summary>
    public static string? NamedClient(this HttpContext http, Parameters form) =>
        form.Problem() is not null ? null : http.Client(form).Refused(out _, out var presented) ? form["client_id"] : presented.ClientId;

    private static OAuthError TwoMethods(string reason) =>
        OAuthError.InvalidRequest("Use one way to authenticate", reason, "RFC 6749 §2.3", "one method", "two");

    /// <summary>RFC 6750 §2.1: the token of a Bearer header, its scheme in any case; null when there is none.</summary>
    public static string? Bearer(this HttpContext http) =>
        Authorization(http) is [{ } header] && header.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase)
            ? header["Bearer ".Length..].Trim()
            : null;

    /// <summary>The access token of the header and how it is presented: Bearer or DPoP (RFC 9449 §7.1); null when there is none.</summary>
    public static (string Scheme, string Token)? AccessToken(this HttpContext http) =>
        http.Bearer() is { } bearer ? ("Bearer", bearer)
        : Authorization(http) is [{ } header] && header.StartsWith("DPoP ", StringComparison.OrdinalIgnoreCase)
            ? (DpopRequests.Header, header["DPoP ".Length..].Trim())
            : null;

    // An empty header field is none (RFC 9110 §11.6.2 has a scheme at least).
    private static StringValues Authorization(HttpContext http)
    {
        var headers = http.Request.Headers.Authorization;
        return headers is [{ } only] && !string.IsNullOrWhiteSpace(only) ? headers
            : new StringValues([.. headers.Where(header => !string.IsNullOrWhiteSpace(header))]);
    }

    /// <summary>Whether its body is a form in UTF-8.</summary>
    internal static bool IsForm(HttpRequest request) =>
        request.Headers.ContentEncoding.Count == 0 && (request.ContentType == FormType || IsFormInUtf8(request.ContentType));

    private static bool IsFormInUtf8(string? contentType) =>
        MediaTypeHeaderValue.TryParse(contentType, out var type)
        && type.MediaType.Equals(FormType, StringComparison.OrdinalIgnoreCase)
        && (!type.Charset.HasValue
            || type.Charset.Equals("utf-8", StringComparison.OrdinalIgnoreCase)
            || type.Charset.Equals("\"utf-8\"", StringComparison.OrdinalIgnoreCase));

    private static bool TryReadBasic(string header, out string id, out string secret)
    {
        (id, secret) = ("", "");
        if (!header.StartsWith("Basic ", StringComparison.OrdinalIgnoreCase)) return false;
        var encoded = header.AsSpan("Basic ".Length).Trim();
        var bytes = new byte[encoded.Length];
        if (encoded.Length == 0 || !Convert.TryFromBase64Chars(encoded, bytes, out var length)) return false;
        string pair;
        try { pair = Utf8.GetString(bytes, 0, length); }
        catch (DecoderFallbackException) { return false; }
        var colon = pair.IndexOf(':');
        if (colon < 0) return false;
        (id, secret) = (Parameters.FormDecode(pair[..colon]), Parameters.FormDecode(pair[(colon + 1)..]));
        return !id.Contains('\0') && !secret.Contains('\0') && !id.Contains('\uFFFD') && !secret.Contains('\uFFFD');
    }
}
