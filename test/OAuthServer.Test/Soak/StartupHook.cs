using System.Globalization;

/// <summary>
/// Loaded into the server's process by DOTNET_STARTUP_HOOKS, which looks for this name in no namespace: writes once a second what
/// the process knows of its own memory, in bytes, to the file SOAK_MEMORY_FILE. The server itself has no code for it.
/// </summary>
internal static class StartupHook
{
    public static void Initialize()
    {
        if (Environment.GetEnvironmentVariable("SOAK_MEMORY_FILE") is not { Length: > 0 } file) return;
        new Thread(() => Write(file)) { IsBackground = true, Name = "soak" }.Start();
    }

    private static void Write(string file)
    {
        while (true)
        {
            var memory = GC.GetGCMemoryInfo();
            var words =
                string.Create(CultureInfo.InvariantCulture,
                    $"{memory.HeapSizeBytes} {memory.TotalCommittedBytes} {GC.CollectionCount(2)} {ThreadPool.ThreadCount}");
            File.WriteAllText(file + ".new", words);
            File.Move(file + ".new", file, overwrite: true);
            Thread.Sleep(1000);
        }
    }
}
