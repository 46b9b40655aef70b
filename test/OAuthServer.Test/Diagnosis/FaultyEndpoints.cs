using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Diagnosis;

/// <summary>Registration, sign-in, consent, codes and tokens of a <see cref="FaultyServer"/>, in memory.</summary>
internal sealed class FaultyEndpoints(FaultyServer server)
{
    private readonly ConcurrentDictionary<string, string> clients = [];
    private readonly ConcurrentDictionary<string, Code> codes = [];
    private readonly ConcurrentDictionary<string, Refresh> refreshes = [];
    private readonly ECDsa another = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    public async Task HandleAsync(HttpContext http)
    {
        switch (http.Request.Method, http.Request.Path.Value)
        {
            case ("GET", Paths.Authorize): await AuthorizeAsync(http); break;
            case ("POST", Paths.Login): await LoginAsync(http); break;
            case ("POST", Paths.Consent): await ConsentAsync(http); break;
            case ("POST", "/old-token"):
                http.Response.Redirect(server.Url + Paths.Token, permanent: false, preserveMethod: true);
                server.AllowOrigin(http, "");
                break;
            case ("POST", Paths.Token): await TokenAsync(http, await http.Request.ReadFormAsync()); break;
            case ("GET", Paths.Token) when server.Has("the token endpoint takes GET"):
                await RefuseAsync(http, 401, "invalid_client");
                break;
            case ("POST", Paths.Introspect):
                await (server.Has("introspection is open") ? server.JsonAsync(http, new { active = false })
                    : RefuseAsync(http, 401, "invalid_client"));
                break;
            case ("POST", Paths.Revoke): await RevokeAsync(http, await http.Request.ReadFormAsync()); break;
            case ("POST", Paths.Register): await RegisterAsync(http); break;
            case ("DELETE", _):
                server.Deleted++;
                http.Response.StatusCode = server.Has("a client cannot be deleted") ? 403 : 204;
                break;
            default: http.Response.StatusCode = http.Request.Path == Paths.Token ? 405 : 404; break;
        }
    }

    public static Task PageAsync(HttpContext http, int status, string html)
    {
        http.Response.StatusCode = status;
        http.Response.ContentType = "text/html; charset=utf-8";
        return http.Response.WriteAsync("<!DOCTYPE html><title>A page</title>" + html);
    }

    private Task ShowAsync(HttpContext http, int status, string html)
    {
        if (!server.Has("pages can be framed")) http.Response.Headers.ContentSecurityPolicy = "frame-ancestors 'none'";
        if (!server.Has("no Referrer-Policy")) http.Response.Headers["Referrer-Policy"] = "no-referrer";
        return PageAsync(http, status, html);
    }

    private async Task RegisterAsync(HttpContext http)
    {
        using var body = await JsonDocument.ParseAsync(http.Request.Body);
        var redirect = body.RootElement.GetProperty("redirect_uris")[0].GetString()!;
        if (server.Has("registration is closed")) await RefuseAsync(http, 401, "invalid_token");
        else if (server.Has("loopback redirect URIs are refused") || (redirect.StartsWith("javascript:", StringComparison.Ordinal)
            && !server.Has("scripts are registered"))) await RefuseAsync(http, 400, "invalid_redirect_uri");
        else
        {
            var id = Random();
            clients[id] = redirect;
            await server.JsonAsync(http, new
            {
                client_id = id,
                token_endpoint_auth_method = "none",
                registration_access_token = Random(),
                registration_client_uri = $"{server.Url}{Paths.Register}/{id}",
            }, status: 201);
        }
    }

    private Task AuthorizeAsync(HttpContext http)
    {
        if (server.Has("CORS at the authorization endpoint")) server.AllowOrigin(http, "");
        var (query, redirect) = (http.Request.Query, http.Request.Query["redirect_uri"].ToString());
        if (server.Has("a fault at the authorization endpoint")) return ShowAsync(http, 500, "<h1>Sorry</h1>");
        if (!clients.TryGetValue(query["client_id"].ToString(), out var registered))
        {
            if (server.Has("an unknown client is redirected")
                && redirect.Length > 0) http.Response.Redirect(redirect + "?error=invalid_client");
            else return ShowAsync(http, 400, "<h1>This app is not registered here</h1>");
            return Task.CompletedTask;
        }

        if (redirect != registered && !server.Has("any redirect URI is taken")
            && !(server.Has("redirect URIs are compared by their beginning") && redirect.StartsWith(registered, StringComparison.Ordinal)))
            return ShowAsync(http, 400, "<h1>The return address is wrong</h1>");
        if (ProblemOf(query) is { } problem) Answer(http, redirect, ("error", problem), ("state", query["state"].ToString()));
        else if (http.Request.Cookies["session"] is null)
            return ShowAsync(http, 200, $"""
                <form method="post" action="/login"><input type="hidden" name="then" value="{WebUtility.HtmlEncode(
                    http.Request.QueryString.Value)}"><input name="username"><input type="password" name="password">
                <button>Sign in</button></form>
                """);
        else
            return ShowAsync(http, 200, $"""
                <form method="post" action="/consent"><input type="hidden" name="query" value="{WebUtility.HtmlEncode(
                    http.Request.QueryString.Value)}"><button name="decision" value="deny">Deny</button>
                <button name="decision" value="allow">Allow</button></form>
                """);
        return Task.CompletedTask;
    }

    private string? ProblemOf(IQueryCollection query) =>
        query["response_type"] != "code" && !(query["response_type"] == "token" && server.Has("the implicit grant is there"))
            ? "unsupported_response_type"
        : query["code_challenge"].Count == 0 && !server.Has("PKCE is not required") ? "invalid_request"
        : query["code_challenge_method"] == "plain" && !server.Has("plain is taken") ? "invalid_request"
        : query["resource"].Count > 0 && !server.Has("any resource is taken") && !server.Has("resource is ignored") ? "invalid_target"
        : server.Has("every request is refused") ? "invalid_scope"
        : null;

    private async Task LoginAsync(HttpContext http)
    {
        var form = await http.Request.ReadFormAsync();
        if (form["username"] != "alice" || form["password"] != Cast.Password)
        {
            await ShowAsync(http, 401, """<form method="post" action="/login"><input name="username"><input type="password"></form>""");
            return;
        }

        http.Response.Cookies.Append("session", "alice");
        http.Response.Redirect(Paths.Authorize + form["then"]);
    }

    private async Task ConsentAsync(HttpContext http)
    {
        var form = await http.Request.ReadFormAsync();
        var query = Parameters.OfQuery(form["query"].ToString());
        var redirect = query["redirect_uri"]!;
        var state = server.Has("state is changed") ? "other" : query["state"]!;
        if (form["decision"] != "allow")
        {
            Answer(http, redirect, ("error", "access_denied"), ("state", state));
            return;
        }

        if (query["response_type"] == "token")
        {
            http.Response.Redirect($"{redirect}#access_token={Random()}&state={state}");
            return;
        }

        var code = Random();
        codes[code] = new Code(query["code_challenge"], query["code_challenge_method"] == "plain", query.Resources.FirstOrDefault());
        Answer(http, redirect, ("code", code), ("state", state), ("iss", server.Has("iss is another") ? "https://other.example"
            : server.Issuer));
    }

    private static void Answer(HttpContext http, string redirect, params (string Name, string Value)[] parameters) =>
        http.Response.Redirect(redirect + "?" + string.Join('&', parameters.Select(one =>
            $"{one.Name}={Uri.EscapeDataString(one.Value)}")));

    private async Task TokenAsync(HttpContext http, IFormCollection form)
    {
        if (server.Has("the token endpoint hangs") && form["grant_type"] == "authorization_code")
            await Task.Delay(Timeout.Infinite, http.RequestAborted);
        await AnswerAsync(http, form);
    }

    private Task AnswerAsync(HttpContext http, IFormCollection form)
    {
        if (server.Has("a fault at the token endpoint")) return RefuseAsync(http, 500, "server_error");
        if (form["grant_type"] == "urn:doctor:unknown")
            return server.Has("an unknown grant type is granted") ? IssueAsync(http, null, "family")
                : RefuseAsync(http, 400, "unsupported_grant_type");
        if (http.Request.Headers.Authorization.Count > 0 || !clients.ContainsKey(form["client_id"].ToString()))
            return RefuseAsync(http, server.Has("an unknown client gets 400") ? 400 : 401, "invalid_client");
        return form["grant_type"] == "refresh_token" ? RotateAsync(http, form["refresh_token"].ToString()) : RedeemAsync(http, form);
    }

    private Task RedeemAsync(HttpContext http, IFormCollection form)
    {
        if (server.Has("no code is redeemed") || !codes.TryGetValue(form["code"].ToString(), out var code))
            return RefuseAsync(http, 400, "invalid_grant");
        var verifier = form["code_verifier"].ToString();
        var holds = code.Challenge is null || (code.IsPlain ? verifier : verifier.Length == 0 ? ""
            : Pkce.Challenge(verifier)) == code.Challenge
            || (server.Has("any verifier is taken") && verifier.Length > 0) || (server.Has("no verifier is needed")
                && verifier.Length == 0);
        if (!holds) return RefuseAsync(http, 400, "invalid_grant");
        if (!code.Redeem() && !server.Has("a code is redeemed twice"))
        {
            if (!server.Has("a replayed code ends nothing")) End(code.Family);
            return RefuseAsync(http, 400, "invalid_grant");
        }

        return IssueAsync(http, code.Resource, code.Family);
    }

    private Task RotateAsync(HttpContext http, string token)
    {
        if (server.Has("refresh tokens do not work") || !refreshes.TryGetValue(token, out var refresh) || refresh.HasEnded)
            return RefuseAsync(http, 400, "invalid_grant");
        if (server.Has("refresh tokens do not rotate")) return IssueAsync(http, null, refresh.Family, token);
        if (refresh.Use() || server.Has("old refresh tokens work")) return IssueAsync(http, null, refresh.Family);
        if (!server.Has("a replayed refresh token ends nothing")) End(refresh.Family);
        return RefuseAsync(http, 400, "invalid_grant");
    }

    private Task RevokeAsync(HttpContext http, IFormCollection form)
    {
        if (!clients.ContainsKey(form["client_id"].ToString()) && !server.Has("anybody may revoke"))
            return RefuseAsync(http, 401, "invalid_client");
        if (refreshes.TryGetValue(form["token"].ToString(), out var refresh) && !server.Has("revocation does nothing")) End(refresh.Family);
        return server.JsonAsync(http, new { });
    }

    private void End(string family)
    {
        foreach (var one in refreshes.Values.Where(one => one.Family == family)) one.HasEnded = true;
    }

    private Task IssueAsync(HttpContext http, string? resource, string family, string? refreshToken = null)
    {
        refreshToken ??= Random();
        refreshes.TryAdd(refreshToken, new Refresh(family));
        var signer = server.Has("tokens are signed by another key") ? another : server.Key;
        var token = new JsonWebTokenHandler().CreateToken(new SecurityTokenDescriptor
        {
            Issuer = server.Issuer,
            Audience = resource is not null && !server.Has("resource is ignored") ? resource : "https://api.example/",
            Expires = DateTime.UtcNow.AddHours(server.Has("tokens have expired") ? -1 : 1),
            NotBefore = DateTime.UtcNow.AddHours(-2),
            SigningCredentials = new SigningCredentials(new ECDsaSecurityKey(signer) { KeyId = "first" }, "ES256"),
        });
        return server.JsonAsync(http, new { access_token = token, token_type = "Bearer", expires_in = 3600, refresh_token = refreshToken },
            unlessFault: "no CORS at the token endpoint", stored: server.Has("tokens may be stored"));
    }

    private Task RefuseAsync(HttpContext http, int status, string error)
    {
        if (status == 401) http.Response.Headers.WWWAuthenticate = "Basic realm=\"faulty\"";
        return server.JsonAsync(http, new { error }, server.Has("errors are text") ? "text/plain" : "application/json",
            "no CORS at the token endpoint", status, server.Has("refusals may be stored"));
    }

    private static string Random() => Base64UrlEncoder.Encode(RandomNumberGenerator.GetBytes(18));

    private sealed class Code(string? challenge, bool isPlain, string? resource)
    {
        private int redeemed;

        public string? Challenge { get; } = challenge;

        public bool IsPlain { get; } = isPlain;

        public string? Resource { get; } = resource;

        public string Family { get; } = Random();

        public bool Redeem() => Interlocked.Exchange(ref redeemed, 1) == 0;
    }

    private sealed class Refresh(string family)
    {
        private int used;

        public string Family { get; } = family;

        public bool HasEnded { get; set; }

        public bool Use() => Interlocked.Exchange(ref used, 1) == 0;
    }
}
