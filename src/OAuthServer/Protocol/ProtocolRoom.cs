namespace OAuthServer.Protocol;

/// <summary>What this server can do: the records of this binary, and any that are registered beside them.</summary>
public static class ProtocolRoom
{
    extension(IServiceCollection services)
    {
        public void AddProtocol()
        {
            foreach (var type in Capabilities.BuiltIn.GrantTypes) services.AddSingleton(type);
            foreach (var method in Capabilities.BuiltIn.AuthMethods) services.AddSingleton(method);
            services.AddSingleton(provider =>
                new Capabilities([.. provider.GetServices<GrantType>()], [.. provider.GetServices<AuthMethod>()]));
        }
    }
}
