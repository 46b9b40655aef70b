using OAuthServer.Clients;

namespace OAuthServer.Authorization;

/// <summary>
/// How long a person lets an app in: an hour, a day, a month, or the longest the operator allows it. No refresh passes the end
/// that was chosen.
/// </summary>
/// <param name="Key">What the form posts.</param>
public sealed record GrantDuration(string Key, TimeSpan Length)
{
    /// <summary>The key of the longest, which is what is chosen when nothing was.</summary>
    public const string Longest = "longest";

    private static readonly GrantDuration[] Shorter =
        [new("hour", TimeSpan.FromHours(1)), new("day", TimeSpan.FromDays(1)), new("month", TimeSpan.FromDays(30))];

    /// <summary>What this client's people can choose from, the longest last.</summary>
    public static GrantDuration[] For(Client client)
    {
        var most = TimeSpan.FromSeconds(client.Row.RefreshTokenSeconds);
        return [.. Shorter.Where(one => one.Length < most), new(Longest, most)];
    }
}
