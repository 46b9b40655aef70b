using System.Diagnostics;
using System.Text.RegularExpressions;
using FluentAssertions;
using Npgsql;
using NUnit.Framework;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Stores;

/// <summary>sql/schema.sql is what the migrations add up to, to be read in one sitting; `make spec` writes it.</summary>
public sealed partial class SchemaTest
{
    private static readonly string Page = Path.Combine(TestDatabase.Root, "sql/schema.sql");

    [Test]
    public async Task The_schema_on_paper_is_the_schema_migrated()
    {
        var dump = await DumpAsync(await TestDatabase.CloneAsync());
        if (Environment.GetEnvironmentVariable("UPDATE_SPEC") == "1") await File.WriteAllTextAsync(Page, dump);

        (await File.ReadAllTextAsync(Page)).Should().Be(dump, "`make spec` writes it");
    }

    // Without what differs by version or month: settings, comments about the dump itself, the audit log's partitions.
    internal static async Task<string> DumpAsync(string connectionString)
    {
        var database = new NpgsqlConnectionStringBuilder(connectionString);
        var start = new ProcessStartInfo(Tool(),
        [
            "--schema-only", "--no-owner", "--no-privileges", "--exclude-table=audit_events_2*",
            "-h", database.Host!, "-p", database.Port.ToString(), "-U", database.Username!, database.Database!,
        ])
        { RedirectStandardOutput = true, RedirectStandardError = true };
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        var text = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        process.ExitCode.Should().Be(0, await errors);
        return "-- What sql/migrations add up to. Written by `make spec`; edit the migrations, not this.\n\n"
               + BlankLines().Replace(Noise().Replace(text, ""), "\n\n").Trim() + "\n";
    }

    internal static string Tool() =>
        Directory.Exists("/usr/lib/postgresql")
            ? Directory.GetDirectories("/usr/lib/postgresql").Select(folder => Path.Combine(folder, "bin/pg_dump")).Where(File.Exists)
                .OrderDescending().FirstOrDefault() ?? "pg_dump"
            : "pg_dump";

    [GeneratedRegex(@"^(SET |SELECT pg_catalog|--|\\|CREATE EXTENSION|COMMENT ON EXTENSION).*\n", RegexOptions.Multiline)]
    private static partial Regex Noise();

    [GeneratedRegex(@"\n{3,}")]
    private static partial Regex BlankLines();
}
