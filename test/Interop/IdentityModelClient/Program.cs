using System.Net;
using System.Security.Cryptography;
using System.Text;
using Duende.IdentityModel.Client;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

// identity-model-client ISSUER RESOURCE CLIENT KEY.pem DEVICE AGENT AGENT_SECRET SENSORS PORT: Duende.IdentityModel's requests, as an
// application sends them. Prints "open URL" where a person's browser shall go, "device URL" where one allows a device, and "ok WHAT" for
// each step; exits with 0 after the last.
var (issuer, resource, id, device, agent, secret, sensors, port) =
    (args[0], args[1], args[2], args[4], args[5], args[6], args[7], args[8]);
using var ecdsa = ECDsa.Create();
ecdsa.ImportFromPem(await File.ReadAllTextAsync(args[3]));
using var dpopKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
using var http = new HttpClient();
using var listener = new HttpListener();
listener.Prefixes.Add($"http://localhost:{port}/");
listener.Start();
var redirect = $"http://localhost:{port}/callback";

var document = await http.GetDiscoveryDocumentAsync(issuer);
Passed("discovery names /par, the device endpoint and the algorithms of proofs", !document.IsError
    && document.PushedAuthorizationRequestEndpoint == $"{issuer}/par" && document.DeviceAuthorizationEndpoint is not null
    && document.DPoPSigningAlgorithmsSupported.Contains("ES256"), document.Error);

// PAR by a client assertion and with dpop_jkt; the code by another assertion and a proof.
var verifier = Base64UrlEncoder.Encode(RandomNumberGenerator.GetBytes(32));
var pushed = await http.PushAuthorizationAsync(ByKey(new PushedAuthorizationRequest
{
    Address = document.PushedAuthorizationRequestEndpoint,
    ResponseType = "code",
    RedirectUri = redirect,
    Scope = "notes:read offline_access",
    State = "pushed",
    CodeChallenge = Base64UrlEncoder.Encode(SHA256.HashData(Encoding.ASCII.GetBytes(verifier))),
    CodeChallengeMethod = "S256",
    Resource = [resource],
    DPoPKeyThumbprint = Base64UrlEncoder.Encode(DpopJwk().ComputeJwkThumbprint()),
}));
Passed("PushAuthorizationAsync by a client assertion", !pushed.IsError, pushed.Raw);
Console.WriteLine($"open {issuer}/authorize?client_id={Uri.EscapeDataString(id)}&request_uri={Uri.EscapeDataString(pushed.RequestUri!)}");
var back = await listener.GetContextAsync();
var answer = back.Request.QueryString;
back.Response.Close("Thank you. You can close this window."u8.ToArray(), false);
Passed("the browser comes back as pushed", answer["state"] == "pushed" && answer["iss"] == issuer, answer["error"]);
var tokens = await http.RequestAuthorizationCodeTokenAsync(ByKey(new AuthorizationCodeTokenRequest
{
    Address = document.TokenEndpoint,
    Code = answer["code"]!,
    RedirectUri = redirect,
    CodeVerifier = verifier,
    DPoPProofToken = Proof(document.TokenEndpoint!),
}));
Passed("RequestAuthorizationCodeTokenAsync with a proof", !tokens.IsError && tokens.TokenType == "DPoP", tokens.Raw);
var refreshed = await http.RequestRefreshTokenAsync(ByKey(new RefreshTokenRequest
{
    Address = document.TokenEndpoint,
    RefreshToken = tokens.RefreshToken!,
    DPoPProofToken = Proof(document.TokenEndpoint!),
}));
Passed("RequestRefreshTokenAsync with a proof", !refreshed.IsError && refreshed.TokenType == "DPoP", refreshed.Raw);
var revoked = await http.RevokeTokenAsync(ByKey(new TokenRevocationRequest
{
    Address = document.RevocationEndpoint,
    Token = refreshed.RefreshToken!,
}));
Passed("RevokeTokenAsync by a client assertion", !revoked.IsError, revoked.Raw);

var asked = await http.RequestDeviceAuthorizationAsync(new DeviceAuthorizationRequest
{
    Address = document.DeviceAuthorizationEndpoint,
    ClientId = device,
    Scope = "notes:read",
});
Passed("RequestDeviceAuthorizationAsync", !asked.IsError && asked.Interval == 5, asked.Raw);
Console.WriteLine($"device {asked.VerificationUriComplete}");
TokenResponse polled;
do
{
    await Task.Delay(TimeSpan.FromSeconds(asked.Interval));
    polled = await http.RequestDeviceTokenAsync(
        new DeviceTokenRequest { Address = document.TokenEndpoint, ClientId = device, DeviceCode = asked.DeviceCode! });
}
while (polled.Error is "authorization_pending" or "slow_down");
Passed("RequestDeviceTokenAsync polls until a person has allowed it", !polled.IsError, polled.Raw);

var exchanged = await http.RequestTokenExchangeTokenAsync(new TokenExchangeTokenRequest
{
    Address = document.TokenEndpoint,
    ClientId = agent,
    ClientSecret = secret,
    SubjectToken = polled.AccessToken!,
    SubjectTokenType = "urn:ietf:params:oauth:token-type:access_token",
    Resource = sensors,
    Scope = "read_sensors",
});
Passed("RequestTokenExchangeTokenAsync", !exchanged.IsError && exchanged.IssuedTokenType!.EndsWith(":access_token"), exchanged.Raw);
return 0;

T ByKey<T>(T request) where T : ProtocolRequest
{
    request.ClientId = id;
    request.ClientCredentialStyle = ClientCredentialStyle.PostBody;
    request.ClientAssertion = new ClientAssertion
    {
        Type = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        Value = new JsonWebTokenHandler().CreateToken(new SecurityTokenDescriptor
        {
            Issuer = id,
            Audience = issuer,
            Claims = new Dictionary<string, object> { ["sub"] = id, ["jti"] = Guid.NewGuid().ToString() },
            IssuedAt = DateTime.UtcNow,
            NotBefore = DateTime.UtcNow,
            Expires = DateTime.UtcNow.AddMinutes(1),
            TokenType = "client-authentication+jwt",
            SigningCredentials = new SigningCredentials(new ECDsaSecurityKey(ecdsa) { KeyId = "k1" }, "ES256"),
        }),
    };
    return request;
}

JsonWebKey DpopJwk()
{
    var point = dpopKey.ExportParameters(false).Q;
    return new JsonWebKey { Kty = "EC", Crv = "P-256", X = Base64UrlEncoder.Encode(point.X), Y = Base64UrlEncoder.Encode(point.Y) };
}

string Proof(string url)
{
    var jwk = DpopJwk();
    return new JsonWebTokenHandler { SetDefaultTimesOnTokenCreation = false }.CreateToken(new SecurityTokenDescriptor
    {
        TokenType = "dpop+jwt",
        Claims = new Dictionary<string, object>
        {
            ["htm"] = "POST",
            ["htu"] = url,
            ["jti"] = Guid.NewGuid().ToString(),
            ["iat"] = DateTimeOffset.UtcNow.ToUnixTimeSeconds(),
        },
        AdditionalHeaderClaims = new Dictionary<string, object>
        {
            ["jwk"] = new Dictionary<string, string> { ["kty"] = jwk.Kty, ["crv"] = jwk.Crv, ["x"] = jwk.X, ["y"] = jwk.Y },
        },
        SigningCredentials = new SigningCredentials(new ECDsaSecurityKey(dpopKey), "ES256"),
    });
}

static void Passed(string what, bool good, string? why)
{
    Console.WriteLine($"{(good ? "ok" : "not ok")} {what}{(good ? "" : $": {why}")}");
    if (!good) Environment.Exit(1);
}
