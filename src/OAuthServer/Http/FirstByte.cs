using Microsoft.AspNetCore.Connections;

namespace OAuthServer.Http;

/// <summary>
/// Closes connections that send nothing. Kestrel's own limits leave them open as long as one that is kept alive: its limit for
/// headers begins with their first byte.
/// </summary>
public static class FirstByte
{
    /// <summary>How long a new connection may be silent; behind TLS, after the handshake, which has a limit of its own.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    public static void UseFirstByte(this IConnectionBuilder connections) => connections.Use(next => async connection =>
    {
        var input = connection.Transport.Input;
        using (var late = new Timer(_ => input.CancelPendingRead(), null, Patience, Timeout.InfiniteTimeSpan))
        {
            try
            {
                var first = await input.ReadAsync(connection.ConnectionClosed);
                // Seen and left to those who read on.
                input.AdvanceTo(first.Buffer.Start);
                if (first.IsCanceled || (first.IsCompleted && first.Buffer.IsEmpty)) return;
            }
            catch (Exception fault) when (fault is OperationCanceledException or IOException)
            {
                // It was closed from the other side.
                return;
            }
        }

        await next(connection);
    });
}
