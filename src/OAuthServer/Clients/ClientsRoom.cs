using OAuthServer.Protocol;

namespace OAuthServer.Clients;

/// <summary>Clients, their documents, the resources they may name.</summary>
public static class ClientsRoom
{
    extension(IServiceCollection services)
    {
        public void AddClients()
        {
            services.AddSingleton<ClientDirectory>();
            services.AddSingleton<ClientDocuments>();
            services.AddSingleton<ResourceDirectory>();
            services.AddSingleton<ClientAssertions>();
            services.AddSingleton<ExchangeRules>();
            services.AddSingleton<ClientAuthentication>();
            services.AddSingleton<ClientUse>();
            services.AddSingleton<ClientLimit>();
            services.AddLoop<ClientUse>((loop, cancel) => loop.RunAsync(cancel));
        }
    }
}
