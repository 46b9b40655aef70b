using System.Buffers.Text;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using OAuthServer.Protocol;

namespace OAuthServer.Test.Support;

/// <summary>A client as its author would write it: knows its id and secret, speaks HTTP.</summary>
public sealed class TestClient(TestServer server, string id, string? secret, string method, string redirect)
{
    private readonly HttpClient http = server.NewHttp();

    // The DPoP headers of a request to this path.
    private Func<string, string[]> proofs = _ => [];

    public string Id => id;

    public string? Secret => secret;

    public string Redirect => redirect;

    /// <summary>The same client talking to another server of the same database.</summary>
    public TestClient At(TestServer other) => new(other, id, secret, method, redirect) { proofs = proofs };

    /// <summary>The same client with another secret, or with none.</summary>
    public TestClient With(string? otherSecret, string? otherMethod = null) => new(
        server, id, otherSecret, otherMethod ?? method, redirect)
    { proofs = proofs };

    /// <summary>The same client, which makes a DPoP proof by this key for every request.</summary>
    public TestClient Proving(ProofKey key, string? nonce = null, Action<Jwt>? change = null) =>
        new(server, id, secret, method, redirect) { proofs = path => [key.Proof(server, path, nonce: nonce, change: change)] };

    /// <summary>The same client, which sends these DPoP headers.</summary>
    public TestClient Sending(params string[] headers) => new(server, id, secret, method, redirect) { proofs = _ => headers };

    public static string NewVerifier() => Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));

    /// <summary>POST /token, authenticated as registered; null values are left out.</summary>
    public Task<Reply> TokenAsync(params (string Name, string? Value)[] form) => PostAsync(Paths.Token, form);

    public Task<Reply> RevokeAsync(string token, string? hint = null) => PostAsync(
        Paths.Revoke, ("token", token), ("token_type_hint", hint));

    public Task<Reply> IntrospectAsync(string token, string? hint = null) => PostAsync(
        Paths.Introspect, ("token", token), ("token_type_hint", hint));

    /// <summary>Whether the token is active in this resource server's eyes.</summary>
    public async Task<bool> SeesAsActiveAsync(string token) => (await IntrospectAsync(token)).Json.GetProperty("active").GetBoolean();

    public Task<Reply> RefreshAsync(string refreshToken, params (string Name, string? Value)[] more) =>
        TokenAsync([("grant_type", "refresh_token"), ("refresh_token", refreshToken), .. more]);

    public Task<Reply> RedeemAsync(Code code, params (string Name, string? Value)[] more) =>
        TokenAsync([("grant_type", "authorization_code"), ("code", code.Value), ("code_verifier", code.Verifier),
            ("redirect_uri", code.RedirectUri), .. more]);

    public Task<Reply> CredentialsAsync(params (string Name, string? Value)[] more) => TokenAsync(
        [("grant_type", "client_credentials"), .. more]);

    /// <summary>POST with this client's authentication added.</summary>
    public async Task<Reply> PostAsync(string path, params (string Name, string? Value)[] form)
    {
        var pairs = form.Where(pair => pair.Value is not null).Select(pair => KeyValuePair.Create(pair.Name, pair.Value!)).ToList();
        using var message = new HttpRequestMessage(HttpMethod.Post, server.Settings.IssuerPath + path);
        if (method == "client_secret_basic" && secret is not null) message.Headers.Authorization = Basic(id, secret);
        else if (method == "client_secret_post" && secret is not null)
            pairs.AddRange([KeyValuePair.Create("client_id", id), KeyValuePair.Create("client_secret", secret)]);
        else if (pairs.All(pair => pair.Key != "client_id")) pairs.Add(KeyValuePair.Create("client_id", id));
        message.Content = new FormUrlEncodedContent(pairs);
        foreach (var proof in proofs(path)) message.Headers.TryAddWithoutValidation("DPoP", proof);
        return await Reply.ReadAsync(await http.SendAsync(message));
    }

    public static AuthenticationHeaderValue Basic(string id, string secret) =>
        new("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{Uri.EscapeDataString(id)}:{Uri.EscapeDataString(secret)}")));

    /// <summary>The query of an authorization request; a null value leaves a parameter out.</summary>
    public string AuthorizeQuery(string verifier, params (string Name, string? Value)[] changes)
    {
        var parameters = new List<(string Name, string? Value)>
        {
            ("response_type", "code"), ("client_id", id), ("redirect_uri", redirect), ("scope", "notes:read"), ("state", "xyz"),
            ("code_challenge", Pkce.Challenge(verifier)), ("code_challenge_method", "S256"), ("resource", Cast.Notes),
        };
        foreach (var change in changes)
        {
            parameters.RemoveAll(parameter => parameter.Name == change.Name);
            parameters.Add(change);
        }

        return string.Join('&', parameters.Where(parameter => parameter.Value is not null)
            .Select(parameter => $"{parameter.Name}={Uri.EscapeDataString(parameter.Value!)}"));
    }

    /// <summary>The whole way through a browser: authorize, sign in, consent. The code, ready to redeem.</summary>
    public async Task<Code> CodeAsync(Person person, Browser? browser = null, params (string Name, string? Value)[] changes)
    {
        var verifier = NewVerifier();
        browser ??= server.NewBrowser();
        var landed = await browser.AllowAsync(AuthorizeQuery(verifier, changes), person);
        var code = landed.Parameters["code"] ?? throw new InvalidOperationException($"no code: {landed.Url}");
        return new Code(code, verifier, changes.LastOrDefault(change => change.Name == "redirect_uri") is { Value: { } other } ? other
            : redirect);
    }

    /// <summary>The whole way to tokens.</summary>
    public async Task<Reply> TokensAsync(Person person, Browser? browser = null, params (string Name, string? Value)[] changes)
    {
        var reply = await RedeemAsync(await CodeAsync(person, browser, changes));
        return reply.Status == 200 ? reply : throw new InvalidOperationException($"no tokens: {reply}");
    }
}

/// <summary>A code with what redeems it.</summary>
public sealed record Code(string Value, string Verifier, string RedirectUri);
