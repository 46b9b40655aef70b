using System.Globalization;
using System.Threading.Channels;
using OAuthServer.Protocol;

namespace OAuthServer.Wire;

/// <summary>
/// A line per request: time, method, path without query, status, milliseconds, address, request id. Never blocks a request: when
/// the disk cannot follow, lines are dropped and counted.
/// </summary>
public sealed class AccessLog(Settings settings, TimeProvider time, ILogger<AccessLog> log)
{
    private readonly Channel<string> lines = Channel.CreateBounded<string>(new BoundedChannelOptions(10_000) { SingleReader = true, FullMode = BoundedChannelFullMode.Wait });
    private long dropped;

    /// <summary>Whether a file is set at all.</summary>
    public bool Enabled => settings.AccessLogFile.Length > 0;

    /// <summary>Notes one request after its answer.</summary>
    public void Add(HttpContext http, TimeSpan took)
    {
        var line = string.Create(CultureInfo.InvariantCulture,
            $"{time.GetUtcNow():yyyy-MM-ddTHH:mm:ss.fffZ} {http.Request.Method} {Printable(http.Request.PathBase + http.Request.Path)} {http.Response.StatusCode} {took.TotalMilliseconds:0.0} {http.Context().Address} {http.TraceIdentifier}");
        if (!lines.Writer.TryWrite(line)) Interlocked.Increment(ref dropped);
    }

    /// <summary>Writes lines to the file until <paramref name="cancel"/>, then what is left.</summary>
    public async Task RunAsync(CancellationToken cancel)
    {
        if (!Enabled) return;
        await using var stop = cancel.Register(() => lines.Writer.TryComplete());
        StreamWriter? file = null;
        while (await lines.Reader.WaitToReadAsync(CancellationToken.None))
        {
            try
            {
                file ??= new StreamWriter(new FileStream(settings.AccessLogFile, FileMode.Append, FileAccess.Write, FileShare.ReadWrite));
                while (lines.Reader.TryRead(out var line)) await file.WriteLineAsync(line);
                await file.FlushAsync(CancellationToken.None);
            }
            catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
            {
                log.LogWarning("The access log cannot be written ({Reason}); {Dropped} lines lost so far", fault.Message, Interlocked.Read(ref dropped));
                file = null;
                await Task.Delay(TimeSpan.FromSeconds(1), CancellationToken.None);
            }
        }

        if (file is not null) await file.DisposeAsync();
    }

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
