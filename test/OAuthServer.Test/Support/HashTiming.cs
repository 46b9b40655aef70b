using System.Diagnostics;
using OAuthServer.Keys;

namespace OAuthServer.Test.Support;

/// <summary>Measures what has to be quick: longer on a busy machine, as everything is there.</summary>
public static class HashTiming
{
    /// <summary>How long the slowest hash takes here and now: cost 14, a second or two.</summary>
    public static TimeSpan SlowHash()
    {
        var began = Stopwatch.GetTimestamp();
        SecretHash.Make(Cast.Secret, 14);
        return Stopwatch.GetElapsedTime(began);
    }
}
