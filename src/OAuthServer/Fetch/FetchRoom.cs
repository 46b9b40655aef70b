namespace OAuthServer.Fetch;

/// <summary>What fetches documents of others.</summary>
public static class FetchRoom
{
    extension(IServiceCollection services)
    {
        public void AddFetch()
        {
            services.AddSingleton(Network.OfTheSystem);
            services.AddSingleton<Fetcher>();
            services.AddSingleton<KeySets>();
            services.AddSingleton<FetchedKeys>();
        }
    }
}
