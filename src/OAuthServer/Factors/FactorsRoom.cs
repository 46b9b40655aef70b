namespace OAuthServer.Factors;

/// <summary>What proves a person beside the password: passkeys, one-time codes, recovery codes, and who must have one.</summary>
public static class FactorsRoom
{
    extension(IServiceCollection services)
    {
        public void AddFactors()
        {
            services.AddSingleton<PasskeyChallenge>();
            services.AddSingleton<Passkeys>();
            services.AddSingleton<SecondFactorRule>();
        }
    }
}
