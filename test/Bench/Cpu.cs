using System.Globalization;

namespace OAuthServer.Bench;

/// <summary>CPU time from /proc, the steadiest figure on a machine that others use too. It counts in hundredths of a second.</summary>
internal static class Cpu
{
    private const double TicksPerSecond = 100;

    private static double Of(int process) => Read(process) is { } stat ? stat.Own / TicksPerSecond : 0;

    /// <summary>Seconds of all our children that have ended. One that ends between two calls is their difference.</summary>
    public static double OfEndedChildren() => Read(Environment.ProcessId) is { } stat ? stat.EndedChildren / TicksPerSecond : 0;

    /// <summary>Seconds of a process, such as a postmaster, of the children it has now, and of those that have ended.</summary>
    public static double OfFamily(int parent)
    {
        while (true)
        {
            var children = Children(parent);
            var alive = children.Sum(Of);
            if (Read(parent) is not { } stat) return 0;
            // One that ended in between would be counted twice.
            if (Children(parent).SequenceEqual(children)) return alive + (stat.Own + stat.EndedChildren) / TicksPerSecond;
        }
    }

    /// <summary>Seconds in which the whole machine worked, and seconds it could have.</summary>
    public static (double Busy, double Possible) OfMachine()
    {
        // user nice system idle iowait irq softirq steal; guests are in user already.
        var fields = File.ReadLines("/proc/stat").First().Split(' ', StringSplitOptions.RemoveEmptyEntries)[1..9];
        var ticks = fields.Select(field => double.Parse(field, CultureInfo.InvariantCulture) / TicksPerSecond).ToArray();
        return (ticks.Sum() - ticks[3] - ticks[4], ticks.Sum());
    }

    /// <summary>Resident memory in MB.</summary>
    public static double ResidentMegabytes(int process)
    {
        var line = File.ReadLines($"/proc/{process}/status").Single(line => line.StartsWith("VmRSS:", StringComparison.Ordinal));
        return double.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) / 1024;
    }

    private static int[] Children(int parent) =>
    [
        .. Directory.EnumerateDirectories("/proc").Select(Path.GetFileName)
            .Where(name => int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out _))
            .Select(name => int.Parse(name!, CultureInfo.InvariantCulture))
            .Where(process => Read(process)?.Parent == parent).Order(),
    ];

    // The name in parentheses may hold anything; what follows the last of them is separated by single spaces.
    private static Stat? Read(int process)
    {
        try
        {
            var text = File.ReadAllText($"/proc/{process}/stat");
            var fields = text[(text.LastIndexOf(')') + 2)..].Split(' ');
            return new Stat(int.Parse(fields[1], CultureInfo.InvariantCulture), Ticks(11) + Ticks(12), Ticks(13) + Ticks(14));

            long Ticks(int field) => long.Parse(fields[field], CultureInfo.InvariantCulture);
        }
        catch (IOException)
        {
            return null;
        }
    }

    private sealed record Stat(int Parent, long Own, long EndedChildren);
}
