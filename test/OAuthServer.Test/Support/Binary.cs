using System.Diagnostics;

namespace OAuthServer.Test.Support;

/// <summary>The real binary as an operator runs it, on the database of a running server.</summary>
public static class Binary
{
    public static async Task<BinaryRun> RunBinaryAsync(this TestServer server, string? input, params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "oauth-server.dll"), .. arguments])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["ConnectionStrings__OAuth"] = server.Settings.Database;
        start.Environment["OAuth__Issuer"] = server.Issuer;
        start.Environment["OAuth__KeyEncryptionKey"] = server.Settings.KeyEncryptionKey;
        start.Environment["OAuth__BcryptCost"] = "10";
        using var process = Process.Start(start)!;
        if (input is not null) await process.StandardInput.WriteAsync(input);
        process.StandardInput.Close();
        var error = process.StandardError.ReadToEndAsync();
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return new BinaryRun(process.ExitCode, output, await error);
    }
}

/// <summary>How a run ended and what it printed.</summary>
public sealed record BinaryRun(int Code, string Out, string Error);
