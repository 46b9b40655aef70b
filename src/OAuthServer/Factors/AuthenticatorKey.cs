using System.Buffers.Binary;
using System.Formats.Cbor;

namespace OAuthServer.Factors;

/// <summary>
/// What stands in a registration before anything is verified: only ES256 and RS256 keys come through, without an attestation or with
/// the key's own. Others would load code that this server does not need (WebAuthn L3 §6.5).
/// </summary>
public static class AuthenticatorKey
{
    private const int FlagsAt = 32;
    private const int IdLengthAt = 53;
    private const byte HasCredential = 0x40;

    /// <summary>Why it is not taken, or null.</summary>
    public static string? FlawOf(byte[] attestationObject)
    {
        try
        {
            var (format, data) = ReadAttestation(attestationObject);
            if (format is not ("none" or "packed")) return "another attestation format than none or packed";
            if (data.Length <= IdLengthAt + 2 || (data[FlagsAt] & HasCredential) == 0) return "no credential in the authenticator data";
            var length = BinaryPrimitives.ReadUInt16BigEndian(data.AsSpan(IdLengthAt));
            if (length > 1023 || data.Length <= IdLengthAt + 2 + length) return "a credential id of another length than it says";
            return KeyFlaw(data.AsMemory(IdLengthAt + 2 + length));
        }
        catch (Exception fault) when (fault is CborContentException or InvalidOperationException or OverflowException)
        {
            return "malformed CBOR";
        }
    }

    private static (string Format, byte[] Data) ReadAttestation(byte[] attestationObject)
    {
        var reader = new CborReader(attestationObject, CborConformanceMode.Strict);
        var (format, data) = ("", Array.Empty<byte>());
        reader.ReadStartMap();
        while (reader.PeekState() != CborReaderState.EndMap)
        {
            switch (reader.ReadTextString())
            {
                case "fmt":
                    format = reader.ReadTextString();
                    break;
                case "authData":
                    data = reader.ReadByteString();
                    break;
                default:
                    reader.SkipValue();
                    break;
            }
        }

        reader.ReadEndMap();
        return (format, data);
    }

    // RFC 9053 §2.1, RFC 8812 §2: key type (1) and algorithm (3).
    private static string? KeyFlaw(ReadOnlyMemory<byte> cose)
    {
        var reader = new CborReader(cose, CborConformanceMode.Strict, allowMultipleRootLevelValues: true);
        long? type = null, algorithm = null, curve = null;
        reader.ReadStartMap();
        while (reader.PeekState() != CborReaderState.EndMap)
        {
            switch (reader.ReadInt64())
            {
                case 1:
                    type = reader.ReadInt64();
                    break;
                case 3:
                    algorithm = reader.ReadInt64();
                    break;
                case -1 when reader.PeekState() is CborReaderState.UnsignedInteger or CborReaderState.NegativeInteger:
                    curve = reader.ReadInt64();
                    break;
                default:
                    reader.SkipValue();
                    break;
            }
        }

        return (type, algorithm, curve) is (2, -7, 1) or (3, -257, _) ? null : $"a key of type {type} for algorithm {algorithm}";
    }
}
