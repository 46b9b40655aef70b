using OAuthServer.Protocol;

namespace OAuthServer.Audit;

/// <summary>The audit log and the loop that writes it.</summary>
public static class AuditRoom
{
    extension(IServiceCollection services)
    {
        public void AddAudit()
        {
            services.AddSingleton<AuditLog>();
            services.AddSingleton<Decisions>();
            services.AddLoop<AuditLog>((loop, cancel) => loop.RunAsync(cancel));
        }
    }
}
