namespace OAuthServer.Test.Architecture;

/// <summary>The house: its floors from the top down, each with its rooms.</summary>
internal static class Rooms
{
    public const string Protocol = "Protocol", Stores = "Stores";

    public static readonly string[] Features =
        ["Authorization", "Token", "Revocation", "Registration", "Discovery", "Account", "Admin", "Playground", "UserInfo"];

    public static readonly string[] WebKit = ["Html", "Http", "Observability"];

    public static readonly string[] Cli = ["Cli"];

    /// <summary>Looks at a server from outside, so it knows nothing of what is inside one.</summary>
    public static readonly string[] Outside = ["Diagnosis"];

    public static readonly string[] Domain =
    [
        "Grants", "Clients", "Users", "Factors", "Tokens", "Keys", "Limits", "Fetch", "Federation", "Trust", "Logout", "Mail", "Audit",
        "Maintenance", "Import",
    ];

    /// <summary>Shared is what the kit reads in the same way; its files lie beside both, in src/Shared.</summary>
    public static readonly string[] Ground = [Stores, Protocol, "Shared"];

    /// <summary>Cli stands beside the features and uses the domain and what is below, neither a feature nor the web kit.</summary>
    public static readonly string[][] Floors = [Features, WebKit, Cli, Outside, Domain, Ground];

    public static IEnumerable<string> All => Floors.SelectMany(floor => floor);

    /// <summary>The room of a type; null outside the server, empty for what stands above all rooms (Program, Server, Routes).</summary>
    public static string? Of(Type type)
    {
        if (type.Assembly != typeof(Server).Assembly) return null;
        return type.Namespace?.Split('.') is ["OAuthServer", var room, ..] ? room : "";
    }

    /// <summary>The highest floor is 0.</summary>
    public static int FloorOf(string room) => Array.FindIndex(Floors, floor => floor.Contains(room));

    /// <summary>Whether a room may use another by its floor.</summary>
    public static bool MayUse(string room, string other)
    {
        if (Cli.Contains(room)) return Outside.Contains(other) || Domain.Contains(other) || Ground.Contains(other);
        if (Outside.Contains(room)) return other == Protocol;
        return !Cli.Contains(other) && !Outside.Contains(other) && FloorOf(room) <= FloorOf(other);
    }
}
