using System.Globalization;
using OAuthServer.Audit;
using OAuthServer.Fetch;
using OAuthServer.Keys;
using OAuthServer.Protocol;
using OAuthServer.Stores.UsedProofs;
using OAuthServer.Tokens;

namespace OAuthServer.Clients;

/// <summary>
/// private_key_jwt (RFC 7523 §3, RFC 10070 §4): whether a client signed an assertion, and what the assertion then says. Until the
/// signature holds nothing is told, and one verification is paid whoever the client is.
/// </summary>
public sealed class ClientAssertions(FetchedKeys fetched, Decisions decisions, Settings settings, TimeProvider time)
{
    /// <summary>What client_assertion_type must be (RFC 7523 §2.2).</summary>
    public const string AssertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

    private const string Rule = "RFC 7523 §3";
    private const int LongestJti = 256;
    private static readonly TimeSpan Leeway = TimeSpan.FromSeconds(30), IssuedAhead = TimeSpan.FromSeconds(300);

    // The replay of one is remembered for as long as it could be taken, and a little more.
    private static readonly TimeSpan Kept = TimeSpan.FromSeconds(60);

    /// <summary>
    /// An assertion as it came: who it says it is from, or why it is none. 400 where the form says that it is another client's.
    /// </summary>
    /// <param name="id">client_id of the form; null: none.</param>
    /// <param name="redeems">Whether it came to /token with a code or a refresh token.</param>
    public static Result<ClientCredential> Read(string assertion, string? id, bool redeems)
    {
        var jwt = ForeignJwt.Read(assertion, out var flaw);
        if (jwt is not null && id is not null && jwt.Text("sub") is { } subject && subject != id)
            return OAuthError.InvalidRequest("client_id differs from the assertion", "client_id in the body is another one than sub",
                "RFC 7521 §4.2", "one client id", "two");
        flaw ??= Flaw(jwt!);
        return new ClientCredential.Assertion(flaw is null ? jwt!.Text("sub") : id ?? jwt?.Text("sub"), flaw is null ? jwt : null)
        {
            Flaw = flaw,
            Redeems = redeems,
        };
    }

    // What no client's assertion is, whoever signed it.
    private static string? Flaw(ForeignJwt jwt) =>
        jwt.Text("sub") is not { Length: > 0 } subject ? "sub is missing"
        : jwt.Text("iss") != subject ? "iss is not sub"
        : jwt.Type is { } type && !type.Equals("JWT", StringComparison.OrdinalIgnoreCase)
            && !type.Equals("client-authentication+jwt", StringComparison.OrdinalIgnoreCase) ? "typ is of another kind of token"
        : null;

    /// <summary>The key that signed it, or why none did: words for the audit log. 503 where its keys cannot be had.</summary>
    /// <param name="client">Null: unknown.</param>
    public async ValueTask<Result<Signature>> VerifyAsync(Client? client, ForeignJwt jwt, CancellationToken cancel)
    {
        if (client is null) return Decoy(jwt, "unknown client");
        if (!client.HasKeys) return Decoy(jwt, "the client does not prove itself by key");
        if (client.Row.AssertionAlg is { } pinned && pinned != jwt.Alg)
            return Decoy(jwt, $"alg is {jwt.Alg}, and the client is held to {pinned}");

        var keys = client.Keys;
        if (client.KeysAt is { } place)
        {
            if ((await fetched.ReadAsync(place, cancel)).Refused(out var error, out keys)) return error;
            if (keys.Fitting(jwt.Alg, jwt.Kid).Length == 0) keys = await fetched.ReadAnewAsync(place, keys, cancel);
        }

        var fitting = keys?.Fitting(jwt.Alg, jwt.Kid) ?? [];
        if (fitting.Length == 0) return Decoy(jwt, $"the client has no key for {jwt.Alg}{(jwt.Kid is null ? "" : " with this kid")}");
        return Array.Find(fitting, jwt.IsSignedBy) is { } key ? new Signature(key, null)
            : new Signature(null, "the signature is by no key of the client");
    }

    /// <summary>What a signed assertion says, and whether the client may use it here (row 45): the client may be told.</summary>
    public Result<Authenticated> Judge(Client client, ClientCredential.Assertion presented, VerificationKey key)
    {
        var (jwt, now) = (presented.Jwt!, time.GetUtcNow());
        if (!client.Row.Enabled) return OAuthError.RevokedClient("the client is disabled");
        if (jwt.Time("exp") is not { } exp) return Lacks("exp", "a whole number of seconds", Shown(jwt, "exp"));
        if (jwt.Text("jti") is not { Length: >= 1 and <= LongestJti } jti)
            return Lacks("jti", $"1 to {LongestJti} characters", jwt.Has("jti") ? "another length or type" : "none");
        if (!jwt.Has("aud")) return Lacks("aud", settings.Issuer, "none");
        if (exp <= now - Leeway) return Refuse("The client assertion has expired", "exp", $"later than {Seconds(now)}", Shown(jwt, "exp"));
        if ((Ahead(jwt, "nbf", now + Leeway) ?? Ahead(jwt, "iat", now + IssuedAhead)) is { } ahead) return ahead;
        if (exp > now + TimeSpan.FromSeconds(settings.AssertionSeconds) + Leeway)
            return Refuse("The client assertion lives too long", "exp", $"at most {settings.AssertionSeconds} s from now",
                $"{(exp - now).TotalSeconds:F0} s from now");
        var forTokenEndpoint = IsForTokenEndpoint(client, presented);
        if (jwt.Audience() != settings.Issuer && !forTokenEndpoint)
            return Refuse("The client assertion is for another audience", "aud", $"{settings.Issuer} and nothing else", Shown(jwt, "aud"));
        if (forTokenEndpoint) decisions.TokenEndpointNamed();
        return new Authenticated(client, null)
        {
            Assertion = UsedProof.Of("ca", exp + Kept, client.Id, jti),
            Thumbprint = key.Thumbprint,
            Note = forTokenEndpoint ? " aud=token-endpoint" : "",
        };
    }

    // What ChatGPT signs: there the assertion alone opens nothing, a code with its verifier or a refresh token is needed too.
    private bool IsForTokenEndpoint(Client client, ClientCredential.Assertion presented) =>
        presented.Redeems && client.Row.Origin == "document" && settings.AssertionAudience == "issuer+token"
        && presented.Jwt!.Audience() == settings.Issuer + Paths.Token;

    private static OAuthError? Ahead(ForeignJwt jwt, string claim, DateTimeOffset latest) =>
        !jwt.Has(claim) || jwt.Time(claim) <= latest ? null
            : Refuse("The client assertion is not valid yet", claim, $"at most {Seconds(latest)}", Shown(jwt, claim));

    private static OAuthError Lacks(string claim, string expected, string got) =>
        Refuse("The client assertion lacks a claim", claim, expected, got);

    private static OAuthError Refuse(string description, string claim, string expected, string got) =>
        OAuthError.InvalidClient($"client assertion, {claim}", Rule, expected, got) with { Description = description };

    private static string Shown(ForeignJwt jwt, string claim) =>
        jwt.Claims.TryGetProperty(claim, out var value) ? Presented.Redact(value.GetRawText()) : "none";

    private static string Seconds(DateTimeOffset moment) => moment.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);

    private static Signature Decoy(ForeignJwt jwt, string flaw)
    {
        DecoyKeys.Verify(jwt);
        return new Signature(null, flaw);
    }
}

/// <summary>The key that made a signature, or why none did.</summary>
public sealed record Signature(VerificationKey? Key, string? Flaw);
