namespace OAuthServer.Test.Support;

/// <summary>The real clock, which a test may move forward.</summary>
public sealed class Clock : TimeProvider
{
    private long ahead;

    public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + TimeSpan.FromTicks(Interlocked.Read(ref ahead));

    public void Travel(TimeSpan by) => Interlocked.Add(ref ahead, by.Ticks);
}
