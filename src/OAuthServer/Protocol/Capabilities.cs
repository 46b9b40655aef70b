namespace OAuthServer.Protocol;

/// <summary>The grant types and the client authentication methods of this server, each list in the order of the metadata.</summary>
public sealed record Capabilities(IReadOnlyList<GrantType> GrantTypes, IReadOnlyList<AuthMethod> AuthMethods)
{
    /// <summary>Those of this binary: what commands use, and what a server begins with (<see cref="ProtocolRoom"/>).</summary>
    public static readonly Capabilities BuiltIn = new(GrantType.All, AuthMethod.All);

    /// <summary>What a client of this kind may use.</summary>
    public IEnumerable<GrantType> GrantTypesFor(string kind) => GrantTypes.Where(type => type.IsFor(kind));

    /// <summary>How a client of this kind may authenticate, as far as it may choose.</summary>
    public IEnumerable<AuthMethod> AuthMethodsFor(string kind) => AuthMethods.Where(method => method.IsFor(kind));

    /// <summary>The same, of those that it may choose by itself.</summary>
    public IEnumerable<AuthMethod> OfferedTo(string kind) => AuthMethodsFor(kind).Where(method => method.IsOffered);

    /// <summary>What a client of this kind uses when it names none.</summary>
    public string[] DefaultGrantTypes(string kind) =>
        [.. GrantTypes.Where(type => type.DefaultFor.Contains(kind)).Select(type => type.Name)];

    /// <summary>How a client of this kind authenticates when it names nothing.</summary>
    public string DefaultAuthMethod(string kind) => AuthMethods.First(method => method.DefaultFor.Contains(kind)).Name;

    /// <summary>In a sentence: a, b or c.</summary>
    public static string OneOf(IEnumerable<string> names) => names.ToArray() switch
    {
        [] => "nothing",
        [var only] => only,
        [.. var before, var last] => $"{string.Join(", ", before)} or {last}",
    };
}
