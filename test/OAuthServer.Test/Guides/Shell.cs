using System.Diagnostics;
using Npgsql;

namespace OAuthServer.Test.Guides;

/// <summary>A shell with the program on PATH, as where it is installed, in a folder of its own.</summary>
internal sealed class Shell : IDisposable
{
    /// <param name="database">What psql, pg_dump and the program open.</param>
    public Shell(string database, params (string Name, string Value)[] environment)
    {
        var at = new NpgsqlConnectionStringBuilder(database);
        (Environment["PGHOST"], Environment["PGPORT"], Environment["PGDATABASE"]) = (at.Host!, $"{at.Port}", at.Database!);
        (Environment["PGUSER"], Environment["PGPASSWORD"]) = (at.Username!, at.Password ?? "");
        Environment["ConnectionStrings__OAuth"] = database;
        foreach (var (name, value) in environment) Environment[name] = value;
        var bin = Directory.CreateDirectory(Path.Combine(Folder, "bin")).FullName;
        var program = Path.Combine(bin, "oauth-server");
        File.WriteAllText(program, $"#!/bin/sh\nexec dotnet '{Path.Combine(AppContext.BaseDirectory, "oauth-server.dll")}' \"$@\"\n");
        if (OperatingSystem.IsLinux()) File.SetUnixFileMode(program, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        // The clients of the newest PostgreSQL, which a distribution keeps apart from PATH.
        var clients = Path.GetDirectoryName(Stores.SchemaTest.Tool());
        Environment["PATH"] = $"{bin}:{clients}:{System.Environment.GetEnvironmentVariable("PATH")}";
    }

    public Dictionary<string, string> Environment { get; } = [];

    /// <summary>Where the commands run, and what they write stays until the end.</summary>
    public string Folder { get; } = Directory.CreateTempSubdirectory("oauth-guide-").FullName;

    /// <summary>Runs the lines up to the first that fails; all that was printed.</summary>
    public async Task<string> RunAsync(string script)
    {
        using var bash = Start(script);
        var error = bash.StandardError.ReadToEndAsync();
        var output = await bash.StandardOutput.ReadToEndAsync();
        await bash.WaitForExitAsync();
        var said = output + await error;
        return bash.ExitCode == 0 ? said : throw new InvalidOperationException($"exit code {bash.ExitCode} of\n{script}\n{said}");
    }

    /// <summary>Starts the lines and does not wait.</summary>
    public Process Start(string script)
    {
        var start = new ProcessStartInfo("bash", ["-euo", "pipefail", "-c", script])
        {
            WorkingDirectory = Folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in Environment) start.Environment[name] = value;
        var process = Process.Start(start)!;
        process.StandardInput.Close();
        return process;
    }

    public void Dispose() => Directory.Delete(Folder, recursive: true);
}
