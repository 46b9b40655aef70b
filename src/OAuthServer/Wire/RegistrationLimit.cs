using System.Threading.RateLimiting;
using OAuthServer.Keys;
using OAuthServer.Protocol;

namespace OAuthServer.Wire;

/// <summary>
/// How often clients may register: by address, then all together, before anything slow is done for them (RFC 7591 §5). Guessing at
/// registration access tokens is counted by address, too.
/// </summary>
public sealed class RegistrationLimit(Settings settings) : IDisposable
{
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    private readonly PartitionedRateLimiter<string> byAddress = PartitionedRateLimiter.Create<string, string>(address =>
        RateLimitPartition.GetTokenBucketLimiter(address, _ => PerMinute(settings.RegistrationsPerMinute)));
    private readonly FailureLimit guesses = new(settings.FailuresPerSecond, TimeSpan.FromSeconds(1));
    private readonly TokenBucketRateLimiter inAll = new(PerMinute(settings.RegistrationsPerMinuteInAll, AtOnce(settings.RegistrationsPerMinuteInAll)));

    /// <summary>Counts one registration; the refusal when there were too many, else null.</summary>
    public OAuthError? Refusal(RequestContext request)
    {
        using var one = byAddress.AttemptAcquire(FailureLimit.Subscriber(request.Address));
        if (!one.IsAcquired) return TooMany(settings.RegistrationsPerMinute, "from this address");
        using var all = inAll.AttemptAcquire();
        return all.IsAcquired ? null : TooMany(settings.RegistrationsPerMinuteInAll, "from all addresses");
    }

    /// <summary>The refusal when this address guessed wrong too often, else null.</summary>
    public OAuthError? GuessRefusal(RequestContext request) =>
        guesses.Exhausted(FailureLimit.Subscriber(request.Address)) ? OAuthError.SlowDown("too many wrong registration access tokens from this address", guesses.RetryAfter) : null;

    /// <summary>One more wrong token.</summary>
    public void CountGuess(RequestContext request) => guesses.Count(FailureLimit.Subscriber(request.Address));

    private static OAuthError TooMany(int most, string where) =>
        OAuthError.SlowDown($"more than {most} registrations a minute {where}", (int)Math.Ceiling(Minute.TotalSeconds / most));

    // Ten seconds' worth, which everybody else's requests hardly feel; an address may come with a minute's worth at once.
    private static int AtOnce(int most) => Math.Max(20, most / 6);

    private static TokenBucketRateLimiterOptions PerMinute(int most, int mostAtOnce = int.MaxValue) => new()
    {
        TokenLimit = Math.Min(most, mostAtOnce),
        TokensPerPeriod = 1,
        ReplenishmentPeriod = Minute / most,
        AutoReplenishment = true,
        QueueLimit = 0,
    };

    public void Dispose()
    {
        byAddress.Dispose();
        guesses.Dispose();
        inAll.Dispose();
    }
}
