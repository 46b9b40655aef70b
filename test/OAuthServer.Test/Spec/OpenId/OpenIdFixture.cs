using System.Text.Json;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec.OpenId;

/// <summary>Apps that sign people in, and people of whom something is known.</summary>
public abstract class OpenIdFixture : ServerFixture
{
    /// <summary>Without a resource, as web apps send it.</summary>
    protected static (string, string?)[] Asks(string scope, params (string Name, string? Value)[] more) =>
        [("resource", null), ("scope", scope), .. more];

    /// <summary>A person whose profile is filled in; the address is not verified.</summary>
    protected async Task<Person> KnownPersonAsync()
    {
        var person = await Server.UserAsync();
        await Server.ExecuteAsync(
            """
            update users set name = 'Ada Lovelace', given_name = 'Ada', family_name = 'Lovelace', locale = 'en', groups = '{staff,ops}',
                   email = username || '@example.com' where subject = @Subject
            """,
            new { person.Subject });
        return person;
    }

    protected async Task<Reply> UserInfoAsync(string token)
    {
        using var http = Server.NewHttp();
        using var message = new HttpRequestMessage(HttpMethod.Get, Paths.UserInfo);
        message.Headers.Authorization = new("Bearer", token);
        return await Reply.ReadAsync(await http.SendAsync(message));
    }

    protected async Task<JsonElement> KeyAsync(string token)
    {
        var kid = Jwt.Read(token).Header["kid"]!.ToString();
        return (await Server.GetAsync(Paths.Jwks)).Json.GetProperty("keys").EnumerateArray()
            .Single(key => key.GetProperty("kid").GetString() == kid);
    }
}
