namespace OAuthServer.Fetch;

/// <summary>What fetches client id documents.</summary>
public static class FetchRoom
{
    extension(IServiceCollection services)
    {
        public void AddFetch()
        {
            services.AddSingleton(Network.OfTheSystem);
            services.AddSingleton<Fetcher>();
        }
    }
}
