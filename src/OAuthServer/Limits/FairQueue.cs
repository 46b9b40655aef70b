namespace OAuthServer.Limits;

/// <summary>What a slow hash is for. Each lane has its turn while somebody waits in it, so none can take the cores from the
/// others.</summary>
public enum HashLane
{
    /// <summary>Sign-in and passwords.</summary>
    People,

    /// <summary>Client authentication.</summary>
    Clients,

    /// <summary>Hashes of secrets this server makes.</summary>
    Secrets,
}

/// <summary>
/// Turns at a few places, the lanes in rotation and each lane fair by address: start-time fair queueing, one turn a hash. Failures
/// put an address further back, so that who guesses is served after who does not; where nobody else waits, it costs nothing.
/// </summary>
/// <param name="places">How many run at once.</param>
/// <param name="mostWaiting">How many wait in one lane; past that, the one who would be served last is refused.</param>
public sealed class FairQueue(int places, int mostWaiting)
{
    // Forty addresses with a wrong secret every three seconds leave a new address behind one or two of them.
    private const int TurnsPerFailure = 16;
    internal const int MostAddresses = 10_000;

    private readonly Lane[] lanes = [.. Enum.GetValues<HashLane>().Select(_ => new Lane())];
    private readonly Lock gate = new();
    private int free = places;
    private int lastServed;

    /// <summary>True: a place is taken, to be given back by <see cref="Release"/>. False: it was not to be had in time.</summary>
    public async Task<bool> TakeAsync(HashLane lane, string address, TimeSpan patience, CancellationToken cancel)
    {
        var turn = new Turn();
        lock (gate)
        {
            if (free > 0)
            {
                free--;
                return true;
            }

            if (patience <= TimeSpan.Zero || !lanes[(int)lane].Admit(turn, address, mostWaiting)) return false;
        }

        try
        {
            return await turn.Served.Task.WaitAsync(patience, cancel);
        }
        catch (TimeoutException) when (!Leaves(lane, turn))
        {
            // Served, or sent away, in this very moment.
            return await turn.Served.Task;
        }
        catch (TimeoutException)
        {
            return false;
        }
        catch (OperationCanceledException) when (!Leaves(lane, turn))
        {
            return await turn.Served.Task;
        }
    }

    private bool Leaves(HashLane lane, Turn turn)
    {
        lock (gate) return lanes[(int)lane].Leave(turn);
    }

    /// <summary>The place is free for the next one.</summary>
    public void Release()
    {
        lock (gate)
        {
            for (var i = 1; i <= lanes.Length; i++)
            {
                var lane = (lastServed + i) % lanes.Length;
                if (lanes[lane].Next() is not { } next) continue;
                lastServed = lane;
                next.Served.SetResult(true);
                return;
            }

            free++;
        }
    }

    /// <summary>How many wait in a lane.</summary>
    public int Waiting(HashLane lane)
    {
        lock (gate) return lanes[(int)lane].Waiting;
    }

    /// <summary>One more failure of this address.</summary>
    public void Failed(HashLane lane, string address)
    {
        lock (gate) lanes[(int)lane].PutBack(address, TurnsPerFailure);
    }

    private sealed class Turn
    {
        public long Tag { get; set; }

        public TaskCompletionSource<bool> Served { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    // Tags count turns: an address's next one is after its last, and never before what is being served.
    private sealed class Lane
    {
        private readonly List<Turn> waiting = [];
        private readonly Cache<string, long> tags = new(MostAddresses);
        private long served;

        public int Waiting => waiting.Count;

        public bool Admit(Turn turn, string address, int most)
        {
            turn.Tag = After(address) + 1;
            if (waiting.Count >= most)
            {
                var last = waiting.MaxBy(other => other.Tag)!;
                if (last.Tag <= turn.Tag) return false;
                waiting.Remove(last);
                last.Served.SetResult(false);
            }

            tags.Set(address, turn.Tag);
            waiting.Add(turn);
            return true;
        }

        public bool Leave(Turn turn) => waiting.Remove(turn);

        public Turn? Next()
        {
            if (waiting.MinBy(turn => turn.Tag) is not { } next) return null;
            waiting.Remove(next);
            served = Math.Max(served, next.Tag);
            return next;
        }

        public void PutBack(string address, int turns) => tags.Set(address, After(address) + turns);

        private long After(string address) => Math.Max(served, tags.TryGet(address, out var tag) ? tag : 0);
    }
}
