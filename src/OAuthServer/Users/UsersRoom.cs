namespace OAuthServer.Users;

/// <summary>People who sign in, and their sessions.</summary>
public static class UsersRoom
{
    extension(IServiceCollection services)
    {
        public void AddUsers()
        {
            services.AddSingleton<SignIn>();
            services.AddSingleton<Sessions>();
            services.AddSingleton<AccountLinks>();
            services.AddSingleton<BreachedPasswords>();
            services.AddSingleton<PasswordRules>();
        }
    }
}
