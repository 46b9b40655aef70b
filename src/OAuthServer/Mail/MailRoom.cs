using OAuthServer.Protocol;
using OAuthServer.Stores.Mail;
using OAuthServer.Stores.Postgres;

namespace OAuthServer.Mail;

/// <summary>Mail to people: what waits, and what sends it.</summary>
public static class MailRoom
{
    extension(IServiceCollection services)
    {
        public void AddMail()
        {
            services.AddSingleton<Outbox>();
            services.AddSingleton<MailServer>();
            services.AddSingleton<LetterWriter>();
            services.AddSingleton(provider =>
            {
                var sender = new MailSender(provider.GetRequiredService<OutboxStore>(), provider.GetRequiredService<LetterWriter>(),
                    provider.GetRequiredService<MailServer>(), provider.GetRequiredService<Settings>(),
                    provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<ILogger<MailSender>>());
                provider.GetRequiredService<Notifications>().Changed += what =>
                {
                    if (what is null or "mail_outbox") sender.Wake();
                };
                return sender;
            });
            services.AddLoop<MailSender>((loop, cancel) => loop.RunAsync(cancel));
        }
    }
}
