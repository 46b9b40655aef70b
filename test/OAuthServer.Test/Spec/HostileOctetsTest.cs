using System.Net.Sockets;
using System.Text;
using CsCheck;
using FluentAssertions;
using FluentAssertions.Execution;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using NUnit.Framework;
using OAuthServer.Html;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec;

/// <summary>Octets over a bare socket: each gets an answer with our headers, and the log never shows a stack trace.</summary>
[Behaviour(9)]
public sealed class HostileOctetsTest : ServerFixture
{
    private const string FormType = "Content-Type: application/x-www-form-urlencoded\r\n";
    private const string JsonType = "Content-Type: application/json\r\n";
    private const string Chunked = "Transfer-Encoding: chunked\r\n";

    private readonly CapturedLog log = new();

    protected override void Register(IServiceCollection services) => services.AddSingleton<ILoggerProvider>(log);

    private static readonly string[] Readers = ["/token", "/revoke", "/introspect", "/login", "/consent", "/logout"];

    private static IEnumerable<TestCaseData> Bodies()
    {
        foreach (var (name, body) in new[]
                 {
                     ("a chunk of 2 GiB", "80000000\r\nabc"), ("a chunk of 4 GiB", "FFFFFFFF\r\nabc"),
                     ("a chunk past 64 bits", "FFFFFFFFFFFFFFFFF\r\nabc"),
                     ("a chunk of 2 GiB less one", "7FFFFFFF\r\nabc"), ("a chunk size that is no number", "xyz\r\nabc"),
                     ("a chunk without its end", "3\r\nabcXX0\r\n\r\n"),
                     ("NUL in a trailer", "3\r\na=b\r\n0\r\nX: a\0b\r\n\r\n"),
                     ("Latin-1 in a trailer", "3\r\na=b\r\n0\r\nX: a\u00FFb\r\n\r\n"),
                     ("Latin-1 in a trailer's name", "3\r\na=b\r\n0\r\nX\u00FF: b\r\n\r\n"),
                     ("a trailer that is none", "3\r\na=b\r\n0\r\nnothing\r\n\r\n"),
                     ("a chunk extension with NUL", "3;\0\r\na=b\r\n0\r\n\r\n"),
                 })
        {
            foreach (var path in Readers)
                yield return Case($"{name} at {path}", $"POST {path} HTTP/1.1\r\nHost: HOST\r\n{FormType}{Chunked}\r\n{body}");
            yield return Case($"{name} at /register", $"POST /register HTTP/1.1\r\nHost: HOST\r\n{JsonType}{Chunked}\r\n{body}");
        }

        foreach (var (name, body) in new[]
                 {
                     ("a lone surrogate", "{\"client_name\":\"\\ud800\"}"), ("a lone surrogate in a name", "{\"\\ud800\":1}"),
                     ("octets that are no UTF-8", "{\"client_name\":\"\u00FF\"}"),
                     ("a byte order mark", "\u00EF\u00BB\u00BF{}"), ("NUL", "{\"client_name\":\"a\\u0000b\"}"),
                     ("a raw NUL", "{\"client_name\":\"a\0b\"}"), ("a deep list", new string('[', 5000)),
                     ("a number without end", "{\"client_name\":1" + new string('0', 5000) + "}"), ("nothing", ""),
                     ("surrogates in a list", "{\"redirect_uris\":[\"\\udfff\"]}"),
                 })
            yield return Case($"JSON with {name}", Post("/register", body, JsonType));

        foreach (var path in Readers)
        {
            yield return Case($"multipart at {path}",
                Post(path, "--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nb\r\n--x--\r\n",
                "Content-Type: multipart/form-data; boundary=x\r\n"));
            yield return Case($"octets that are no UTF-8 at {path}",
                Post(path, "client_id=\u00FF\u00FE&\u00ED\u00A0\u0080=1&token=%ED%A0%80&request=%"));
            yield return Case($"NUL at {path}", Post(path, "client_id=a%00b&token=\0&request=\0"));
        }
    }

    private static IEnumerable<TestCaseData> Framings()
    {
        foreach (var header in new[]
                 {
                     "Content-Length: -1", "Content-Length: +3", "Content-Length: 99999999999999999999", "Content-Length: 3, 3",
                     "Content-Length: x", "Content-Length: 3\r\nContent-Length: 4",
                     "Content-Length: 3\r\nTransfer-Encoding: chunked", "Transfer-Encoding: gzip", "Transfer-Encoding: chunked, identity",
                     "Transfer-Encoding: \u00FF", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
                     "Content-Length: 9999999999", "Content-Length: 3\r\nExpect: 100-continue", "Content-Length: 3\r\nExpect: nonsense",
                     "Content-Length: 3\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nHTTP2-Settings: x",
                     "Content-Length: 3\r\nConnection: Upgrade\r\nUpgrade: websocket", "Content-Length: 3\r\n folded: yes",
                     "Content-Length : 3", "No colon", ": no name", "X\u00FF: y", "X: a\0b", "X: a\rb", "X\0: b",
                 })
            yield return Case($"header {header}", $"POST /token HTTP/1.1\r\nHost: HOST\r\n{FormType}{header}\r\n\r\na=b", bare: true);
        yield return Case("a body that never comes", $"POST /token HTTP/1.1\r\nHost: HOST\r\n{FormType}Content-Length: 300\r\n\r\na=b",
            bare: true);
        yield return Case("HTTP/2 without asking", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\u0004\0\0\0\0\0", bare: true);
        yield return Case("a TLS greeting", "\u0016\u0003\u0001\u0002\0\u0001\0\u0001\u00FC\u0003\u0003abcdefgh\r\n\r\n", bare: true);
        yield return Case("another protocol's greeting", "SSH-2.0-OpenSSH_9.2\r\n\r\n", bare: true);
        yield return Case("a line without a version", "GET /\r\n\r\n", bare: true);
        yield return Case("an unknown version", "GET / HTTP/9.9\r\nHost: HOST\r\n\r\n", bare: true);
        yield return Case("no Host", "GET / HTTP/1.1\r\n\r\n", bare: true);
        yield return Case("two Hosts", "GET / HTTP/1.1\r\nHost: HOST\r\nHost: HOST\r\n\r\n", bare: true);
        yield return Case("no Host in HTTP/1.0", "GET / HTTP/1.0\r\n\r\n", bare: true);
        foreach (var host in new[] { "a@b", "a/b", "", "\u00FF", "a\u0001b", "[::1", "localhost:99999", "localhost:x", "xn--\u00E9" })
            yield return Case($"Host {host}", $"GET / HTTP/1.1\r\nHost: {host}\r\n\r\n", bare: true);
        yield return Case("CONNECT", "CONNECT HOST HTTP/1.1\r\nHost: HOST\r\n\r\n", bare: true);
        yield return Case("OPTIONS of all", "OPTIONS * HTTP/1.1\r\nHost: HOST\r\nConnection: close\r\n\r\n", bare: true);
        yield return Case("TRACE", "TRACE / HTTP/1.1\r\nHost: HOST\r\nConnection: close\r\n\r\n", bare: true);
        yield return Case("an absolute target that is none", "GET http://[::1 HTTP/1.1\r\nHost: HOST\r\n\r\n", bare: true);
        yield return Case("a header past the limit", $"GET / HTTP/1.1\r\nHost: HOST\r\nX: {new string('x', 40_000)}\r\n\r\n", bare: true);
        yield return Case("more headers than the limit",
            $"GET / HTTP/1.1\r\nHost: HOST\r\n{string.Concat(Enumerable.Range(0, 200).Select(i => $"X{i}: y\r\n"))}\r\n", bare: true);
        yield return Case("a line past the limit", $"GET /{new string('x', 9_000)} HTTP/1.1\r\nHost: HOST\r\n\r\n", bare: true);
        yield return Case("a header that never ends", "GET / HTTP/1.1\r\nHost: HOST\r\nX: y", bare: true);
    }

    private static IEnumerable<TestCaseData> Targets()
    {
        foreach (var octets in new[] { "%", "%z", "%zz", "%00", "%ED%A0%80", "%FF", "%C0%AF", "\u00FF", "%u1234", "\u0001", "%0d%0aX:y",
            "%EF%BF%BF", "..%2f..%2f", "%5c", "+" })
            foreach (var path in new[] { "/", "/why/", "/register/", "/authorize/", "/admin/", "/.well-known/", "/authorize?client_id=",
                "/authorize?client_id=x&state=", "/login?request=", "/login?page=",
                         "/consent?request=", "/authorize?ui_locales=", "/revocations?after=", "/callback?state=", "/errors?",
                         "/authorize?resource=" })
                yield return Case($"{path}{octets}", $"GET {path}{octets} HTTP/1.1\r\nHost: HOST\r\nConnection: close\r\n\r\n", bare: true);
    }

    private static IEnumerable<TestCaseData> Values()
    {
        foreach (var octets in new[] { "\u00FF\u00FE", "a\u0001b", "\u00E2\u0082\u00AC", ";=,;", "a\u007Fb" })
            foreach (var name in new[]
                     {
                         "User-Agent", "Cookie", "Authorization", "Authorization: Basic", "Authorization: Bearer", "Accept",
                         "Accept-Language", "Accept-Encoding", "Origin", "If-None-Match", "If-Modified-Since", "Range",
                         "Sec-Fetch-Site", "Referer", "X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "Forwarded", "Expect",
                         "X-Anything", "Request-Id", "traceparent", "tracestate", "baggage", "DPoP",
                     })
                foreach (var path in new[] { "/jwks", "/login", "/why/x", "/.well-known/oauth-authorization-server" })
                {
                    var header = name.Contains(':') ? $"{name} {octets}" : $"{name}: {octets}";
                    yield return Case($"{header} at {path}", $"GET {path} HTTP/1.1\r\nHost: HOST\r\n{header}\r\nConnection: close\r\n\r\n");
                }

        foreach (var octets in new[] { "\u00FF", "a\u0001b", "\u00E2\u0082\u00AC" })
        {
            yield return Case($"a preflight with headers {octets}",
                $"OPTIONS /token HTTP/1.1\r\nHost: HOST\r\nOrigin: https://spa.example\r\nAccess-Control-Request-Method: "
                + $"POST\r\nAccess-Control-Request-Headers: {octets}\r\nConnection: close\r\n\r\n");
            yield return Case($"a preflight with method {octets}",
                $"OPTIONS /token HTTP/1.1\r\nHost: HOST\r\nOrigin: https://spa.example{octets}\r\nAccess-Control-Request-Method: "
                + $"{octets}\r\nConnection: close\r\n\r\n");
            foreach (var path in Readers)
                yield return Case($"type {octets} at {path}",
                    Post(path, "a=b", $"Content-Type: application/x-www-form-urlencoded; charset={octets}\r\n"));
            yield return Case($"a token request with Basic {octets}",
                Post("/token", "grant_type=client_credentials", $"{FormType}Authorization: Basic {octets}\r\n"));
        }
    }

    [TestCaseSource(nameof(Bodies)), TestCaseSource(nameof(Framings)), TestCaseSource(nameof(Targets)), TestCaseSource(nameof(Values))]
    [Rfc(9110, "5.5"), Rfc(9112, "2.2")]
    public async Task Hostile_octets_get_an_answer_of_ours_and_no_stack_trace(string octets, bool bare)
    {
        log.Clear();

        var reply = await Server.SendRawAsync(octets.Replace("HOST", Server.Settings.IssuerAuthority));

        using var scope = new AssertionScope(reply.Text);
        NoStackTrace();
        if (octets.StartsWith("PRI", StringComparison.Ordinal)) return;
        reply.Status.Should().BeInRange(200, bare ? 505 : 499).And.NotBe(500);
        // docs/decisions/0026-head-and-bare-refusals.md: what Kestrel refuses by itself.
        if (bare && reply.Header("Content-Length") == "0") return;
        reply.Header("Request-Id").Should().HaveLength(20);
        if (reply.Status < 400 || octets.StartsWith("OPTIONS", StringComparison.Ordinal)) return;
        reply.Header("Cache-Control").Should().Contain("no-store");
        reply.Header("Content-Type").Should().StartWith(reply.Body.StartsWith('{') ? "application/json" : "text/html");
        reply.Body.Should().NotBeEmpty();
    }

    [Test, Rfc(9112, "8")]
    public async Task A_body_that_breaks_off_leaves_no_stack_trace([Values("Content-Length: 30000",
        "Transfer-Encoding: chunked")] string framing, [Values] bool reset)
    {
        log.Clear();
        foreach (var path in Readers.Append("/register"))
        {
            for (var i = 0; i < 5; i++)
            {
                using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                await socket.ConnectAsync("127.0.0.1", new Uri(Server.Issuer).Port);
                await socket.SendAsync(Encoding.Latin1.GetBytes($"POST {path} HTTP/1.1\r\nHost: "
                    + $"{Server.Settings.IssuerAuthority}\r\n{(path == "/register" ? JsonType : FormType)}{framing}\r\n\r\n5\r\na=b&c"));
                await Task.Delay(30 * i);
                if (reset) socket.LingerState = new LingerOption(true, 0);
            }
        }

        await Task.Delay(500);
        NoStackTrace();
        (await Server.GetAsync(Paths.Health)).Status.Should().Be(200);
    }

    [TestCase("junk"), TestCase("CfDJ8AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
        TestCase("\u00FF\u0001"), TestCase(""), TestCase("%00%"), TestCase("===="), Rfc(6265, "5.4")]
    public async Task Junk_in_our_cookies_leaves_no_stack_trace(string junk)
    {
        log.Clear();
        var names = new[] { "s", "b", "f" }.Select(purpose => Cookies.Name(purpose, Server.Settings));
        var cookies = string.Join("; ", names.Select(name => $"{name}={junk.PadRight(43, 'A')}"));
        var bare = string.Join("; ", names.Select(name => $"{name}={junk}"));
        foreach (var cookie in new[] { cookies, bare })
        {
            var page =
                await Server.SendRawAsync($"GET /login HTTP/1.1\r\nHost: {Server.Settings.IssuerAuthority}\r\nCookie: "
                    + $"{cookie}\r\nConnection: close\r\n\r\n");
            var post = await Server.SendRawAsync(Post("/login", $"username=a&password=b&antiforgery={Uri.EscapeDataString(junk)}",
                $"{FormType}Cookie: {cookie}\r\n").Replace("HOST", Server.Settings.IssuerAuthority));

            page.Status.Should().Be(200);
            post.Status.Should().Be(400);
        }

        NoStackTrace();
    }

    private void NoStackTrace() => log.Text.Should().NotContain("   at ").And.NotContain("Exception:");

    private static string Post(string path, string body, string type = FormType) =>
        $"POST {path} HTTP/1.1\r\nHost: HOST\r\n{type}Content-Length: {body.Length}\r\nConnection: close\r\n\r\n{body}";

    private static TestCaseData Case(string name, string octets, bool bare = false) =>
        new TestCaseData(octets, bare)
            .SetArgDisplayNames(string.Concat(name.Take(120)
            .Select(character => character is >= ' ' and <= '~' ? $"{character}" : $"x{(int)character:X2}")));

    private static readonly Gen<string> APath =
        Gen.OneOf([.. Readers, "/", "/authorize?client_id=", "/register/", "/why/", "/jwks?", "/revocations?after=", "/.well-known/"]);

    private static readonly Gen<string> AnyTarget = Gen.Select(APath,
        Any.Line.Select(line => line.Replace(" ", "", StringComparison.Ordinal)),
        (path, rest) => path + rest);

    private static readonly Gen<string> Printed = Gen.Char[' ', '~'].Array[0, 24].Select(characters => new string(characters));

    private static Gen<string> AnyHeader(Gen<string> values) => Gen.Select(
        Gen.OneOf("Cookie", "Authorization", "Authorization: Basic", "Accept", "Accept-Language", "Origin", "If-None-Match",
            "X-Forwarded-For", "Request-Id"),
        values,
        (name, value) => name.Contains(':') ? $"{name} {value}" : $"{name}: {value}");

    // Kestrel itself refuses most octets: hostile in one place, and printable, a request gets as far as our code.
    private static readonly Gen<(string Target, string Header)> AnyRequest = Gen.Frequency(
        (1, (IGen<(string, string)>)Gen.Select(AnyTarget, AnyHeader(Any.Line), (target, header) => (target, header))),
        (1, AnyTarget.Select(target => (target, "X: y"))),
        (3, Gen.Select(APath, AnyHeader(Printed), (target, header) => (target, header))));

    [Test, Rfc(9110, "5.5"), Rfc(9112, "2.2")]
    public async Task Any_octets_get_an_answer_and_no_stack_trace()
    {
        log.Clear();

        await Gen.Select(Gen.OneOf("GET", "POST", "HEAD", "OPTIONS", "DELETE"), AnyRequest, Gen.OneOf(FormType, JsonType), Any.Line)
            .SampleAsync(async (method, hostile, type, body) =>
            {
                var request = $"{method} {hostile.Target} HTTP/1.1\r\nHost: {Server.Settings.IssuerAuthority}\r\n{hostile.Header}\r\n{type}"
                    + $"Content-Length: {body.Length}\r\nConnection: close\r\n\r\n{body}";
                var reply = await Server.SendRawAsync(request);
                reply.Status.Should().BeInRange(200, 499);
                NoStackTrace();
            }, iter: 200, threads: 1);
    }
}
