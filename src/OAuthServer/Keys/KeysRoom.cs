using OAuthServer.Protocol;
using OAuthServer.Stores.Postgres;

namespace OAuthServer.Keys;

/// <summary>Signing keys, and the queue of slow hashes.</summary>
public static class KeysRoom
{
    extension(IServiceCollection services)
    {
        public void AddKeys()
        {
            services.AddSingleton<KeyEncryption>();
            services.AddSingleton<HashQueue>();
            services.AddSingleton(provider =>
            {
                var keys = ActivatorUtilities.CreateInstance<KeyRing>(provider);
                provider.GetRequiredService<Notifications>().Changed += what =>
                {
                    if (what is null or "signing_keys") keys.Wake();
                };
                return keys;
            });
            services.AddSingleton(provider =>
            {
                var keys = ActivatorUtilities.CreateInstance<ImportedKeys>(provider);
                provider.GetRequiredService<Notifications>().Changed += what =>
                {
                    if (what is null or "imported_keys") keys.Wake();
                };
                return keys;
            });
            services.AddLoop<ImportedKeys>((loop, cancel) => loop.RunAsync(cancel));
            services.AddLoop<KeyRing>((loop, cancel) => loop.RunAsync(cancel));
        }
    }
}
