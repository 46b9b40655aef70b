using System.Runtime.CompilerServices;

namespace OAuthServer.Diagnosis;

/// <summary>
/// Examines an authorization server from outside, ours or another: every family of checks in its order. It reads no settings and no
/// database, and writes nothing on the server but a throwaway client, when a sign-in is given.
/// </summary>
internal static class Doctor
{
    /// <summary>The findings as they come. It ends in time, whatever the server does.</summary>
    public static async IAsyncEnumerable<Finding> ExamineAsync(
        DoctorOptions options, TimeProvider time, [EnumeratorCancellation] CancellationToken cancel)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        deadline.CancelAfter(options.InAll);
        using var it = new Examination(options, time);
        await using var findings = FamiliesAsync(it, deadline.Token).GetAsyncEnumerator(CancellationToken.None);
        while (true)
        {
            bool isOver;
            try
            {
                if (!await findings.MoveNextAsync()) yield break;
                isOver = false;
            }
            catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
            {
                isOver = true;
            }

            if (isOver)
            {
                yield return Finding.Fail("doctor.time", $"not everything could be examined within {options.InAll.TotalSeconds:0} s",
                    "Look why the server answers so slowly, and run it again");
                yield break;
            }

            yield return findings.Current;
        }
    }

    private static async IAsyncEnumerable<Finding> FamiliesAsync(Examination it, [EnumeratorCancellation] CancellationToken cancel)
    {
        await foreach (var finding in TlsChecks.RunAsync(it, cancel)) yield return finding;
        await foreach (var finding in DiscoveryChecks.RunAsync(it, cancel)) yield return finding;
        if (it.First is { } answer) yield return ClockChecks.Run(answer);
        if (it.Metadata is not { } metadata)
        {
            yield return Finding.Skipped("doctor.rest", "without metadata nothing else can be examined");
            yield break;
        }

        foreach (var finding in MetadataChecks.Run(it, metadata)) yield return finding;
        await foreach (var finding in KeyChecks.RunAsync(it, metadata, cancel)) yield return finding;
        await foreach (var finding in CrossOriginChecks.RunAsync(it, metadata, cancel)) yield return finding;
        await foreach (var finding in PageChecks.RunAsync(it, metadata, cancel)) yield return finding;
        await foreach (var finding in EndpointChecks.RunAsync(it, metadata, cancel)) yield return finding;
        await foreach (var finding in FlowChecks.RunAsync(it, metadata, cancel)) yield return finding;
    }
}
