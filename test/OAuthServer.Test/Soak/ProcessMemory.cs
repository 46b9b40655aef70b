using System.Globalization;

namespace OAuthServer.Test.Soak;

/// <summary>The memory of a process at one moment, in MiB.</summary>
/// <param name="Resident">All that is in memory (VmRSS).</param>
/// <param name="Anonymous">The part of it that no file stands behind (RssAnon).</param>
/// <param name="Heap">The managed heap after the last collection.</param>
/// <param name="Committed">What the garbage collector holds of the system's memory.</param>
public sealed record ProcessMemory(double Resident, double Anonymous, double Heap, double Committed, int FullCollections, int PoolThreads)
{
    private const double Mebibyte = 1024 * 1024;

    /// <param name="file">What <see cref="StartupHook"/> wrote.</param>
    public static ProcessMemory Of(int process, string file)
    {
        var status = File.ReadAllLines($"/proc/{process}/status");
        var own = File.ReadAllText(file).Split(' ').Select(word => long.Parse(word, CultureInfo.InvariantCulture)).ToArray();
        return new ProcessMemory(Kibibytes("VmRSS:") / 1024, Kibibytes("RssAnon:") / 1024, own[0] / Mebibyte, own[1] / Mebibyte,
            (int)own[2], (int)own[3]);

        double Kibibytes(string name) =>
            double.Parse(Array.Find(status, line => line.StartsWith(name, StringComparison.Ordinal))!.Split(' ',
                StringSplitOptions.RemoveEmptyEntries)[^2], CultureInfo.InvariantCulture);
    }
}
