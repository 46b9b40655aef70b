using System.Threading.RateLimiting;
using OAuthServer.Protocol;

namespace OAuthServer.Limits;

/// <summary>
/// How often new clients may be made: by address, then all together, before anything slow is done for them (RFC 7591 §5).
/// Registrations and client id documents seen for the first time have one of these each: a flood of the one leaves the other room.
/// </summary>
public sealed class NewClientLimit(Settings settings, string what) : IDisposable
{
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    private readonly AddressLimit byAddress = new(settings.RegistrationsPerMinute, what);
    private readonly TokenBucketRateLimiter inAll = new(
        Bucket.Of(settings.RegistrationsPerMinuteInAll, Minute, AtOnce(settings.RegistrationsPerMinuteInAll)));

    /// <summary>Counts one new client; the refusal when there were too many, else null.</summary>
    public OAuthError? Refusal(string address)
    {
        if (byAddress.Refusal(address) is { } tooMany) return tooMany;
        using var all = inAll.AttemptAcquire();
        var most = settings.RegistrationsPerMinuteInAll;
        return all.IsAcquired
            ? null
            : OAuthError.SlowDown($"more than {most} {what} a minute from all addresses", (int)Math.Ceiling(Minute.TotalSeconds / most));
    }

    // Ten seconds' worth, which everybody else's requests hardly feel; an address may come with a minute's worth at once.
    private static int AtOnce(int most) => Math.Max(20, most / 6);

    public void Dispose()
    {
        byAddress.Dispose();
        inAll.Dispose();
    }
}
