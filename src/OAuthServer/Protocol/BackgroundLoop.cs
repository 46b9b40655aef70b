namespace OAuthServer.Protocol;

/// <summary>Work that runs as long as the server does.</summary>
/// <param name="Name">What the log calls it when it dies.</param>
/// <param name="RunAsync">Runs until it is cancelled.</param>
public sealed record BackgroundLoop(string Name, Func<IServiceProvider, CancellationToken, Task> RunAsync);

/// <summary>How a room adds a loop of its own.</summary>
public static class BackgroundLoopServices
{
    extension(IServiceCollection services)
    {
        /// <summary>A loop of <typeparamref name="T"/>, started with the server and stopped after its listener.</summary>
        public void AddLoop<T>(Func<T, CancellationToken, Task> run) where T : notnull =>
            services.AddSingleton(new BackgroundLoop(typeof(T).Name, (provider, cancel) => run(provider.GetRequiredService<T>(), cancel)));
    }
}
