using FluentAssertions;

namespace OAuthServer.Test.Support;

/// <summary>What an edit by SQL promises: it takes effect by itself, soon.</summary>
public static class Eventually
{
    public static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    /// <summary>Asks again and again until it is so. A question asked a second after the edit, unless said otherwise, must not find it undone.</summary>
    public static async Task BecomesTrueAsync(Func<Task<bool>> question, TimeSpan? within = null, string because = "")
    {
        var began = TimeProvider.System.GetTimestamp();
        while (true)
        {
            var asked = TimeProvider.System.GetElapsedTime(began);
            if (await question()) return;
            asked.Should().BeLessThan(within ?? Second, because);
            await Task.Delay(10);
        }
    }
}
