namespace OAuthServer.Test.Support;

/// <summary>Whether two kinds of answers can be told apart by how long they take.</summary>
public static class Timing
{
    /// <summary>
    /// How often one of the one kind takes longer than one of the other, or the other way round: from a half, where nothing tells them
    /// apart, to 1.
    /// </summary>
    public static double Separation(IReadOnlyCollection<double> some, IReadOnlyCollection<double> others)
    {
        var later = some.Sum(one => others.Count(other => one > other) + (0.5 * others.Count(other => one == other)));
        var share = later / ((double)some.Count * others.Count);
        return Math.Max(share, 1 - share);
    }
}
