namespace OAuthServer.Stores.Postgres;

/// <summary>
/// How long the request under way may still wait for PostgreSQL, all in all: for a place in the pool, statements and grouped writes.
/// Waiting past it is a <see cref="TimeoutException"/>, though what was sent may yet be done. Loops and commands have none.
/// </summary>
public sealed class DatabaseBudget
{
    /// <summary>
    /// What one request may spend: an answer is there within three seconds, also where many give up at the same moment on two cores.
    /// </summary>
    public static readonly TimeSpan OfOneRequest = TimeSpan.FromSeconds(1.75);

    private static readonly AsyncLocal<DatabaseBudget?> OfThisRequest = new();
    private long left = OfOneRequest.Ticks;

    /// <summary>From here on the caller's flow has a budget of its own.</summary>
    public static void Begin() => OfThisRequest.Value = new DatabaseBudget();

    /// <summary>The result of work that waits for PostgreSQL; late work goes on by itself and is not listened to.</summary>
    internal static async Task<T> WaitAsync<T>(Task<T> work)
    {
        if (work.IsCompleted) return await work;
        if (OfThisRequest.Value is not { } budget) return await work;
        var began = TimeProvider.System.GetTimestamp();
        try
        {
            return await work.WaitAsync(budget.LeftOf(null));
        }
        catch (TimeoutException) when (!work.IsCompleted)
        {
            MakeRoom();
            _ = work.ContinueWith(late => _ = late.Exception, CancellationToken.None,
                TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
            throw;
        }
        finally
        {
            budget.Spend(began);
        }
    }

    /// <summary>The request under way waits from now on, for something that ends by itself when it takes too long.</summary>
    internal static DatabaseWait BeginWait() => new(OfThisRequest.Value, TimeProvider.System.GetTimestamp());

    /// <summary>What the request under way may still wait.</summary>
    /// <param name="most">A limit beside it.</param>
    internal static TimeSpan Left(TimeSpan most) => OfThisRequest.Value?.LeftOf(most) ?? most;

    /// <summary>
    /// Opens something within the budget: the token it gets is cancelled when the budget is spent, which is a
    /// <see cref="TimeoutException"/> too.
    /// </summary>
    internal static async ValueTask<T> OpenAsync<T>(Func<CancellationToken, ValueTask<T>> open, CancellationToken cancel)
    {
        if (OfThisRequest.Value is not { } budget) return await open(cancel);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(budget.LeftOf(null));
        var began = TimeProvider.System.GetTimestamp();
        try
        {
            return await open(limit.Token);
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            MakeRoom();
            throw new TimeoutException("no connection to PostgreSQL in time");
        }
        finally
        {
            budget.Spend(began);
        }
    }

    private TimeSpan LeftOf(TimeSpan? most)
    {
        var ours = TimeSpan.FromTicks(Math.Max(0, Interlocked.Read(ref left)));
        return most < ours ? most.Value : ours;
    }

    internal void Spend(long began) => Interlocked.Add(ref left, -TimeProvider.System.GetElapsedTime(began).Ticks);

    // Npgsql calls off a late statement synchronously: a second connection and a blocking read on it, up to its Timeout. When
    // PostgreSQL hangs, each pooled connection holds a thread for that long, and the pool begins with one per core: endpoints that
    // need no database would wait for a thread.
    internal static void MakeRoom()
    {
        ThreadPool.GetMinThreads(out var workers, out var others);
        if (workers < Database.MostConnections) ThreadPool.SetMinThreads(Database.MostConnections, others);
    }
}

/// <summary>A wait under way.</summary>
/// <param name="Budget">Whose time it takes; null: nobody's.</param>
internal readonly record struct DatabaseWait(DatabaseBudget? Budget, long Began)
{
    /// <summary>What it took is spent.</summary>
    public void End() => Budget?.Spend(Began);
}
