using OAuthServer.Protocol;

namespace OAuthServer.Maintenance;

/// <summary>What keeps the database small.</summary>
public static class MaintenanceRoom
{
    extension(IServiceCollection services)
    {
        public void AddMaintenance()
        {
            services.AddSingleton<AuditPartitions>();
            services.AddSingleton<Retention>();
            services.AddSingleton<StandingFigures>();
            services.AddLoop<StandingFigures>((loop, cancel) => loop.RunAsync(cancel));
            services.AddLoop<Retention>((loop, cancel) => loop.RunAsync(cancel));
        }
    }
}
