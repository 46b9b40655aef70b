using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using OAuthServer.Protocol;

namespace OAuthServer.Test.Support;

/// <summary>
/// An OpenID provider that does what the standard says, checks what is sent to it, and says whatever a test has it say: each part of an
/// answer may be changed before it is signed, or after.
/// </summary>
public sealed class Company(string issuer)
{
    public const string ClientId = "our-server";
    public const string Secret = "the secret that the company gave us";

    private readonly ConcurrentDictionary<string, Asked> asked = new(StringComparer.Ordinal);

    public string Issuer => issuer;

    /// <summary>What signs, by its kid; the key set has the public halves of all.</summary>
    public Dictionary<string, RSA> Keys { get; } = new() { ["k1"] = RSA.Create(2048) };

    /// <summary>Which of the keys signs.</summary>
    public string Kid { get; set; } = "k1";

    /// <summary>Who signs in there.</summary>
    public string Sub { get; set; } = $"ext-{Guid.NewGuid():N}";

    /// <summary>Claims of the person, in the id_token.</summary>
    public JsonObject Person { get; set; } = new()
    {
        ["email"] = "alice@up.example",
        ["email_verified"] = true,
        ["name"] = "Alice Up",
        ["preferred_username"] = "alice.up"
    };

    /// <summary>When they signed in there; null: it does not say.</summary>
    public Func<DateTimeOffset?> SignedInAt { get; set; } = () => DateTimeOffset.UtcNow;

    /// <summary>Changes the claims before they are signed.</summary>
    public Action<JsonObject> Claims { get; set; } = _ => { };

    /// <summary>Changes the header before it is signed.</summary>
    public Action<JsonObject> Header { get; set; } = _ => { };

    /// <summary>Makes the signature; null: the key of <see cref="Kid"/>, RS256.</summary>
    public Func<byte[], byte[]>? Sign { get; set; }

    /// <summary>Changes the discovery document.</summary>
    public Action<JsonObject> Document { get; set; } = _ => { };

    /// <summary>Changes the key set.</summary>
    public Action<JsonArray> KeySet { get; set; } = _ => { };

    /// <summary>What userinfo says; null: it has no such endpoint.</summary>
    public JsonObject? UserInfo { get; set; }

    /// <summary>Answers in place of an endpoint, by its path; true: answered.</summary>
    public Func<HttpContext, string, Task<bool>> Instead { get; set; } = (_, _) => Task.FromResult(false);

    /// <summary>Every path that was asked for.</summary>
    public ConcurrentQueue<string> Requests { get; } = [];

    /// <summary>What the browser was sent with, last.</summary>
    public Parameters LastAsked { get; private set; } = new();

    /// <summary>Seconds that document and key set are fresh.</summary>
    public int MaxAge { get; set; } = 60;

    /// <summary>Whether its answers name it, and it announces that.</summary>
    public bool NamesItself { get; set; } = true;

    /// <summary>Somebody signs in there: where the browser is sent back to.</summary>
    /// <param name="url">Where the browser was sent.</param>
    public string SignIn(string url, params (string Name, string? Value)[] changes)
    {
        LastAsked = Parameters.OfQuery(url[url.IndexOf('?')..]);
        if (LastAsked["client_id"] != ClientId || LastAsked["response_type"] != "code" || LastAsked["code_challenge_method"] != "S256"
            || !LastAsked["scope"]!.Split(' ').Contains("openid")) throw new InvalidOperationException("a wrong request: " + url);
        var code = Guid.NewGuid().ToString("N");
        asked[code] = new Asked(LastAsked["nonce"]!, LastAsked["code_challenge"]!, LastAsked["redirect_uri"]!);
        var answer = new Dictionary<string, string?> { ["code"] = code, ["state"] = LastAsked["state"] };
        if (NamesItself) answer["iss"] = issuer;
        foreach (var (name, value) in changes) answer[name] = value;
        return LastAsked["redirect_uri"] + "?" + string.Join('&', answer.Where(pair => pair.Value is not null)
            .Select(pair => $"{pair.Key}={Uri.EscapeDataString(pair.Value!)}"));
    }

    /// <summary>It refuses: where the browser is sent back to.</summary>
    public string Refuse(string url, string error, string? description = null) =>
        SignIn(url, ("code", null), ("error", error), ("error_description", description));

    internal async Task AnswerAsync(HttpContext http, string path)
    {
        Requests.Enqueue(path);
        if (await Instead(http, path)) return;
        switch (path)
        {
            case "/.well-known/openid-configuration":
                http.Response.Headers.CacheControl = $"max-age={MaxAge}";
                await WriteAsync(http, Metadata());
                break;
            case "/jwks":
                http.Response.Headers.CacheControl = $"max-age={MaxAge}";
                var keys = new JsonArray([.. Keys.Select(one => Jwk(one.Key, one.Value.ExportParameters(false)))]);
                KeySet(keys);
                await WriteAsync(http, new JsonObject { ["keys"] = keys });
                break;
            case "/authorize":
                http.Response.ContentType = "text/html";
                await http.Response.WriteAsync("<!DOCTYPE html><title>The company</title><h1>Sign in at the company</h1>");
                break;
            case "/token":
                await RedeemAsync(http);
                break;
            case "/userinfo" when UserInfo is not null:
                await WriteAsync(http, (JsonObject)UserInfo.DeepClone());
                break;
            default:
                http.Response.StatusCode = 404;
                break;
        }
    }

    private JsonObject Metadata()
    {
        var document = new JsonObject
        {
            ["issuer"] = issuer,
            ["authorization_endpoint"] = issuer + "/authorize",
            ["token_endpoint"] = issuer + "/token",
            ["jwks_uri"] = issuer + "/jwks",
            ["end_session_endpoint"] = issuer + "/logout",
            ["authorization_response_iss_parameter_supported"] = NamesItself,
        };
        if (UserInfo is not null) document["userinfo_endpoint"] = issuer + "/userinfo";
        Document(document);
        return document;
    }

    private async Task RedeemAsync(HttpContext http)
    {
        var form = await http.Request.ReadFormAsync();
        if (http.Request.Headers.Authorization != "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes(
                $"{ClientId}:{Uri.EscapeDataString(Secret).Replace("%20", "+")}")))
        {
            http.Response.StatusCode = 401;
            await WriteAsync(http, new JsonObject { ["error"] = "invalid_client" });
            return;
        }

        if (!asked.TryRemove(form["code"]!, out var one) || one.RedirectUri != form["redirect_uri"]
            || one.Challenge != Pkce.Challenge(form["code_verifier"]!))
        {
            http.Response.StatusCode = 400;
            await WriteAsync(http, new JsonObject { ["error"] = "invalid_grant" });
            return;
        }

        await WriteAsync(http, new JsonObject
        {
            ["access_token"] = "upstream-access",
            ["token_type"] = "Bearer",
            ["id_token"] = IdToken(one)
        });
    }

    private string IdToken(Asked one)
    {
        var now = DateTimeOffset.UtcNow;
        var claims = (JsonObject)Person.DeepClone();
        claims["iss"] = issuer;
        claims["aud"] = ClientId;
        claims["sub"] = Sub;
        claims["nonce"] = one.Nonce;
        claims["iat"] = now.ToUnixTimeSeconds();
        claims["exp"] = now.AddMinutes(5).ToUnixTimeSeconds();
        if (SignedInAt() is { } at) claims["auth_time"] = at.ToUnixTimeSeconds();
        Claims(claims);
        var header = new JsonObject { ["alg"] = "RS256", ["kid"] = Kid, ["typ"] = "JWT" };
        Header(header);
        var input = $"{Part(header)}.{Part(claims)}";
        var sign = Sign ?? (octets => Keys[Kid].SignData(octets, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1));
        return $"{input}.{Base64Url.EncodeToString(sign(Encoding.ASCII.GetBytes(input)))}";
    }

    public static JsonObject Jwk(string kid, RSAParameters key) => new()
    {
        ["kty"] = "RSA",
        ["kid"] = kid,
        ["use"] = "sig",
        ["alg"] = "RS256",
        ["n"] = Base64Url.EncodeToString(key.Modulus),
        ["e"] = Base64Url.EncodeToString(key.Exponent),
    };

    private static string Part(JsonObject part) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(part.ToJsonString()));

    private static Task WriteAsync(HttpContext http, JsonObject answer)
    {
        http.Response.ContentType = "application/json";
        return http.Response.WriteAsync(answer.ToJsonString());
    }

    private sealed record Asked(string Nonce, string Challenge, string RedirectUri);
}
