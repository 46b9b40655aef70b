using FluentAssertions;

namespace OAuthServer.Test.Support;

/// <summary>What an edit by SQL promises: it takes effect by itself, soon.</summary>
public static class Eventually
{
    public static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    /// <summary>Asks again and again, a second long at most unless said otherwise, until it is so.</summary>
    public static async Task BecomesTrueAsync(Func<Task<bool>> question, TimeSpan? within = null, string because = "")
    {
        var patience = TimeProvider.System.GetTimestamp();
        while (!await question())
        {
            TimeProvider.System.GetElapsedTime(patience).Should().BeLessThan(within ?? Second, because);
            await Task.Delay(10);
        }
    }
}
