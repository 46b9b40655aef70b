using System.Buffers.Binary;
using System.Buffers.Text;
using System.Formats.Cbor;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace OAuthServer.Test.Support;

/// <summary>A passkey of our own making, which can be told to lie: what a browser and an authenticator would send (WebAuthn L3).</summary>
public sealed class Authenticator(string origin) : IDisposable
{
    private const byte Present = 0x01, Verified = 0x04, HasCredential = 0x40;

    private ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    public byte[] Id { get; init; } = RandomNumberGenerator.GetBytes(32);
    public byte[] Handle { get; set; } = [];
    public uint Counter { get; set; }

    /// <summary>The host it believes it signs for.</summary>
    public string RpId { get; init; } = new Uri(origin).Host;
    public string Origin { get; init; } = new Uri(origin).GetLeftPart(UriPartial.Authority);

    /// <summary>Whether the person proved to it who they are.</summary>
    public bool VerifiesUser { get; init; } = true;

    /// <summary>In place of webauthn.create or webauthn.get.</summary>
    public string? Type { get; init; }

    /// <summary>Further members of the client data.</summary>
    public Action<JsonObject>? Lies { get; init; }

    /// <summary>The same passkey, which says something else than is.</summary>
    public Authenticator Lying(string issuer, string what, string value) => new(issuer)
    {
        Id = Id,
        Handle = Handle,
        Counter = Counter,
        key = ECDsa.Create(key.ExportParameters(true)),
        Origin = what == "origin" ? value : Origin,
        RpId = what == "rpId" ? value : RpId,
        Type = what == "type" ? value : Type,
        VerifiesUser = what != "user",
        Lies = data =>
        {
            if (what is "crossOrigin") data[what] = true;
            if (what is "topOrigin") data[what] = value == "ours" ? Origin : value;
            if (what is "challenge") data[what] = value;
        },
    };

    /// <summary>What navigator.credentials.create() yields for these options.</summary>
    public JsonObject Create(JsonObject options)
    {
        Handle = Base64Url.DecodeFromChars((string)options["user"]!["id"]!);
        var data = ClientData("webauthn.create", options);
        var authData = AuthenticatorData(withCredential: true);
        var attestation = new CborWriter(CborConformanceMode.Ctap2Canonical);
        attestation.WriteStartMap(3);
        attestation.WriteTextString("fmt");
        attestation.WriteTextString("none");
        attestation.WriteTextString("attStmt");
        attestation.WriteStartMap(0);
        attestation.WriteEndMap();
        attestation.WriteTextString("authData");
        attestation.WriteByteString(authData);
        attestation.WriteEndMap();
        return Credential(new JsonObject
        {
            ["clientDataJSON"] = Text(data),
            ["attestationObject"] = Text(attestation.Encode()),
        });
    }

    /// <summary>What navigator.credentials.get() yields for these options.</summary>
    public JsonObject Get(JsonObject options)
    {
        var data = ClientData("webauthn.get", options);
        var authData = AuthenticatorData(withCredential: false);
        byte[] signed = [.. authData, .. SHA256.HashData(data)];
        var signature = key.SignData(signed, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence);
        return Credential(new JsonObject
        {
            ["clientDataJSON"] = Text(data),
            ["authenticatorData"] = Text(authData),
            ["signature"] = Text(signature),
            ["userHandle"] = Text(Handle),
        });
    }

    public void Dispose() => key.Dispose();

    private JsonObject Credential(JsonObject response) => new()
    {
        ["id"] = Text(Id),
        ["rawId"] = Text(Id),
        ["type"] = "public-key",
        ["clientExtensionResults"] = new JsonObject(),
        ["response"] = response,
    };

    private byte[] ClientData(string type, JsonObject options)
    {
        var data = new JsonObject
        {
            ["type"] = Type ?? type,
            ["challenge"] = (string)options["challenge"]!,
            ["origin"] = Origin,
            ["crossOrigin"] = false,
        };
        Lies?.Invoke(data);
        return Encoding.UTF8.GetBytes(data.ToJsonString());
    }

    private byte[] AuthenticatorData(bool withCredential)
    {
        var counter = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(counter, Counter);
        var flags = (byte)(Present | (VerifiesUser ? Verified : 0) | (withCredential ? HasCredential : 0));
        byte[] head = [.. SHA256.HashData(Encoding.UTF8.GetBytes(RpId)), flags, .. counter];
        return withCredential ? [.. head, .. new byte[16], (byte)(Id.Length >> 8), (byte)Id.Length, .. Id, .. CoseKey()] : head;
    }

    /// <summary>RFC 9053 §2.1, as COSE writes it; null: this very key.</summary>
    public Func<byte[]>? KeyOfItsOwn { get; init; }

    private byte[] CoseKey()
    {
        if (KeyOfItsOwn is not null) return KeyOfItsOwn();
        var point = key.ExportParameters(false).Q;
        var cose = new CborWriter(CborConformanceMode.Ctap2Canonical);
        cose.WriteStartMap(5);
        cose.WriteInt32(1);
        cose.WriteInt32(2);
        cose.WriteInt32(3);
        cose.WriteInt32(-7);
        cose.WriteInt32(-1);
        cose.WriteInt32(1);
        cose.WriteInt32(-2);
        cose.WriteByteString(point.X!);
        cose.WriteInt32(-3);
        cose.WriteByteString(point.Y!);
        cose.WriteEndMap();
        return cose.Encode();
    }

    private static string Text(byte[] octets) => Base64Url.EncodeToString(octets);
}
