using System.Security.Cryptography;
using System.Text;
using OAuthServer.Grants;
using OAuthServer.Html;
using OAuthServer.Keys;
using OAuthServer.Limits;
using OAuthServer.Protocol;
using OAuthServer.Stores.Grants;

namespace OAuthServer.Authorization.Device;

/// <summary>
/// Typed codes, wrong ones counted (RFC 8628 §5.1): 5 of a session in ten minutes, 10 of a person in an hour, 10 of an address in a minute.
/// A right one resets none. There is no count of everybody's: whoever filled it would lock everybody out.
/// </summary>
public sealed class DeviceAttempts(DeviceAttemptStore store, KeyEncryption keys)
{
    /// <summary>The request whose code this is; one refusal for wrong, expired and used codes.</summary>
    public async Task<Result<DeviceRequestRow>> TryAsync(string typed, PageRequest page)
    {
        var (now, session) = (page.Context.At, page.Session);
        AttemptCount[] counts =
        [
            new(Key("session", session.IdHash), 5, TimeSpan.FromMinutes(10)),
            new(Key("person", session.Subject.ToByteArray()), 10, TimeSpan.FromHours(1)),
            new(Key("address", Encoding.UTF8.GetBytes(AddressLimit.Subscriber(page.Context.Address))), 10, TimeSpan.FromMinutes(1)),
        ];
        var attempt = await store.TryAsync(UserCode.Read(typed)?.Macs(keys) ?? [], counts, now);
        if (attempt.PausedUntil is { } until)
            return OAuthError.SlowDown("too many wrong user codes", Math.Max(1, (int)Math.Ceiling((until - now).TotalSeconds)));
        return attempt.Request is { } request ? request
            : OAuthError.InvalidRequest("This code does not work", "no device waits with this user code", "RFC 8628 §3.3",
                "the code of a device that waits", UserCode.Read(typed) is null ? "what cannot be a code" : "another code");
    }

    private static byte[] Key(string kind, byte[] what) => SHA256.HashData([.. Encoding.ASCII.GetBytes(kind + ' '), .. what]);
}
