namespace OAuthServer.Grants;

/// <summary>What a presented code or token means.</summary>
public static class GrantsRoom
{
    extension(IServiceCollection services)
    {
        public void AddGrants() => services.AddSingleton<PresentedTokens>();
    }
}
