using System.Text.Json;
using System.Text.Json.Serialization;

namespace OAuthServer.Import;

/// <summary>
/// One line of an import file: a JSON object whose <c>type</c> says what it is. docs/import.md describes each member. Refused: unknown
/// members, repeated ones, other types.
/// </summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "type", UnknownDerivedTypeHandling = JsonUnknownDerivedTypeHandling.FailSerialization)]
[JsonDerivedType(typeof(KeysRecord), "keys")]
[JsonDerivedType(typeof(ClientRecord), "client")]
[JsonDerivedType(typeof(UserRecord), "user")]
[JsonDerivedType(typeof(RefreshTokenRecord), "refresh_token")]
[JsonDerivedType(typeof(SessionRecord), "session")]
public abstract record ImportRecord
{
    private static readonly JsonSerializerOptions Form = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        AllowDuplicateProperties = false,
        AllowOutOfOrderMetadataProperties = true,
        RespectNullableAnnotations = true,
    };

    /// <summary>The record a line says; null with the <paramref name="problem"/>, which repeats no value.</summary>
    public static ImportRecord? Read(string line, out string problem)
    {
        problem = "";
        try
        {
            if (JsonSerializer.Deserialize<ImportRecord>(line, Form) is not { } record) problem = "null is no record";
            else if (!CanBeKept(JsonElement.Parse(line))) problem = "null in a list, or a character that PostgreSQL cannot keep";
            else return record;
        }
        catch (JsonException fault)
        {
            problem = Explain(fault);
        }
        catch (NotSupportedException)
        {
            problem = "type is missing: write keys, client, user, refresh_token or session";
        }

        return null;
    }

    /// <summary>The line that says this record.</summary>
    public string Write() => JsonSerializer.Serialize(this, Form);

    // Neither a null among values nor NUL or half a surrogate pair.
    private static bool CanBeKept(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Array => element.EnumerateArray().All(one => one.ValueKind != JsonValueKind.Null && CanBeKept(one)),
        JsonValueKind.Object => element.EnumerateObject().All(member => CanBeKept(member.Value)),
        JsonValueKind.String => !element.GetRawText().Contains("\\u0000", StringComparison.Ordinal) && IsText(element),
        _ => true,
    };

    private static bool IsText(JsonElement element)
    {
        try { return element.GetString() is not null; }
        catch (InvalidOperationException) { return false; }
    }

    // System.Text.Json names .NET types, and sometimes the value.
    private static string Explain(JsonException fault)
    {
        const string missing = "including: ", unknown = "The JSON property '";
        var text = fault.Message;
        if (text.IndexOf(missing, StringComparison.Ordinal) is > 0 and var list)
            return $"missing: {text[(list + missing.Length)..].TrimEnd('.')}";
        if (text.StartsWith(unknown, StringComparison.Ordinal) && text.Contains("could not be mapped", StringComparison.Ordinal))
            return $"unknown member {text[unknown.Length..].Split('\'')[0]}";
        if (text.Contains("type discriminator", StringComparison.Ordinal))
            return "unknown type: write keys, client, user, refresh_token or session";
        return fault.Path is { Length: > 2 } path ? $"{path[2..]} is not what it should be" : "this is no JSON object";
    }
}

/// <summary>Public keys that verify the other server's access tokens.</summary>
public sealed record KeysRecord : ImportRecord
{
    /// <summary>A JWK Set (RFC 7517 §5) without private members; keys for encryption are passed over.</summary>
    public required JsonElement Jwks { get; init; }

    /// <summary>The iss of its tokens.</summary>
    public required string Issuer { get; init; }

    /// <summary>When they are refused at last.</summary>
    public required DateTimeOffset Until { get; init; }
}

/// <summary>A client; what is left out is as for <c>clients add</c>.</summary>
public sealed record ClientRecord : ImportRecord
{
    public required string ClientId { get; init; }

    /// <summary>machine, user-facing or resource-server.</summary>
    public required string Kind { get; init; }
    public required string Name { get; init; }
    public string[] RedirectUris { get; init; } = [];
    public string[] Scopes { get; init; } = [];
    public string[] DefaultScopes { get; init; } = [];
    public string[] Resources { get; init; } = [];
    public string? DefaultResource { get; init; }
    public string[]? GrantTypes { get; init; }
    public string? AuthMethod { get; init; }
    public bool Enabled { get; init; } = true;

    /// <summary>Tokens from before it are refused; left out: a year ago.</summary>
    public DateTimeOffset? CreatedAt { get; init; }
    public int AccessTokenSeconds { get; init; } = 600;
    public int RefreshTokenSeconds { get; init; } = 2_592_000;
    public int RefreshIdleSeconds { get; init; } = 1_209_600;
    public string? Note { get; init; }

    /// <summary>At most two.</summary>
    public SecretRecord[] Secrets { get; init; } = [];
}

/// <summary>A client's secret.</summary>
public sealed record SecretRecord
{
    /// <summary>bcrypt, sha256: and 64 hexadecimal digits, PBKDF2 or Argon2id.</summary>
    public required string Hash { get; init; }
    public string Label { get; init; } = "imported";
    public DateTimeOffset? ExpiresAt { get; init; }
}

/// <summary>A person.</summary>
public sealed record UserRecord : ImportRecord
{
    /// <summary>The sub of their tokens, a UUID.</summary>
    public required Guid Subject { get; init; }
    public required string Username { get; init; }

    /// <summary>bcrypt, PBKDF2 or Argon2id.</summary>
    public required string PasswordHash { get; init; }

    /// <summary>user or admin.</summary>
    public string Role { get; init; } = "user";
    public bool Enabled { get; init; } = true;
}

/// <summary>A refresh token, by its hash.</summary>
public sealed record RefreshTokenRecord : ImportRecord
{
    /// <summary>SHA-256 of the token's text, in hexadecimal, base64 or base64url.</summary>
    public required string Sha256 { get; init; }
    public required string ClientId { get; init; }
    public required Guid Subject { get; init; }

    /// <summary>Separated by spaces.</summary>
    public required string Scope { get; init; }
    public required string[] Resources { get; init; }
    public required DateTimeOffset ExpiresAt { get; init; }
}

/// <summary>A browser session, by the hash of its cookie.</summary>
public sealed record SessionRecord : ImportRecord
{
    /// <summary>SHA-256 of the cookie's value, in hexadecimal, base64 or base64url.</summary>
    public required string Sha256 { get; init; }
    public required Guid Subject { get; init; }
    public required DateTimeOffset AuthenticatedAt { get; init; }
    public required DateTimeOffset ExpiresAt { get; init; }
}
