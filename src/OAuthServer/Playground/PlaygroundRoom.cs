namespace OAuthServer.Playground;

/// <summary>The playground.</summary>
public static class PlaygroundRoom
{
    extension(IServiceCollection services)
    {
        public void AddPlayground()
        {
            services.AddSingleton<Walkthroughs>();
            services.AddSingleton<Caller>();
            services.AddSingleton<PlaygroundEndpoint>();
        }
    }
}
