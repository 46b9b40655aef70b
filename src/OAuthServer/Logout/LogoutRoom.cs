using OAuthServer.Fetch;
using OAuthServer.Protocol;
using OAuthServer.Stores.Postgres;
using OAuthServer.Stores.Users;

namespace OAuthServer.Logout;

/// <summary>What tells apps that a sign-in has ended.</summary>
public static class LogoutRoom
{
    extension(IServiceCollection services)
    {
        public void AddLogout()
        {
            services.AddSingleton<LogoutTokens>();
            services.AddSingleton(provider =>
            {
                var deliveries = new LogoutDeliveries(provider.GetRequiredService<LogoutDeliveryStore>(),
                    provider.GetRequiredService<LogoutTokens>(), provider.GetRequiredService<Fetcher>(),
                    provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<ILogger<LogoutDeliveries>>());
                provider.GetRequiredService<Notifications>().Changed += what =>
                {
                    if (what is null or "logout_deliveries") deliveries.Wake();
                };
                return deliveries;
            });
            services.AddLoop<LogoutDeliveries>((loop, cancel) => loop.RunAsync(cancel));
        }
    }
}
