namespace OAuthServer.Test.Support;

/// <summary>PostgreSQL's own programs, which refuse to run as root.</summary>
public static class PostgresPrograms
{
    /// <summary>Where they are: the newest version's.</summary>
    public static string Folder { get; } = Directory.Exists("/usr/lib/postgresql")
        ? Directory.GetDirectories("/usr/lib/postgresql").OrderByDescending(path => int.Parse(Path.GetFileName(path)))
            .Select(path => Path.Combine(path, "bin")).First(path => File.Exists(Path.Combine(path, "initdb")))
        : "/usr/bin";

    private const string InAFile =
        "said=$(mktemp); \"$@\" > \"$said\" 2>&1 < /dev/null; code=$?; cat \"$said\"; rm \"$said\"; exit $code";

    /// <summary>The user they run as, where we are root.</summary>
    public const string User = "postgres";

    /// <summary>What runs a program as somebody, in front of its name.</summary>
    public static string[] As(string user) => Environment.UserName == "root"
        ? ["setpriv", "--reuid", user, "--regid", user, "--clear-groups", "env", "-C", "/", "HOME=/"] : ["env"];

    /// <summary>One of them, to its end; fails with what it said.</summary>
    public static async Task RunAsync(string user, string program, params string[] arguments)
    {
        string[] words = [.. As(user), Path.Combine(Folder, program), .. arguments];
        // What it leaves running would hold our pipes open.
        await Command.MustAsync("/", "bash", ["-c", InAFile, "run", .. words]);
    }
}
