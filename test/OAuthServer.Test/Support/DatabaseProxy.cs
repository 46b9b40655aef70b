using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using Npgsql;

namespace OAuthServer.Test.Support;

/// <summary>
/// The cable between a server and PostgreSQL, which a test may pull: connections break and new ones are refused, as when the
/// database has stopped. It can also swallow answers, or put an error of its own in their place, as poolers do: what was asked is
/// done and committed, and nobody hears of it.
/// </summary>
public sealed class DatabaseProxy : IAsyncDisposable
{
    private readonly ConcurrentDictionary<Socket, byte> open = new();
    private readonly IPEndPoint here;
    private readonly string socket;
    private TcpListener? listener;
    private volatile bool swallowing;
    private volatile byte[]? instead;
    private volatile byte[][] marks = [];

    private DatabaseProxy(string cluster)
    {
        var real = new NpgsqlConnectionStringBuilder(cluster);
        socket = Path.Combine(real.Host!, $".s.PGSQL.{(real.Port == 0 ? 5432 : real.Port)}");
        here = new IPEndPoint(IPAddress.Loopback, TestServer.FreePort());
        Through = new NpgsqlConnectionStringBuilder(cluster)
        {
            Host = "127.0.0.1",
            Port = here.Port,
            Timeout = 30,
            CommandTimeout = 30,
            SslMode = SslMode.Disable
        }.ConnectionString;
    }

    /// <summary>The database as it is reached through the cable.</summary>
    public string Through { get; }

    /// <summary>Answers swallowed so far: each was a round trip PostgreSQL had finished.</summary>
    public int Swallowed { get; private set; }

    /// <summary>A cable to a database, plugged in.</summary>
    public static DatabaseProxy To(string database)
    {
        var cable = new DatabaseProxy(database);
        cable.PlugIn();
        return cable;
    }

    public void PlugIn()
    {
        swallowing = false;
        // The connections tests themselves look through may have died with the cable.
        using (var connection = new NpgsqlConnection(Through)) NpgsqlConnection.ClearPool(connection);
        listener = new TcpListener(here);
        listener.Start();
        _ = AcceptAsync(listener);
    }

    public void Pull()
    {
        listener?.Stop();
        listener = null;
        foreach (var end in open.Keys) end.Dispose();
        open.Clear();
    }

    /// <summary>From now on questions arrive, and the answers are lost together with their connections.</summary>
    /// <param name="to">Only those to questions that hold one of these texts; none: all.</param>
    public void DropResponses(params string[] to) => (marks, swallowing) = (Octets(to), true);

    /// <summary>
    /// From now on questions arrive, and the answers are replaced by this error, after which the connection is ready for more.
    /// </summary>
    /// <param name="to">Only those to questions that hold one of these texts; none: all.</param>
    public void ReplaceAnswers(string severity, string sqlState, params string[] to)
    {
        marks = Octets(to);
        var fields = Encoding.ASCII.GetBytes($"S{severity}\0V{severity}\0C{sqlState}\0Mthe pooler lost its server\0\0");
        byte[] length = [0, 0, 0, (byte)(fields.Length + 4)];
        instead = [(byte)'E', .. length, .. fields, (byte)'Z', 0, 0, 0, 5, (byte)'I'];
    }

    /// <summary>Answers arrive again.</summary>
    public void StopSwallowing() => (swallowing, instead, marks) = (false, null, []);

    public ValueTask DisposeAsync()
    {
        Pull();
        return ValueTask.CompletedTask;
    }

    // An answer ends when its connection is ready for the next question.
    private static bool EndsAnswer(ReadOnlySpan<byte> octets) => octets.Length >= 6 && octets[^6..] is [(byte)'Z', 0, 0, 0, 5, _];

    private static byte[][] Octets(string[] texts) => [.. texts.Select(Encoding.UTF8.GetBytes)];

    private async Task AcceptAsync(TcpListener from)
    {
        try
        {
            while (true)
            {
                var near = await from.AcceptSocketAsync();
                near.NoDelay = true;
                var far = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                open[near] = open[far] = 0;
                await far.ConnectAsync(new UnixDomainSocketEndPoint(socket));
                var question = new Question();
                _ = CopyAsync(near, far, answers: false, question);
                _ = CopyAsync(far, near, answers: true, question);
            }
        }
        catch (Exception fault) when (fault is SocketException or ObjectDisposedException) { }
    }

    private async Task CopyAsync(Socket from, Socket to, bool answers, Question question)
    {
        // Long questions always come in pieces here, not only on a machine that is slow.
        var buffer = new byte[answers ? 32 * 1024 : 1024];
        try
        {
            while (await from.ReceiveAsync(buffer) is > 0 and var length)
            {
                if (!answers) question.Add(buffer.AsSpan(0, length));
                var marked = answers && question.Holds(marks);
                if (marked && swallowing)
                {
                    Swallowed++;
                    break;
                }

                var message = buffer.AsMemory(0, length);
                if (marked && instead is { } error)
                {
                    while (!EndsAnswer(message.Span)) message = buffer.AsMemory(0, await from.ReceiveAsync(buffer));
                    Swallowed++;
                    message = error;
                }

                // Before the last octets leave: what they let the other side ask is the next question.
                if (answers && EndsAnswer(message.Span)) question.Clear();

                for (var sent = 0; sent < message.Length;) sent += await to.SendAsync(message[sent..]);
            }
        }
        catch (Exception fault) when (fault is SocketException or ObjectDisposedException) { }

        foreach (var end in new[] { from, to })
        {
            open.TryRemove(end, out _);
            end.Dispose();
        }
    }

    /// <summary>All that was sent on one connection since its last answer: a long question arrives in several pieces.</summary>
    private sealed class Question
    {
        private readonly List<byte> octets = [];

        public void Add(ReadOnlySpan<byte> piece)
        {
            lock (octets) octets.AddRange(piece);
        }

        public bool Holds(byte[][] marks)
        {
            lock (octets)
            {
                var all = CollectionsMarshal.AsSpan(octets);
                foreach (var mark in marks)
                    if (all.IndexOf(mark) >= 0) return true;
                return marks is [];
            }
        }

        public void Clear()
        {
            lock (octets) octets.Clear();
        }
    }
}
