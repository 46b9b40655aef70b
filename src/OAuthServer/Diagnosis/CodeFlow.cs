using System.Buffers.Text;
using System.Security.Cryptography;
using OAuthServer.Protocol;

namespace OAuthServer.Diagnosis;

/// <summary>One client that goes through authorization and redemption as often as the checks need it.</summary>
internal sealed class CodeFlow(Examination it, Remote remote, ServerDocument metadata, Throwaway client, Uri authorize, Uri token)
{
    public Throwaway Client { get; } = client;

    public Uri Token { get; } = token;

    public AuthorizationWalk Walk { get; } = new(remote, it.Options, authorize);

    /// <summary>43 characters that nobody can guess (RFC 7636 §4.1).</summary>
    public static string NewVerifier() => Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));

    /// <summary>
    /// A good authorization request. Where the server announces offline_access, it comes with prompt=consent (OpenID Connect Core
    /// §11): else no refresh token may be issued.
    /// </summary>
    public Dictionary<string, string> Request(string verifier)
    {
        var request = new Dictionary<string, string>
        {
            ["response_type"] = "code",
            ["client_id"] = Client.Id,
            ["redirect_uri"] = it.Options.RedirectUri,
            ["state"] = NewVerifier(),
            ["code_challenge"] = Pkce.Challenge(verifier),
            ["code_challenge_method"] = "S256",
        };
        var scope = it.Options.Scope ?? UsualScope(metadata.Texts("scopes_supported") ?? []);
        if (scope.Length > 0) request["scope"] = scope;
        if (scope.Split(' ').Contains(Scope.OfflineAccess)) request["prompt"] = "consent";
        if (it.Options.Resource is { } resource) request["resource"] = resource;
        return request;
    }

    // The first that says something of an API: with none at all, many servers do not know which API is meant. And a refresh token.
    private static string UsualScope(string[] supported)
    {
        var first = Array.Find(supported, one => !Scope.OfOpenIdConnect.Contains(one) && one != Scope.OfflineAccess)
            ?? Array.Find(supported, one => one == "openid");
        return string.Join(' ', new[] { first, Array.Find(supported, one => one == Scope.OfflineAccess) }.OfType<string>());
    }

    public Task<Landing> AuthorizeAsync(Dictionary<string, string> request, CancellationToken cancel) =>
        Walk.GoAsync(request.Select(one => (one.Key, one.Value)), cancel);

    /// <summary>A fresh code and its verifier; no code: how it ended.</summary>
    public async Task<(string? Code, string Verifier, Landing Landing)> CodeAsync(CancellationToken cancel)
    {
        var verifier = NewVerifier();
        var landing = await AuthorizeAsync(Request(verifier), cancel);
        return (landing.Code, verifier, landing);
    }

    /// <param name="verifier">Null: none is sent.</param>
    public Task<RemoteAnswer> RedeemAsync(string code, string? verifier, CancellationToken cancel, params (string Name,
        string Value)[] more)
    {
        // OAuth 2.1 does without redirect_uri here; servers of OAuth 2.0 want it.
        List<(string, string)> form = [("grant_type", GrantType.AuthorizationCode.Name), ("code", code), ("redirect_uri",
            it.Options.RedirectUri)];
        if (verifier is not null) form.Add(("code_verifier", verifier));
        return Client.PostAsync(Token, [.. form, .. more], cancel);
    }

    public Task<RemoteAnswer> RefreshAsync(string refreshToken, CancellationToken cancel) =>
        Client.PostAsync(Token, [("grant_type", GrantType.RefreshToken.Name), ("refresh_token", refreshToken)], cancel);
}
