using OAuthServer.Keys;

namespace OAuthServer.Test.Support;

/// <summary>The world every test shares: resources and scopes. Clients and people are each test's own.</summary>
public static class Cast
{
    public const string Notes = "http://localhost:9000/mcp";
    public const string Sensors = "https://sensors.example.test/";
    public const string Redirect = "https://client.example/cb";

    /// <summary>Every person's password, and its hash at the lowest cost.</summary>
    public const string Password = "correct horse battery";

    public static readonly string PasswordHash = SecretHash.Make(Password, 10);

    /// <summary>Every confidential client's secret, and its hash at the lowest cost.</summary>
    public const string Secret = "a-client-secret-of-the-tests";

    public static readonly string SecretHashed = SecretHash.Make(Secret, 10);

    internal const string Sql = """
        insert into resources (uri, name) values
            ('http://localhost:9000/mcp', 'Demo notes'),
            ('https://sensors.example.test/', 'Grid sensors'),
            ('https://closed.example.test/', 'Closed');
        update resources set enabled = false where uri = 'https://closed.example.test/';
        insert into scopes (name, resource, access, open, sensitive, optional) values
            ('notes:read', 'http://localhost:9000/mcp', 'read', true, false, true),
            ('notes:write', 'http://localhost:9000/mcp', 'write', true, false, true),
            ('notes:delete', 'http://localhost:9000/mcp', 'write', true, true, true),
            ('read_sensors', 'https://sensors.example.test/', 'read', false, false, false);
        insert into scope_texts (scope, locale, text) values
            ('notes:read', 'en', 'Read your notes'),
            ('notes:write', 'en', 'Write and change your notes'),
            ('notes:delete', 'en', 'Delete your notes'),
            ('read_sensors', 'en', 'Read the sensors of the grid');
        """;
}
