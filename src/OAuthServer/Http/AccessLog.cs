using System.ComponentModel;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Threading.Channels;
using Microsoft.Win32.SafeHandles;
using OAuthServer.Protocol;

namespace OAuthServer.Http;

/// <summary>
/// A line per request: time, method, path without query, status, milliseconds, address, request id. Never blocks a request: when
/// the disk cannot follow, lines are dropped and counted. The file is opened anew for what waits at the same moment, so that it may
/// be renamed or truncated at any time, and several servers may share it.
/// </summary>
public sealed partial class AccessLog(Settings settings, TimeProvider time, ILogger<AccessLog> log)
{
    // open(2) on Linux: O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC; rw-r-----, for it holds addresses of people. FileMode.Append
    // begins at the end and writes on from there: after a truncation that leaves a hole.
    private const int AppendFlags = 0x1 | 0x40 | 0x400 | 0x80000;
    private const int MostInOneWrite = 1000;
    private const int Mode = 0b110_100_000;

    private readonly Channel<string> lines = Channel.CreateBounded<string>(
        new BoundedChannelOptions(10_000) { SingleReader = true, FullMode = BoundedChannelFullMode.Wait });
    private long dropped;

    /// <summary>Whether a file is set at all.</summary>
    public bool Enabled => settings.AccessLogFile.Length > 0;

    /// <summary>Notes one request after its answer.</summary>
    public void Add(HttpContext http, TimeSpan took)
    {
        var line = string.Create(CultureInfo.InvariantCulture,
            $"{time.GetUtcNow():yyyy-MM-ddTHH:mm:ss.fffZ} {http.Request.Method} {Printable(http.Request.PathBase + http.Request.Path)} "
                + $"{http.Response.StatusCode} {took.TotalMilliseconds:0.0} {http.Context().Address} {http.TraceIdentifier}");
        if (!lines.Writer.TryWrite(line)) Interlocked.Increment(ref dropped);
    }

    /// <summary>Writes lines to the file until <paramref name="cancel"/>, then what is left.</summary>
    public async Task RunAsync(CancellationToken cancel)
    {
        if (!Enabled) return;
        await using var stop = cancel.Register(() => lines.Writer.TryComplete());
        while (await lines.Reader.WaitToReadAsync(CancellationToken.None))
        {
            var taken = 0;
            try
            {
                await using var file = new FileStream(Open(settings.AccessLogFile), FileAccess.Write, bufferSize: 0);
                // One write for many lines; each write begins at the end the file has then.
                var waiting = new StringBuilder();
                for (; taken < MostInOneWrite && lines.Reader.TryRead(out var line); taken++) waiting.Append(line).Append('\n');
                await file.WriteAsync(Encoding.UTF8.GetBytes(waiting.ToString()), CancellationToken.None);
            }
            catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
            {
                log.LogWarning("The access log cannot be written ({Reason}); {Dropped} lines lost so far",
                    fault.Message, Interlocked.Add(ref dropped, taken));
                if (cancel.IsCancellationRequested) return;
                await Task.Delay(TimeSpan.FromSeconds(1), CancellationToken.None);
            }
        }
    }

    private static SafeFileHandle Open(string file)
    {
        var handle = OpenFile(file, AppendFlags, Mode);
        if (!handle.IsInvalid) return handle;
        using (handle) throw new IOException($"{file}: {new Win32Exception(Marshal.GetLastPInvokeError()).Message}");
    }

    [LibraryImport("libc.so.6", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial SafeFileHandle OpenFile(string path, int flags, int mode);

    private static string Printable(string path) =>
        string.Concat(path.Take(200).Select(character => character is > ' ' and < '\x7f' ? character : '?'));
}

/// <summary>Puts <see cref="AccessLog"/> around all that follows.</summary>
public static class AccessLogging
{
    public static void UseAccessLog(this WebApplication app)
    {
        var log = app.Services.GetRequiredService<AccessLog>();
        var time = app.Services.GetRequiredService<TimeProvider>();
        if (!log.Enabled) return;
        app.Use(async (http, next) =>
        {
            var began = time.GetTimestamp();
            try { await next(http); }
            finally { log.Add(http, time.GetElapsedTime(began)); }
        });
    }
}
