namespace OAuthServer.Protocol;

/// <summary>What a background loop waits between two rounds, unless it is woken: once is enough, however often it is called.</summary>
public sealed class LoopPause
{
    private readonly SemaphoreSlim woken = new(0, 1);

    /// <summary>Ends the pause that is, or the next one.</summary>
    public void End()
    {
        try { woken.Release(); }
        catch (SemaphoreFullException) { }
    }

    /// <summary>Waits for <paramref name="longest"/> at most.</summary>
    public Task WaitAsync(TimeSpan longest, CancellationToken cancel) => woken.WaitAsync(longest, cancel);
}
