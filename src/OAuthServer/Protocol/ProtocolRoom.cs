namespace OAuthServer.Protocol;

/// <summary>What this server can do, as the records say that rooms above register.</summary>
public static class ProtocolRoom
{
    extension(IServiceCollection services)
    {
        public void AddProtocol()
        {
            foreach (var method in AuthMethod.All) services.AddSingleton(method);
            services.AddSingleton(provider =>
                new Capabilities([.. provider.GetServices<GrantType>()], [.. provider.GetServices<AuthMethod>()]));
        }
    }
}
