namespace OAuthServer.Test.ResourceServer;

/// <summary>A clock whose timestamps travel; the server's own goes on as ever.</summary>
internal sealed class TravellingTime : TimeProvider
{
    private long ahead;

    public void Travel(TimeSpan by) => Interlocked.Add(ref ahead, by.Ticks);

    // The time of day stays, so that tokens do not expire meanwhile.
    public override long GetTimestamp() => System.GetTimestamp() + (long)(
        TimeSpan.FromTicks(Interlocked.Read(ref ahead)).TotalSeconds * System.TimestampFrequency);
}
