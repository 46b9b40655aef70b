using System.Net;
using System.Text.RegularExpressions;

namespace OAuthServer.Bench;

/// <summary>Signs the demo's Alice in as a browser does, and keeps its cookies.</summary>
internal sealed partial class SignIn(Uri server, string host) : IDisposable
{
    /// <summary>An authorization request of the demo's claude-desktop.</summary>
    public const string Request =
        "/authorize?response_type=code&client_id=claude-desktop&redirect_uri=http%3A%2F%2F127.0.0.1%2Fcallback&scope=notes%3Aread"
        + "&state=bench&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256";

    private readonly Dictionary<string, string> cookies = [];
    private readonly HttpClient http = new(new SocketsHttpHandler { UseCookies = false, AllowAutoRedirect = false, UseProxy = false })
    {
        BaseAddress = server,
        DefaultRequestHeaders = { Host = host },
    };

    /// <summary>The Cookie header of a browser that is signed in and has seen a consent page.</summary>
    public async Task<string> CookiesAsync(CancellationToken cancel)
    {
        var page = await SignInAsync(Request, "alice", cancel);
        return page.Contains("value=\"allow\"", StringComparison.Ordinal)
            ? Cookie
            : throw new BenchException($"signing in did not lead to the consent page:\n{page}");
    }

    /// <summary>The Cookie header of the demo's administrator.</summary>
    public async Task<string> AdministratorAsync(CancellationToken cancel)
    {
        var page = await SignInAsync("/admin/keys", "olivia", cancel);
        return page.Contains("/admin/users", StringComparison.Ordinal)
            ? Cookie
            : throw new BenchException($"signing in did not lead to the administration:\n{page}");
    }

    /// <summary>Answers the page that a browser is shown in the end.</summary>
    private async Task<string> SignInAsync(string start, string username, CancellationToken cancel)
    {
        var login = (await SendAsync(HttpMethod.Get, start, null, cancel)).Location;
        // Beside it may stand a form that cancels.
        var page = (await SendAsync(HttpMethod.Get, login, null, cancel)).Page;
        var form = Hidden().Matches(page.Split("</form>").First(one => one.Contains("type=\"password\"", StringComparison.Ordinal)))
            .ToDictionary(field => field.Groups[1].Value, field => WebUtility.HtmlDecode(field.Groups[2].Value));
        (form["username"], form["password"]) = (username, $"{username}-demo-password");
        using var content = new FormUrlEncodedContent(form);
        var next = await SendAsync(HttpMethod.Post, login, content, cancel);
        while (next.Location.Length > 0) next = await SendAsync(HttpMethod.Get, next.Location, null, cancel);
        return next.Page;
    }

    public void Dispose() => http.Dispose();

    private string Cookie => string.Join("; ", cookies.Select(cookie => $"{cookie.Key}={cookie.Value}"));

    private async Task<(string Location, string Page)> SendAsync(
        HttpMethod method, string path, HttpContent? form, CancellationToken cancel)
    {
        using var request = new HttpRequestMessage(method, path) { Content = form };
        if (cookies.Count > 0) request.Headers.Add("Cookie", Cookie);
        using var answer = await http.SendAsync(request, cancel);
        // They are for https or loopback only, which a cookie container does not know of.
        foreach (var cookie in answer.Headers.TryGetValues("Set-Cookie", out var all) ? all : [])
        {
            var pair = cookie.Split(';')[0].Split('=', 2);
            cookies[pair[0]] = pair[1];
        }

        return (answer.Headers.Location?.ToString() ?? "", await answer.Content.ReadAsStringAsync(cancel));
    }

    [GeneratedRegex("""<input type="hidden" name="([^"]*)" value="([^"]*)">""")]
    private static partial Regex Hidden();
}
