using OAuthServer.Protocol;

namespace OAuthServer.Html;

/// <summary>One of the lists of clients: those of one kind.</summary>
/// <param name="Title">In English, as the navigation says it.</param>
public sealed record ClientKind(string Kind, string Path, string Title)
{
    public static readonly IReadOnlyList<ClientKind> All =
    [
        new("machine", Paths.AdminMachines, "Machine clients"),
        new("user-facing", Paths.AdminApps, "User-facing clients"),
        new("resource-server", Paths.AdminResourceServers, "Resource servers"),
    ];

    /// <summary>The one of this kind, or null.</summary>
    public static ClientKind? Of(string? kind) => All.FirstOrDefault(one => one.Kind == kind);

    /// <summary>Where an operator adds a client of this kind.</summary>
    public string New => $"{Paths.AdminClientNew}?kind={Kind}";
}
