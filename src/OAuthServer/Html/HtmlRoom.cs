using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using OAuthServer.Keys;
using OAuthServer.Protocol;

namespace OAuthServer.Html;

/// <summary>What pages need: cookies, forms, and Data Protection whose keys live sealed in PostgreSQL.</summary>
public static class HtmlRoom
{
    public static void AddHtml(this IServiceCollection services, Settings settings)
    {
        services.AddSingleton<DataProtectionKeys>();
        services.AddSingleton<DataProtectionSeal>();
        services.AddDataProtection().SetApplicationName("oauth-server");
        // It would read the keys before the server listens, which machines never need; the first page reads them as well.
        services.Remove(services.Single(service => service.ImplementationType?.Name == "DataProtectionHostedService"));
        services.AddOptions<KeyManagementOptions>().Configure<DataProtectionKeys, DataProtectionSeal>((options, keys, seal) =>
        {
            options.XmlRepository = keys;
            options.XmlEncryptor = seal;
        });

        services.AddSingleton<IAntiforgeryAdditionalDataProvider, FormOwner>();
        services.AddAntiforgery(options => Forms.Configure(options, settings));
        services.AddSingleton<Assets>();
        services.AddSingleton<Cookies>();
        services.AddSingleton<Forms>();
        services.AddSingleton<SignedInGate>();
    }
}
