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
            services.AddWatching<KeyRing>("signing_keys", keys => keys.Wake());
            services.AddWatching<ImportedKeys>("imported_keys", keys => keys.Wake());
            services.AddLoop<ImportedKeys>((loop, cancel) => loop.RunAsync(cancel));
            services.AddLoop<KeyRing>((loop, cancel) => loop.RunAsync(cancel));
        }

        // Told of every edit of its table.
        private void AddWatching<T>(string table, Action<T> wake) where T : class => services.AddSingleton(provider =>
        {
            var keys = ActivatorUtilities.CreateInstance<T>(provider);
            provider.GetRequiredService<Notifications>().Changed += what =>
            {
                if (what is null || what == table) wake(keys);
            };
            return keys;
        });
    }
}
