namespace OAuthServer.UserInfo;

/// <summary>/userinfo: what an app may know of the person who signed in.</summary>
public static class UserInfoRoom
{
    extension(IServiceCollection services)
    {
        public void AddUserInfo() => services.AddSingleton<UserInfoEndpoint>();
    }
}
