using System.Net;
using System.Security.Cryptography;
using System.Text.Json;
using Fido2NetLib;
using Fido2NetLib.Objects;
using OAuthServer.Limits;
using OAuthServer.Protocol;
using OAuthServer.Stores.Postgres;
using OAuthServer.Stores.UsedProofs;
using OAuthServer.Stores.Users;
using OAuthServer.Users;

namespace OAuthServer.Factors;

/// <summary>
/// Passkeys (WebAuthn L3): made for this issuer's host, with user verification, discoverable, so that nobody types a name. The ceremonies
/// are verified by the Fido2 library; which challenge, origin and key come to it, and that each is used once, is decided here.
/// </summary>
public sealed class Passkeys(
    PasskeyStore store, UsedProofStore proofs, PasskeyChallenge challenges, Settings settings, TimeProvider time) : IDisposable
{
    private static readonly PubKeyCredParam[] Algorithms =
        [new(COSE.Algorithm.ES256, PublicKeyCredentialType.PublicKey), new(COSE.Algorithm.RS256, PublicKeyCredentialType.PublicKey)];

    private readonly string host = new Uri(settings.Issuer).Host;
    private readonly string origin = new Uri(settings.Issuer).GetLeftPart(UriPartial.Authority);
    private readonly FailureLimit failures = new(settings.LoginsPerMinute, TimeSpan.FromMinutes(1));
    private readonly Fido2 ceremonies = new(new Fido2Configuration
    {
        RPID = new Uri(settings.Issuer).Host,
        RPName = settings.DisplayName,
        Origins = new HashSet<string> { new Uri(settings.Issuer).GetLeftPart(UriPartial.Authority) },
    });

    /// <summary>False for an issuer that is an IP address: no passkey can be made for one (WebAuthn L3 §5.1.2).</summary>
    public bool IsAvailable { get; } = !IPAddress.TryParse(new Uri(settings.Issuer).Host.Trim('[', ']'), out _);

    /// <summary>What the browser is to make a passkey by (WebAuthn L3 §5.4), as JSON.</summary>
    /// <param name="session">SHA-256 of the session id.</param>
    public async Task<string?> RegistrationOptionsAsync(Guid subject, string username, byte[] session, CancellationToken cancel)
    {
        if (await HandleAsync(subject) is not { } handle) return null;
        return Creation(subject, username, handle, challenges.New(ChallengePurpose.Register(session, subject)),
            await store.OfAsync(subject, cancel)).ToJson();
    }

    /// <summary>What the browser is to sign by (WebAuthn L3 §5.5), as JSON: with any passkey made here, whoever's.</summary>
    /// <param name="browser">SHA-256 of the browser's cookie.</param>
    public string SignInOptions(byte[] browser) => Assertion(challenges.New(ChallengePurpose.SignIn(browser))).ToJson();

    /// <summary>Takes a new passkey (WebAuthn L3 §7.1) for the person of this session.</summary>
    /// <param name="name">What they call it.</param>
    public async Task<Result<string>> RegisterAsync(
        JsonElement posted, string name, SessionRow session, Author author, RequestContext request, CancellationToken cancel)
    {
        if (Read<AuthenticatorAttestationRawResponse>(posted) is not
            { Response: { AttestationObject: { } attestation, ClientDataJson: { } data } } raw)
            return Malformed("no registration of a passkey");
        var purpose = ChallengePurpose.Register(session.IdHash, session.Subject);
        if ((await SpendAsync(data, "webauthn.create", purpose)).Refused(out var error, out var challenge)) return error;
        if (AuthenticatorKey.FlawOf(attestation) is { } flaw) return Unusable(flaw);
        if (await HandleAsync(session.Subject) is not { } handle) return Unusable("the person is gone");
        try
        {
            var made = await ceremonies.MakeNewCredentialAsync(new MakeNewCredentialParams
            {
                AttestationResponse = raw,
                OriginalOptions = Creation(session.Subject, session.Username, handle, challenge, []),
                // The statement that adds it decides.
                IsCredentialIdUniqueToUserCallback = (_, _) => Task.FromResult(true),
            }, cancel);
            var passkey = new NewPasskey
            {
                Id = made.Id,
                Subject = session.Subject,
                PublicKey = made.PublicKey,
                SignCount = made.SignCount,
                Name = name,
            };
            if (await store.AddAsync(passkey, session.IdHash, author, request.At)) return name;
            var why = $"somebody has it already, the person has {PasskeyStore.Most}, or this session has not shown their second factor";
            return Unusable(why) with { Status = 409 };
        }
        catch (Fido2VerificationException fault)
        {
            return Unusable(fault.Message);
        }
    }

    /// <summary>
    /// Who signed (WebAuthn L3 §7.2); one answer for an unknown, removed or foreign passkey, a disabled person and a bad signature, which
    /// count as failed sign-ins of the address.
    /// </summary>
    public async Task<Result<Authenticated>> AuthenticateAsync(
        JsonElement posted, byte[] browser, RequestContext request, CancellationToken cancel)
    {
        var address = FailureLimit.Subscriber(request.Address);
        using var attempt = failures.Begin(address);
        if (attempt.TooMany) return OAuthError.SlowDown("too many failed sign-ins from this address", failures.RetryAfter);
        if (!(await VerifyAsync(posted, browser, cancel)).Refused(out var error, out var person)) return person;
        failures.Count(address);
        return error;
    }

    public void Dispose() => failures.Dispose();

    private async Task<Result<Authenticated>> VerifyAsync(JsonElement posted, byte[] browser, CancellationToken cancel)
    {
        if (Read<AuthenticatorAssertionRawResponse>(posted) is not
            { RawId: { Length: > 0 } id, Response: { ClientDataJson: { } data, AuthenticatorData: { }, Signature: { } } response } raw)
            return Malformed("no assertion of a passkey");
        if ((await SpendAsync(data, "webauthn.get", ChallengePurpose.SignIn(browser))).Refused(out var error, out var challenge))
            return error;
        if (await store.FindAsync(id, cancel) is not { } passkey) return Wrong("nobody has this passkey");
        if (!passkey.Enabled) return Wrong("the person is disabled");
        if (response.UserHandle is not { } handle || !handle.AsSpan().SequenceEqual(passkey.Handle))
            return Wrong("the passkey names another person than its own");
        try
        {
            var signed = await ceremonies.MakeAssertionAsync(new MakeAssertionParams
            {
                AssertionResponse = raw,
                OriginalOptions = Assertion(challenge),
                StoredPublicKey = passkey.PublicKey,
                // The statement that writes the counter compares it.
                StoredSignatureCounter = 0,
                IsUserHandleOwnerOfCredentialIdCallback = (_, _) => Task.FromResult(true),
            }, cancel);
            if (!await store.UseAsync(passkey.Id, passkey.Subject, signed.SignCount, time.GetUtcNow()))
                return Wrong("passkey_counter: a copy of the passkey may be in use") with
                {
                    Rule = "WebAuthn L3 §6.1.1",
                    Expected = $"a counter over {passkey.SignCount}",
                    Got = $"{signed.SignCount}",
                };
        }
        catch (Fido2VerificationException fault)
        {
            return Wrong(fault.Message);
        }

        return new Authenticated
        {
            Subject = passkey.Subject,
            Username = passkey.Username,
            How = "passkey",
            Acr = "aal2",
            Amr = ["pop", "user", "mfa"],
        };
    }

    // Two tabs at once: the second asks again.
    private async Task<byte[]?> HandleAsync(Guid subject) =>
        await store.HandleAsync(subject, RandomNumberGenerator.GetBytes(32)) ?? await store.HandleAsync(subject, []);

    // The challenge of client data of this kind and of our own origin, at its first use; it is used up whatever comes of it.
    private async Task<Result<byte[]>> SpendAsync(byte[] clientData, string type, ChallengePurpose purpose)
    {
        if ((ReadClientData(clientData, type)).Refused(out var error, out var challenge)) return error;
        if (challenges.Open(challenge, purpose).Refused(out error, out var expires)) return error;
        return await proofs.SpendAsync(UsedProof.Of("pk", expires, Convert.ToBase64String(challenge)))
            ? challenge
            : Wrong("the challenge was used before");
    }

    private Result<byte[]> ReadClientData(byte[] clientData, string type)
    {
        try
        {
            using var json = JsonDocument.Parse(clientData);
            var said = json.RootElement;
            if (Text("type") != type) return Wrong("another kind of ceremony");
            if (Text("origin") != origin) return Wrong("the ceremony took place on another origin");
            if (said.TryGetProperty("crossOrigin", out var crossing) && crossing.ValueKind != JsonValueKind.False)
                return Wrong("the ceremony took place in a frame of another site");
            if (said.TryGetProperty("topOrigin", out _)) return Wrong("the ceremony took place below another site");
            return Text("challenge") is { Length: > 0 and < 1024 } challenge ? System.Buffers.Text.Base64Url.DecodeFromChars(challenge)
                : Wrong("no challenge");

            string? Text(string name) => said.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String
                ? value.GetString() : null;
        }
        catch (Exception fault) when (fault is JsonException or FormatException or InvalidOperationException)
        {
            return Malformed("malformed client data");
        }
    }

    private CredentialCreateOptions Creation(
        Guid subject, string username, byte[] handle, byte[] challenge, IReadOnlyList<OwnPasskey> present) => new()
        {
            Rp = new PublicKeyCredentialRpEntity(host, settings.DisplayName, null),
            User = new Fido2User { Id = handle, Name = username, DisplayName = username },
            Challenge = challenge,
            PubKeyCredParams = Algorithms,
            Timeout = (ulong)PasskeyChallenge.Life.TotalMilliseconds,
            Attestation = AttestationConveyancePreference.None,
            AuthenticatorSelection = new AuthenticatorSelection
            {
                ResidentKey = ResidentKeyRequirement.Required,
                UserVerification = UserVerificationRequirement.Required,
            },
            ExcludeCredentials = [.. present.Select(passkey => new PublicKeyCredentialDescriptor(passkey.Id))],
        };

    private AssertionOptions Assertion(byte[] challenge) => new()
    {
        Challenge = challenge,
        Timeout = (ulong)PasskeyChallenge.Life.TotalMilliseconds,
        RpId = host,
        AllowCredentials = [],
        UserVerification = UserVerificationRequirement.Required,
    };

    private static T? Read<T>(JsonElement posted) where T : class
    {
        try { return posted.ValueKind == JsonValueKind.Object ? posted.Deserialize<T>() : null; }
        catch (Exception fault) when (fault is JsonException or FormatException or ArgumentException or NotSupportedException)
        {
            return null;
        }
    }

    /// <summary>The refusal every passkey gets that signs nobody in.</summary>
    /// <param name="reason">Private.</param>
    public static OAuthError Wrong(string reason) => new()
    {
        Code = "access_denied",
        Description = "This passkey cannot be used here",
        Status = 401,
        Rule = "WebAuthn L3 §7.2",
        Reason = reason,
        Expected = "a passkey of an enabled person, made here",
    };

    private static OAuthError Unusable(string reason) =>
        OAuthError.InvalidRequest("This passkey cannot be used here", reason, "WebAuthn L3 §7.1",
            "an ES256 or RS256 passkey that verifies its user");

    /// <summary>The refusal of what no browser sends.</summary>
    public static OAuthError Malformed(string reason) =>
        OAuthError.InvalidRequest("The passkey's answer is malformed", reason, "WebAuthn L3 §5.1",
            "the JSON form of a public key credential");
}
