using OAuthServer.Test.Support;

namespace OAuthServer.Test.Ship;

/// <summary>Schemas of files that others read, as npm has them; test/Ship/check-deploy.mjs applies them.</summary>
internal static class Schemas
{
    private static readonly string Folder = Path.Combine(TestDatabase.Root, "test/Ship");

    /// <summary>Installs them where they are not yet; skips the fixture where node or npm is missing.</summary>
    public static async Task InstallAsync()
    {
        Tools.Need("node");
        if (!Directory.Exists(Path.Combine(Folder, "node_modules/typescript")))
            await Command.MustAsync(Folder, Tools.Need("npm"), "ci", "--no-progress", "--ignore-scripts");
    }

    /// <summary>What the check says of a file; throws with what is wrong with it.</summary>
    public static Task<string> CheckAsync(string kind, string file) =>
        Command.MustAsync(Folder, Tools.Need("node"), "check-deploy.mjs", kind, file);
}
