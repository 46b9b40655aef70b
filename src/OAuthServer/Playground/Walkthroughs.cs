using System.Collections.Immutable;

namespace OAuthServer.Playground;

/// <summary>How far one browser has come in the playground, and the tokens it has there.</summary>
public sealed record Walkthrough
{
    public static Walkthrough New { get; } = new();

    /// <summary>What each stage sent and got, by its key.</summary>
    public ImmutableDictionary<string, ImmutableList<Exchange>> Exchanges { get; private init; } = ImmutableDictionary<string,
        ImmutableList<Exchange>>.Empty;

    /// <summary>The authorization request that is under way.</summary>
    public Pending? Pending { get; init; }

    /// <summary>The refresh token of the code flow, which is exchanged once and then stolen.</summary>
    public string? First { get; init; }

    /// <summary>Its successor.</summary>
    public string? Second { get; init; }

    /// <summary>The machine's access token.</summary>
    public string? Machine { get; init; }

    /// <summary>When it ends.</summary>
    public DateTimeOffset MachineEnds { get; init; }

    /// <summary>Stages that went as promised.</summary>
    public string[] Done =>
        [.. Stages.All.Where(stage => Exchanges.TryGetValue(stage, out var exchanges) && exchanges.TrueForAll(exchange => exchange.Fits))];

    /// <summary>With what a stage sent and got; what stood on an earlier run of it is forgotten.</summary>
    public Walkthrough With(string stage, params ImmutableList<Exchange> exchanges) => this with
    {
        Exchanges = (stage == Stages.Person ? Exchanges.Remove(Stages.Refresh).Remove(Stages.Replay)
            : stage == Stages.Machine ? Exchanges.Remove(Stages.Revoke)
            : Exchanges).SetItem(stage, exchanges),
    };

    /// <summary>The stage whose tokens this one lacks, or null.</summary>
    public string? Missing(string stage, DateTimeOffset now) => stage switch
    {
        Stages.Refresh when First is null => Stages.Person,
        Stages.Replay when Second is null => Stages.Refresh,
        Stages.Revoke when Machine is null || MachineEnds <= now => Stages.Machine,
        _ => null,
    };
}

/// <summary>An authorization request the browser has left with.</summary>
public sealed record Pending(PlaygroundRequest Request, string State, string Verifier, DateTimeOffset At);

/// <summary>
/// The walkthroughs of all browsers, by the hash of the browser's cookie. In memory only, and bounded: half an hour after the last step
/// a walkthrough is forgotten, and the oldest one when there are too many.
/// </summary>
public sealed class Walkthroughs(TimeProvider time)
{
    /// <summary>How long a walkthrough is kept after its last step.</summary>
    public static readonly TimeSpan GrantDuration = TimeSpan.FromMinutes(30);

    /// <summary>How many are kept at once.</summary>
    public const int Most = 100;

    private readonly Lock gate = new();
    private readonly Dictionary<string, (Walkthrough Walkthrough, DateTimeOffset Until)> known = new(StringComparer.Ordinal);

    /// <summary>The browser's walkthrough; a new one when it has none.</summary>
    public Walkthrough Find(byte[]? browser)
    {
        if (browser is null) return Walkthrough.New;
        lock (gate) return known.TryGetValue(Key(browser), out var one) && one.Until > time.GetUtcNow() ? one.Walkthrough : Walkthrough.New;
    }

    public void Keep(byte[] browser, Walkthrough walkthrough)
    {
        var now = time.GetUtcNow();
        lock (gate)
        {
            foreach (var (key, one) in known)
                if (one.Until <= now)
                    known.Remove(key);
            known[Key(browser)] = (walkthrough, now + GrantDuration);
            if (known.Count > Most) known.Remove(known.MinBy(one => one.Value.Until).Key);
        }
    }

    public void Forget(byte[] browser)
    {
        lock (gate) known.Remove(Key(browser));
    }

    private static string Key(byte[] browser) => Convert.ToHexString(browser);
}
