namespace OAuthServer.Registration;

/// <summary>/register.</summary>
public static class RegistrationRoom
{
    extension(IServiceCollection services)
    {
        public void AddRegistration()
        {
            services.AddSingleton<RegistrationLimit>();
            services.AddSingleton<RegistrationRules>();
            services.AddSingleton<Registrations>();
            services.AddSingleton<RegistrationEndpoint>();
        }
    }
}
