namespace OAuthServer.Stores.Postgres;

/// <summary>
/// Statements about one row each that may have to wait for it: each alone on a connection, a few at a time, and never two about the
/// same row. A row that somebody's open transaction holds (a forgotten <c>begin</c>, say) costs one place for two seconds, and delays
/// nobody who is about another row.
/// </summary>
public sealed class RowQueue : IDisposable
{
    /// <summary>A condition for a statement's <c>where</c>: it gives up (55P03) what it would wait for longer than @patience.</summary>
    internal const string Patience = "(select set_config('lock_timeout', @patience, true)) is not null";

    private const int MostAtOnce = 4;
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(2);

    // Before its request is answered with 503: what nobody waits for any more must not be done.
    private static readonly TimeSpan Margin = TimeSpan.FromMilliseconds(500);

    private readonly SemaphoreSlim places = new(MostAtOnce);
    private readonly Dictionary<Guid, Line> lines = [];

    /// <summary>Runs the statement when it is its turn; waiting counts against the request's <see cref="DatabaseBudget"/>.</summary>
    /// <param name="statement">Gets @patience, a lock_timeout that ends before the request does.</param>
    public async Task<T> RunAsync<T>(Guid row, Func<string, Task<T>> statement)
    {
        var line = Join(row);
        try
        {
            await EnterAsync(line.Turn);
            try
            {
                await EnterAsync(places);
                try { return await statement($"{Math.Max(1, (int)(DatabaseBudget.Left(Longest) - Margin).TotalMilliseconds)}ms"); }
                finally { places.Release(); }
            }
            finally
            {
                line.Turn.Release();
            }
        }
        finally
        {
            Leave(row, line);
        }
    }

    public void Dispose() => places.Dispose();

    private static async Task EnterAsync(SemaphoreSlim door) => await DatabaseBudget.OpenAsync(async cancel =>
    {
        await door.WaitAsync(cancel);
        return true;
    }, CancellationToken.None);

    private Line Join(Guid row)
    {
        lock (lines)
        {
            if (!lines.TryGetValue(row, out var line)) lines[row] = line = new Line();
            line.Length++;
            return line;
        }
    }

    private void Leave(Guid row, Line line)
    {
        lock (lines)
        {
            if (--line.Length > 0) return;
            lines.Remove(row);
        }

        line.Turn.Dispose();
    }

    private sealed class Line
    {
        public int Length { get; set; }

        public SemaphoreSlim Turn { get; } = new(1);
    }
}
